/* From the address to a page, and the keys. Addresses: "#/" the overview, "#/STEM" a layer, "#/STEM/12" a filter. */
"use strict";

(() => {
  const POLL = 10000; /* milliseconds between two looks at a job that runs */
  const main = document.getElementById("main");
  const trail = document.querySelector(".trail");
  const legend = document.getElementById("legend");
  const scrolls = new Map(); /* address -> how far it was scrolled */
  let shown = null;
  let address = null;
  let turn = 0;

  function parse(hash) {
    const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
    const [stem = "", filter] = path.split("/").map(decode);
    return {stem, filter: filter === undefined || filter === "" ? null : Number(filter), query};
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  function message(title, text) {
    return {page: h("article", {class: "message"}, h("h1", {tabindex: -1}, title), h("p", {}, text)), title,
            keys: {Escape: () => { location.hash = "#/"; }}};
  }

  /* The page of an address. */
  async function pageOf({stem, filter, query}) {
    if (!stem) return overview.render();
    const layer = atlas.layer(stem);
    if (!layer) return message("No such layer", "The atlas has no layer of that name.");
    if (!layer.finished) return {...message(layer.name, "This layer is not finished yet. It appears here when it is."), waits: true};
    const pictures = await atlas.pictures(layer).catch(() => null);
    if (!pictures) return message(layer.name, "The data of this layer could not be loaded.");
    if (filter === null) return layerPage.render(layer, pictures, query);
    return filterPage.render(layer, pictures, filter, query) ||
      message("No such filter", `${layer.name} has no picture of filter ${filter}.`);
  }

  function showTrail({stem, filter}) {
    const layer = atlas.layer(stem);
    const parts = [h("a", {href: "#/"}, layer ? nameOf(atlas.modelName) : "Atlas of filters")];
    if (layer) parts.push(h("a", {href: layerPage.lastAddress(layer)}, nameOf(layer.name)));
    if (layer && filter !== null) parts.push(h("span", {}, String(filter)));
    parts[parts.length - 1].setAttribute("aria-current", "page");
    trail.replaceChildren(h("ol", {}, ...parts.map((part) => h("li", {}, part))));
  }

  function put(next, where, before) {
    shown?.stopped?.();
    shown = next;
    document.title = next.title;
    main.replaceChildren(next.page);
    namePlay();
    showTrail(where);
    next.started?.();
    scrollTo(0, scrolls.get(location.hash) || 0);
    if (!before) return;
    if (before.stem === where.stem && before.filter !== null && where.filter === null) next.focusFilter?.(before.filter);
    else next.page.querySelector("h1")?.focus({preventScroll: true});
  }

  async function route() {
    const mine = ++turn;
    const before = address;
    const where = parse(location.hash);
    const next = await pageOf(where);
    if (mine !== turn) return; /* the reader went on */
    address = where;
    put(next, where, before);
  }

  async function random() {
    const finished = atlas.layers.filter((layer) => layer.finished);
    const total = finished.reduce((sum, layer) => sum + layer.count, 0);
    if (!total) return;
    let pick = Math.floor(Math.random() * total);
    for (const layer of finished) {
      if (pick < layer.count) {
        const pictures = await atlas.pictures(layer);
        location.hash = `#/${layer.stem}/${pictures.filters[pick]}`;
        return;
      }
      pick -= layer.count;
    }
  }

  function search(event) {
    const field = main.querySelector("input[type=search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
  }

  function toggleTheme() {
    theme.toggle();
    nameTheme();
  }

  function nameTheme() {
    document.getElementById("theme").textContent = theme.current() === "dark" ? "Light" : "Dark";
  }

  /* Of pages whose pictures have films. */
  function togglePlay() {
    if (!shown?.plays) return;
    sheet.play(!sheet.moving);
    namePlay();
  }

  function namePlay() {
    const button = document.getElementById("play");
    button.hidden = !shown?.plays;
    button.textContent = sheet.moving ? "Stop" : "Play";
    button.setAttribute("aria-pressed", String(sheet.moving));
  }

  const KEYS = {r: random, p: togglePlay, "/": search, d: toggleTheme, "?": () => legend.showModal()};

  function onKey(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || legend.open) return;
    const inField = event.target.closest("input, select, textarea");
    if (inField && event.key !== "Escape") return;
    if (inField) {
      inField.blur();
      return;
    }
    const action = shown?.keys[event.key] || KEYS[event.key.toLowerCase()];
    if (action) action(event);
  }

  /* While the job runs the overview follows it. */
  async function poll() {
    if (atlas.progress.done >= atlas.progress.total) return;
    await atlas.refresh().catch(() => {});
    setTimeout(poll, POLL);
  }

  function onJob() {
    if (address && address.stem) {
      if (shown.waits && atlas.layer(address.stem)?.finished) route();
      return;
    }
    if (!address || overview.hasNews()) {
      if (address) scrolls.set(location.hash, scrollY);
      route();
      return;
    }
    const bar = overview.progressBar();
    main.querySelector(".progress")?.replaceWith(bar || "");
  }

  atlas.onJob(onJob);
  addEventListener("hashchange", route);
  addEventListener("scroll", () => scrolls.set(location.hash, scrollY), {passive: true});
  addEventListener("keydown", onKey);
  history.scrollRestoration = "manual";
  document.getElementById("random").addEventListener("click", random);
  document.getElementById("play").addEventListener("click", togglePlay);
  document.getElementById("theme").addEventListener("click", toggleTheme);
  document.getElementById("legend-open").addEventListener("click", () => legend.showModal());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  theme.onSystemChange(nameTheme);
  nameTheme();
  setTimeout(poll, POLL);
})();
