/* Light or dark: as the system says, until the reader chooses. Runs before the page is drawn, so that it does not flash. */
"use strict";

const theme = (() => {
  const system = matchMedia("(prefers-color-scheme: dark)");

  /* Some browsers give pages from disk no storage. */
  function remembered() {
    try {
      return localStorage.getItem("convviz-theme");
    } catch {
      return null;
    }
  }

  function remember(name) {
    try {
      localStorage.setItem("convviz-theme", name);
    } catch {
      /* it then lasts as long as the page */
    }
  }

  function current() {
    return document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
  }

  function toggle() {
    const name = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = name;
    remember(name);
  }

  const chosen = remembered();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  return {current, toggle, onSystemChange: (listener) => system.addEventListener("change", listener)};
})();
