"""A window of a real Chromium on an atlas, for browser.py."""
import pathlib
import shutil
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def start():
    options = Options()
    options.binary_location = CHROMIUM
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--window-size=1280,850"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(120)
    return driver


class Browser:
    """The window, on one atlas, with an empty memory."""

    def __init__(self, driver, folder, width=1280, height=850, scheme="light"):
        self.driver, self.folder = driver, folder
        self.driver.get((folder / "index.html").as_uri())
        self.script("localStorage.clear()")
        self.complaints()
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.get("about:blank")

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, place="", wait="h1"):
        """A page by its address, from anew."""
        self.driver.get("about:blank")
        self.driver.get(f"{(self.folder / 'index.html').as_uri()}#/{place}")
        return self.until(wait)

    def script(self, text, *values):
        return self.driver.execute_script(text, *values)

    def until(self, selector, seconds=20):
        """The first element that fits, once it is there."""
        limit = time.monotonic() + seconds
        while True:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            if found:
                return found[0]
            if time.monotonic() > limit:
                raise AssertionError(f"no {selector} on {self.driver.current_url}")
            time.sleep(0.02)

    def becomes(self, expression, seconds=20):
        """Whether an expression comes true."""
        limit = time.monotonic() + seconds
        while not self.script(f"return {expression}"):
            if time.monotonic() > limit:
                return False
            time.sleep(0.02)
        return True

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()  # to whatever has the focus just then

    def at(self):
        return self.driver.current_url.partition("#")[2]

    def complaints(self):
        return [line["message"] for line in self.driver.get_log("browser")]

    def shoot(self, target):
        pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
        time.sleep(0.3)
        self.driver.save_screenshot(str(target))
