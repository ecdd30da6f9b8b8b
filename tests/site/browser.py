"""The atlas in a real Chromium, opened from disk: what it shows, how it is walked, how fast, and how accessible it is.

Usage: browser.py --make convviz-make-atlas --work DIR [--python PYTHON with axe-core-python]
Screenshots are left in DIR/screenshots. A line per check; exit code 1 if one failed.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    print("skipped: no python3-selenium")
    sys.exit(0)

parser = argparse.ArgumentParser()
parser.add_argument("--make", required=True)
parser.add_argument("--work", required=True)
parser.add_argument("--python", default="")
arguments = parser.parse_args()
WORK = pathlib.Path(arguments.work).resolve()
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    print("skipped: no chromium with chromedriver")
    sys.exit(0)

failures = 0


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"), flush=True)
    return bool(holds)


def make(name, *sizes):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([arguments.make, str(folder), *map(str, sizes)], check=True)
    return folder


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

    def __init__(self, folder, width=1280, height=850, scheme="light"):
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

    def wait(self, name, expression, seconds=20):
        """Checks that an expression comes true."""
        limit = time.monotonic() + seconds
        while not self.script(f"return {expression}"):
            if time.monotonic() > limit:
                return check(name, False, self.driver.current_url)
            time.sleep(0.02)
        return check(name, True)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def at(self):
        return self.driver.current_url.partition("#")[2]

    def complaints(self):
        return [line["message"] for line in self.driver.get_log("browser")]

    def shoot(self, name):
        target = WORK / "screenshots" / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        time.sleep(0.3)
        self.driver.save_screenshot(str(target))


def layers_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["layers"]


def stem(layer):
    return layer["data"][len("layers/"):-len(".h5")]


def every_page(folder):
    """Each layer's page and a filter of it, hostile names among them."""
    with Browser(folder) as b:
        layers = layers_of(folder)
        b.open()
        check("the overview has every layer", len(b.all(".layer")) == len(layers), len(b.all(".layer")))
        check("and the places where lines meet", len(b.all(".junction")) > len(layers) / 5, len(b.all(".junction")))
        shown = [element.get_attribute("textContent") for element in b.all(".layer h2")]
        check("a name that is markup is shown as text", "</script><img src=x onerror=document.title='broken'>" in shown,
              shown[:8])
        for layer in layers[:7] + layers[-1:]:
            b.open(stem(layer), ".grid .tile")
            title = b.until("h1").get_attribute("textContent")
            check(f"{stem(layer)}: its page", title == layer["name"] or "\ufffd" in title, title)
            b.open(f"{stem(layer)}/1", ".picture")
            check(f"{stem(layer)}: a filter's page", b.until(".which").text.strip() == "1")
        for place, words in (("nowhere", "No such layer"), (f"{stem(layers[0])}/99999", "No such filter"),
                             ("%ff%", "No such layer"), ("../x", "No such layer")):
            b.open(place, ".message")
            check(f"#/{place} is told of", words in b.until(".message").text, b.until(".message").text)
        check("nothing in a name was run", "broken" not in b.driver.title and not b.all("img"), b.driver.title)
        b.open("", "details summary").click()
        check("parameters are shown as text", "made <b>up</b>.h5" in b.until(".parameters dl").text)
        check("no page has anything to say on the console", not b.complaints(), b.complaints())


def grid(folder):
    with Browser(folder) as b:
        layer = max(layers_of(folder), key=lambda one: one["filters"])
        b.open(stem(layer), ".grid .tile")
        numbers = lambda: [int(tile.get_attribute("textContent")) for tile in b.all(".grid .tile")]
        check("few of many tiles exist", 10 < len(numbers()) < 250 < layer["filters"], len(numbers()))
        check("in the order of their numbers", sorted(numbers()) == list(range(len(numbers()))))
        b.script("scrollTo(0, document.body.scrollHeight)")
        b.wait("scrolled down, the last one is there",
               f"[...document.querySelectorAll('.grid .tile-number')].some(x => x.textContent == {layer['filters'] - 1})")
        check("and the first is not", 0 not in numbers())
        b.script("scrollTo(0, 0)")
        sort = b.until(".controls select")
        first = "[...document.querySelectorAll('.cell')].find(x => x.getAttribute('aria-posinset') == 1).textContent"
        Select(sort).select_by_value("activation")
        b.wait("sorted by activation the best is first", f"{first} == {layer['best'][0]}")
        check("the address says so", "?sort=activation" in b.at(), b.at())
        b.open(f"{stem(layer)}?sort=activation", ".grid .tile")
        b.wait("and leads there again", f"{first} == {layer['best'][0]}")
        Select(b.all(".controls select")[1]).select_by_value("dead")
        b.wait("only dead filters are shown", "document.querySelectorAll('.grid .tile:not(.dead)').length == 0")
        check("and how many is told", b.until(".found").text == f"{layer['status']['dead']} of {layer['filters']}")
        Select(b.all(".controls select")[1]).select_by_value("")
        b.until(".controls input[type=search]").send_keys("7-9, 20")
        b.wait("searched by number", "document.querySelectorAll('.grid .tile').length == 4")
        b.until(".controls input[type=search]").send_keys("x")
        b.wait("what is no number finds nothing", "document.querySelectorAll('.grid .tile').length == 0")
        b.open(stem(layer), ".grid .tile")
        width = b.until(".grid .tile").size["width"]
        b.until("input[type=range]").send_keys(Keys.END)
        b.wait("the tiles grow", f"document.querySelector('.grid .tile').clientWidth > {1.5 * width}")
        check("no complaint on the console", not b.complaints(), b.complaints())


def walk(folder):
    """By click and by key."""
    with Browser(folder) as b:
        layers = layers_of(folder)
        home = next(layer for layer in layers if layer["name"].startswith("block1/"))
        name = stem(home)
        b.open()
        b.until(f".layer[data-stem='{name}'] h2 a").click()
        b.until(".grid .tile")
        check("a click on a layer opens it", b.at() == f"/{name}", b.at())
        next(tile for tile in b.all(".grid .tile") if tile.get_attribute("textContent") == "3").click()
        b.until(".filter-page")
        check("a click on a tile opens it", b.at() == f"/{name}/3", b.at())
        b.press(Keys.ARROW_RIGHT)
        b.wait("right leads to the next", "document.querySelector('.which').textContent.trim() == '4'")
        b.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
        b.wait("left to the one before", "document.querySelector('.which').textContent.trim() == '2'")
        b.driver.back()
        b.wait("back is back", "document.querySelector('.which')?.textContent.trim() == '3'")
        b.press(Keys.ESCAPE)
        b.until(".grid .tile")
        b.wait("Escape leads up, to the tile that one came from", "document.activeElement.textContent == '3'")
        b.press(Keys.ARROW_DOWN)
        columns = int(b.script("return document.activeElement.textContent")) - 3
        check("down goes one row down in the grid", columns > 2, columns)
        b.press(Keys.ARROW_UP, Keys.ARROW_LEFT, Keys.HOME)
        b.wait("Home goes to the first", "document.activeElement.textContent == '0'")
        b.press(Keys.END)
        b.wait("End to the last, wherever it was", f"document.activeElement.textContent == '{home['filters'] - 1}'")
        b.press(Keys.ENTER)
        b.wait("Enter opens", f"location.hash == '#/{name}/{home['filters'] - 1}'")
        b.until(".filter-page")
        b.press("]")
        b.wait("] leads to another layer", f"!location.hash.startsWith('#/{name}/')")
        b.press("[")
        b.wait("[ leads back", f"location.hash.startsWith('#/{name}/')")
        before = b.at()
        b.press("r")
        b.wait("R leads to some filter", f"location.hash.split('/').length == 3 && location.hash != '#{before}'")
        b.press(Keys.ESCAPE)
        b.until(".grid")
        b.press("?")
        b.wait("? opens the legend", "document.getElementById('legend').open")
        b.press(Keys.ESCAPE)
        b.wait("Escape closes it, and no more", "!document.getElementById('legend').open && document.querySelector('.grid')")
        b.press("/")
        b.wait("/ goes to the search", "document.activeElement.type == 'search'")
        b.press(Keys.ESCAPE)
        b.press("d")
        b.wait("D makes it dark", "document.documentElement.dataset.theme == 'dark'")
        b.open()
        check("which is remembered", b.script("return document.documentElement.dataset.theme") == "dark")
        b.press("/")
        b.press("block1/conv2")
        b.wait("the overview is searched", "document.querySelectorAll('.layer:not([hidden])').length == 1")
        b.press("/5", Keys.ENTER)
        b.wait("layer/filter leads there", "location.hash.endsWith('conv2/5') || document.querySelector('.filter-page')")
        check("no complaint on the console", not b.complaints(), b.complaints())


def filter_page(folder):
    with Browser(folder) as b:
        layer = layers_of(folder)[0]
        b.open(f"{stem(layer)}/2", ".filter-page")
        b.wait("rank and seconds come after", "/Seconds\\s*2.25/.test(document.querySelector('.values').innerText)")
        facts = b.until(".values").text
        check("parameters are told", all(word in facts for word in ("Learning rate", "100 × 100", "Steps", "keras")), facts)
        check("the loss is plotted", "Activation by step" in b.until("svg.curve").get_attribute("aria-label"))
        command = b.until(".command code").text
        check("the command renders it larger", all(word in command for word in (
            "--size 200x200", "--iterations 120", "--filters 2", "--layer '</script>")), command)
        check("a quote in a name is one for the shell", "'\\''" in command, command)
        b.open(f"{stem(layer)}/5", ".filter-page")
        check("a dead filter says so", "dead" in b.until(".picture").get_attribute("aria-label"))
        check("and has no plot", not b.all("svg.curve"))
        check("no complaint on the console", not b.complaints(), b.complaints())


def with_variants(folder):
    """Further recipes and similar filters, which a layer's script may have."""
    layer = layers_of(folder)[-1]
    path = folder / f"site/layers/{stem(layer)}.js"
    text = path.read_text()
    body = text[text.index(",") + 1:-3]
    raw = json.loads(body)
    variant = {key: raw[key] for key in ("steps", "tile", "margin", "per_sheet", "sheets", "statuses", "first", "last",
                                         "low", "high", "curves")}
    raw["variants"] = [{**variant, "name": "fourier <i>"}, {**variant, "name": "negative"}]
    raw["similar"] = [[(place + 1) % layer["filters"], 0] for place in range(layer["filters"])]
    raw["scores"] = {"sharpness": [-place for place in range(layer["filters"])]}
    path.write_text(f'atlas.addLayer("{stem(layer)}",{json.dumps(raw)});\n')
    with Browser(folder) as b:
        b.open(f"{stem(layer)}/3", ".variants")
        names = [button.text for button in b.all(".variants button")]
        check("all recipes stand side by side", names == ["keras", "fourier <i>", "negative"], names)
        b.all(".variants button")[1].click()
        b.wait("one can be looked at", "document.querySelector('.large .picture').getAttribute('aria-label')"
                                       " == 'fourier <i> picture'")
        check("similar filters are named", b.script("return [...document.querySelectorAll('section .row .tile')]"
                                                    ".map(x => x.textContent)") == ["4", "0"])
        check("a score is told", "sharpness" in b.until(".values").text)
        b.open(f"{stem(layer)}?sort=sharpness", ".grid .tile")
        check("and sorted by", b.until(".controls select").get_attribute("value") == "sharpness")
        check("no complaint on the console", not b.complaints(), b.complaints())
    path.write_text(text)


def live(folder):
    """A job that runs: some layers are not there yet, then they are."""
    path = folder / "site/job.js"
    whole = path.read_text()
    start = whole.index("},") + 2
    manifest = json.loads(whole[start:-3])
    for layer in manifest["layers"][4:]:
        layer.update(status={key: 0 for key in layer["status"]}, best=[], best_loss=None)
    path.write_text(f'atlas.setJob({{"done":7,"total":99}},{json.dumps(manifest)});\n')
    with Browser(folder) as b:
        b.open("", "progress")
        check("progress is shown", "7 of 99 filters" in b.until(".progress").text, b.until(".progress").text)
        check("finished layers are there, others are told of",
              (len(b.all(".layer:not(.waiting)")), len(b.all(".waiting"))) == (4, len(manifest["layers"]) - 4))
        b.shoot("running")
        waiting = stem(manifest["layers"][5])
        b.open(waiting, ".message")
        check("the page of one says so", "not finished" in b.until(".message").text)
        b.open("", "progress")
        path.write_text(whole)
        b.wait("the page follows the job", "!document.querySelector('.waiting') && !document.querySelector('progress')", 40)
        check("no complaint on the console", not b.complaints(), b.complaints())
    path.write_text(whole)


def looks(folder):
    """Both colour schemes and a phone: nothing is wider than the window."""
    layer = layers_of(folder)[-1]
    for name, width, scheme in (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light"),
                                ("phone-dark", 390, "dark")):
        with Browser(folder, width, 850, scheme) as b:
            for page, place in (("overview", ""), ("layer", stem(layer)), ("filter", f"{stem(layer)}/3")):
                b.open(place)
                b.until(".tile")
                b.shoot(f"{page}-{name}")
                wide = b.script("return document.documentElement.scrollWidth")
                check(f"{page}, {name}: as wide as the window", wide <= width, wide)
                light = b.script("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
                check(f"{page}, {name}: {scheme}", (light > 200) == (scheme == "light"), light)


def accessible(folder):
    """axe-core, on every kind of page in both schemes."""
    axe = subprocess.run([arguments.python, "-c", "import axe_core_python, pathlib; print(pathlib.Path("
                          "axe_core_python.__file__).parent / 'axe.min.js')"], capture_output=True, text=True) \
        if arguments.python else None
    if not axe or axe.returncode:
        print("skip  accessibility: axe-core-python is not there")
        return
    source = pathlib.Path(axe.stdout.strip()).read_text(encoding="utf-8")
    layer = layers_of(folder)[-1]
    for scheme in ("light", "dark"):
        with Browser(folder, scheme=scheme) as b:
            for place in ("", stem(layer), f"{stem(layer)}/3", "legend"):
                b.open("" if place == "legend" else place)
                b.until(".tile")
                if place == "legend":
                    b.press("?")
                b.command("Runtime.evaluate", expression=source)
                found = b.driver.execute_async_script("axe.run().then(arguments[0])")["violations"]
                serious = [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}" for one in found]
                check(f"axe finds nothing on #/{place}, {scheme}", not serious, serious)


def best(measure, good, tries=3):
    """The machine may be busy: the best of a few."""
    values = []
    while len(values) < tries and not (values and good(min(values))):
        values.append(measure())
    return min(values)


def first_page(b):
    b.open("", ".layer .tile")
    return b.script("const p = performance.getEntriesByType('navigation')[0];"
                    "return Math.max(p.loadEventEnd, performance.getEntriesByName('first-contentful-paint')[0].startTime)")


def scroll_through(b, place):
    """The longest task, in milliseconds, while a layer is scrolled from one end to the other."""
    b.open(place, ".grid .tile")
    b.script("""window.tasks = [];
                new PerformanceObserver((list) => list.getEntries().forEach((task) => window.tasks.push(task.duration)))
                  .observe({type: "longtask"});""")
    height = b.script("return document.body.scrollHeight")
    b.command("Input.synthesizeScrollGesture", x=600, y=500, yDistance=-height, speed=6000)
    b.command("Input.synthesizeScrollGesture", x=600, y=400, yDistance=height, speed=12000)
    return max(b.script("return window.tasks") or [0])


def at_scale():
    folder = make("scale", 160, 30000, 2048, 48)
    widest = max(layers_of(folder), key=lambda one: one["filters"])
    count = sum(layer["filters"] for layer in layers_of(folder))
    check("30,000 filters in 160 layers, one of 2,048", (count, len(layers_of(folder)), widest["filters"]) ==
          (30000, 160, 2048), (count, widest["filters"]))
    size = lambda paths: sum(path.stat().st_size for path in paths)
    pictures = size(folder.glob("layers/*.png"))
    site = size(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".h5")
    check(f"without the HDF5 data the folder has {site / pictures:.3f} x the bytes of its pictures", site < 1.3 * pictures)
    with Browser(folder) as b:
        milliseconds = best(lambda: first_page(b), lambda value: value < 1000)
        check(f"the first page is there after {milliseconds:.0f} ms", milliseconds < 1000)
        check("and whole", len(b.all(".layer")) == 160)
        longest = best(lambda: scroll_through(b, stem(widest)), lambda value: value < 200)
        check(f"scrolling through 2,048 tiles the longest task takes {longest:.0f} ms", longest < 200)
        check("most tiles do not exist", len(b.all(".grid .tile")) < 400, len(b.all(".grid .tile")))
        check("no complaint on the console", not b.complaints(), b.complaints())
    shutil.rmtree(folder)


small = make("small", 22, 2600, 700, 64)
driver = start()
try:
    for part in (every_page, grid, walk, filter_page, with_variants, live, looks, accessible):
        part(small)
    at_scale()
finally:
    driver.quit()
print(f"{failures} failures")
sys.exit(bool(failures))
