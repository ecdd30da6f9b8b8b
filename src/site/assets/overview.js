/* The first page: the network's layers in order, drawn as the graph that it is, each with its best pictures. */
"use strict";

const overview = (() => {
  const LANE = 16; /* pixels */
  const state = {search: "", finished: -1};
  let watcher = null;

  /* Pictures are asked for when their row comes near the window. */
  function watchRows() {
    watcher?.disconnect();
    watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        const {stem} = entry.target.dataset;
        const tiles = entry.target.querySelectorAll(".tile");
        tiles.forEach((tile, i) => sheet.showOfStrip(tile, stem, i, tiles.length));
      }
    }, {rootMargin: "600px 0px"});
  }

  function facts() {
    const {job} = atlas;
    const filters = atlas.layers.reduce((sum, layer) => sum + layer.count, 0);
    const parts = [`${count(filters, "filter")} of ${count(atlas.layers.length, "layer")}`];
    if (atlas.compares) parts.push(`left ${job.compared_a}, right ${job.compared_b}`, "the most different first");
    if (job.size) parts.push(String(job.size).replace("x", " × ") + " pixels");
    if (job.iterations) parts.push(count(job.iterations, "step"));
    if (job.recipe) parts.push(`recipe ${job.recipe}`);
    return atlas.clean(parts.join(" · "));
  }

  function progressBar() {
    const {done, total} = atlas.progress;
    if (done >= total) return null;
    const share = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} filters are rendered`;
    const finished = atlas.layers.filter((layer) => layer.finished);
    const first = finished[0] && h("a", {href: `#/${finished[0].stem}`}, nameOf(finished[0].name));
    return h("div", {class: "progress"},
      h("progress", {value: done, max: total, "aria-label": share}),
      h("p", {}, `${share}. Layers appear here as they are finished: ${finished.length} of ${atlas.layers.length} so far` +
        (first ? ", such as " : "."), first || "", first ? "." : ""));
  }

  function lines(row, lanes) {
    const x = (lane) => lane * LANE + LANE / 2;
    const to = x(row.lane);
    const paths = row.past.map((lane) => `M${x(lane)} -0.3V100.3`); /* rows overlap, lest a seam shows */
    for (const lane of row.from)
      paths.push(lane === row.lane ? `M${to} -0.3V50` : `M${x(lane)} -0.3V0C${x(lane)} 36 ${to} 14 ${to} 50`);
    if (row.outputs.length) paths.push(`M${to} 50V100.3`);
    const dot = h("span", {class: "dot"});
    dot.style.left = `${to}px`;
    const gutter = h("div", {class: "lanes", "aria-hidden": "true"},
      svg("svg", {viewBox: `0 0 ${lanes * LANE} 100`, preserveAspectRatio: "none"},
        svg("path", {d: paths.join("") || "M0 0"})), dot);
    gutter.style.width = `${lanes * LANE}px`;
    return gutter;
  }

  function strip(layer) {
    const tiles = layer.best.map((filter) => h("a", {class: "tile", href: `#/${layer.stem}/${filter}`,
      "aria-label": `${layer.name}, filter ${filter}`, title: `filter ${filter}`}));
    for (const tile of tiles) tile.style.aspectRatio = layer.tile.join(" / ");
    return h("div", {class: layer.tile[0] > 1.5 * layer.tile[1] ? "strip wide" : "strip", role: "group", "aria-label": `Strongest filters of ${layer.name}`}, ...tiles);
  }

  function oddities(layer) {
    return Object.entries(layer.status).filter(([name, number]) => name !== "ok" && number)
      .map(([name, number]) => h("span", {class: "odd"}, `${number} ${statusWord(name)}`));
  }

  function layerRow(row, lanes) {
    const {layer} = row;
    const about = h("div", {class: "about"},
      h("h2", {}, h("a", {href: `#/${layer.stem}`}, nameOf(layer.name))),
      h("p", {class: "facts"}, h("span", {}, layer.className), h("span", {}, layer.shape),
        h("span", {}, count(layer.count, "filter")), ...(layer.finished ? oddities(layer) : [])));
    const item = h("li", {class: layer.finished ? "layer" : "layer waiting", "data-stem": layer.stem,
                          "data-name": layer.rawName.toLowerCase()},
      lines(row, lanes), about,
      layer.finished ? strip(layer) : h("p", {class: "strip empty"}, "not finished yet"));
    if (layer.finished && layer.best.length) watcher.observe(item);
    return item;
  }

  function junctionRow(row, lanes) {
    return h("li", {class: "junction"}, lines(row, lanes),
      h("p", {class: "about facts"}, nameOf(row.name), h("span", {}, row.className)));
  }

  function list() {
    const {rows, lanes} = graph.layout(atlas.network, atlas.layers);
    watchRows();
    return h("ol", {class: "network", "aria-label": "Layers of the network"},
      ...rows.map((row) => (row.layer ? layerRow(row, lanes) : junctionRow(row, lanes))));
  }

  /* Hides rows whose layer does not fit the search; the lines would lead nowhere then. */
  function applySearch(page) {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of page.querySelectorAll(".network > li")) {
      const name = row.dataset.name;
      const fits = !words.length || (name !== undefined && words.every((word) => name.includes(word)));
      row.hidden = !fits;
      found += fits && name !== undefined;
    }
    page.querySelector(".network").classList.toggle("searched", words.length > 0);
    if (words.length) say(`${count(found, "layer")} found`);
    page.querySelector(".nothing").hidden = found > 0 || !words.length;
  }

  /* "mixed4/12" and "mixed4 12" lead to the filter. */
  function openSearched(text) {
    const [, name, filter] = /^\s*(\S+?)(?:[\s/#]+(\d+))?\s*$/.exec(text) || [];
    const fits = atlas.layers.filter((layer) => layer.rawName === name || layer.stem === name);
    if (fits.length) location.hash = `#/${fits[0].stem}${filter ? `/${filter}` : ""}`;
  }

  function searchField(page) {
    return h("label", {class: "search"}, h("span", {class: "unseen"}, "Search layers"),
      h("input", {type: "search", placeholder: "Layer, or layer/filter", value: state.search, autocomplete: "off",
        oninput: (event) => {
          state.search = event.target.value;
          applySearch(page);
        },
        onkeydown: (event) => event.key === "Enter" && openSearched(event.target.value)}));
  }

  function parameters() {
    const pairs = Object.entries(atlas.job).filter(([, value]) => value !== "" && value !== null);
    return h("details", {class: "parameters"}, h("summary", {}, "Parameters of the job"),
      h("dl", {}, ...pairs.flatMap(([key, value]) => [h("dt", {}, atlas.clean(key)), h("dd", {}, atlas.clean(value))])));
  }

  function render() {
    const page = h("article", {class: "overview"});
    page.append(h("header", {class: "title"},
      h("h1", {tabindex: -1}, nameOf(atlas.modelName)), h("p", {class: "facts"}, facts()), searchField(page)));
    const bar = progressBar();
    if (bar) page.append(bar);
    page.append(list(), h("p", {class: "nothing", hidden: true}, "No layer has such a name."), parameters());
    applySearch(page);
    state.finished = atlas.layers.filter((layer) => layer.finished).length;
    return {page, title: `${atlas.modelName}: atlas of filters`, keys: {}};
  }

  /* After a reload of the job: the bar alone, unless layers were finished. */
  function hasNews() {
    return atlas.layers.filter((layer) => layer.finished).length !== state.finished;
  }

  return {render, hasNews, progressBar};
})();
