/* A layer's page: all its pictures, sorted, filtered, in the size one likes. */
"use strict";

const layerPage = (() => {
  const SIDES = [56, 88, 128, 192, 280];
  let size = innerWidth < 700 ? 1 : 2;

  const SORTS = {index: "Number", activation: "Activation", score: "Score", gain: "Gain over noise",
                 deviations: "Gain in deviations", status: "Status"};
  const PAIR_SORTS = {index: "Number", activation: "Distance", status: "Status"};

  /* {sort, status, search} of an address "#/STEM?sort=gain". */
  function viewOf(query) {
    const parameters = new URLSearchParams(query);
    return {sort: parameters.get("sort") || "index", status: parameters.get("status") || "",
            search: parameters.get("find") || ""};
  }

  function addressOf(layer, view) {
    const parameters = new URLSearchParams();
    if (view.sort !== "index") parameters.set("sort", view.sort);
    if (view.status) parameters.set("status", view.status);
    if (view.search) parameters.set("find", view.search);
    const query = parameters.toString();
    return `#/${layer.stem}${query ? `?${query}` : ""}`;
  }

  /* What is sorted by, the largest first; NaN and null last. */
  function keysOf(pictures, sort) {
    const lists = {activation: pictures.last, score: pictures.score, gain: pictures.gain,
                   deviations: pictures.deviations, status: pictures.statuses.map((status) => -status)};
    return lists[sort] || pictures.scores[sort] || null;
  }

  /* A predicate of places for "12", "10-20" and "3,5,8-9", and for words of names. */
  function searchOf(pictures, text) {
    const parts = text.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const ranges = parts.map((part) => /^(\d+)(?:-(\d*))?$/.exec(part));
    if (!parts.length) return () => true;
    if (ranges.includes(null)) return (place) => parts.every((part) => pictures.label(place).toLowerCase().includes(part));
    return (place) => ranges.some(([, low, high]) => inRange(pictures.filters[place], Number(low), high));
  }

  function inRange(filter, low, high) {
    return high === undefined ? filter === low : filter >= low && (high === "" || filter <= Number(high));
  }

  /* The places of a view, in its order. */
  function placesOf(layer, pictures, view) {
    const fits = searchOf(pictures, view.search);
    const places = pictures.filters.map((_, place) => place).filter((place) => fits(place) &&
      (!view.status || statusName(layer, pictures.statuses[place]) === view.status));
    const keys = keysOf(pictures, view.sort);
    const value = (place) => (keys[place] === null || Number.isNaN(keys[place]) ? -Infinity : keys[place]);
    return keys ? places.sort((a, b) => value(b) - value(a) || a - b) : places;
  }

  /* What the order of a view goes by, as one reads it. */
  function valueOf(pictures, view, place) {
    return ["index", "status"].includes(view.sort) ? "" : number(keysOf(pictures, view.sort)?.[place]);
  }

  function select(label, value, options, onchange) {
    return h("label", {class: "field"}, h("span", {}, label),
      h("select", {onchange: (event) => onchange(event.target.value)},
        ...options.map(([key, text]) => h("option", {value: key, selected: key === value}, text))));
  }

  function statusOptions(layer) {
    const some = Object.entries(layer.status).filter(([, number]) => number);
    return [["", `all ${layer.count}`], ...some.map(([name, number]) => [name, `${statusWord(name)} (${number})`])];
  }

  function controls(layer, pictures, view, change, resize) {
    const sorts = [...Object.entries(atlas.compares ? PAIR_SORTS : SORTS), ...Object.keys(pictures.scores).map((name) => [name, atlas.clean(name)])];
    return h("div", {class: "controls", role: "group", "aria-label": "Order and choice of filters"},
      select("Sort", view.sort, sorts, (sort) => change({sort})),
      select("Show", view.status, statusOptions(layer), (status) => change({status})),
      h("label", {class: "field"}, h("span", {}, "Size"),
        h("input", {type: "range", min: 0, max: SIDES.length - 1, value: size,
                    oninput: (event) => resize(Number(event.target.value))})),
      h("label", {class: "search"}, h("span", {class: "unseen"}, pictures.labels ? "Search filters by number or name" : "Search filters by number"),
        h("input", {type: "search", placeholder: pictures.labels ? "Number or name" : "Filters, such as 12 or 0-63", value: view.search, autocomplete: "off",
                    oninput: (event) => change({search: event.target.value})})),
      h("output", {class: "found facts"}));
  }

  function label(layer, pictures, place) {
    const status = statusName(layer, pictures.statuses[place]);
    const told = status === "ok" ? `${atlas.compares ? "distance" : "activation"} ${number(pictures.last[place])}` : statusWord(status);
    return `Filter ${pictures.nameOfPlace(place)}, ${told}`;
  }

  function head(layer, pictures) {
    return h("header", {class: "title"}, h("h1", {tabindex: -1}, nameOf(layer.name)),
      h("p", {class: "facts"}, h("span", {}, layer.className), h("span", {}, layer.shape),
        ...Object.entries(layer.status).filter(([, number]) => number).map(([name, number]) =>
          h("span", {class: name === "ok" ? null : "odd"}, `${number} ${statusWord(name)}`)),
        atlas.compares ? null : h("a", {href: `layers/${layer.stem}.h5`, download: true}, "HDF5"),
        h("a", {href: `layers/${layer.stem}.png`}, "PNG"),
        pictures.frames ? h("a", {href: `layers/${layer.stem}.apng`}, "animation") : null));
  }

  /* The layer before or after, in the network's order, that has pictures. */
  function neighbour(layer, step) {
    const rows = graph.layout(atlas.network, atlas.layers).rows.map((row) => row.layer)
      .filter((other) => other && (other.finished || other === layer));
    return rows[rows.indexOf(layer) + step] || null;
  }

  function links(layer) {
    const link = (other, rel, arrow) => other && h("a", {href: `#/${other.stem}`, rel}, arrow[0], nameOf(other.name),
      arrow[1]);
    return h("nav", {class: "neighbours", "aria-label": "Layers before and after"},
      link(neighbour(layer, -1), "prev", ["← ", ""]), link(neighbour(layer, 1), "next", ["", " →"]));
  }

  function keysFor(layer) {
    const go = (step) => () => {
      const other = neighbour(layer, step);
      if (other) location.hash = `#/${other.stem}`;
    };
    return {Escape: () => { location.hash = "#/"; }, "[": go(-1), "]": go(1)};
  }

  /* Changing the view changes the address without a new entry in the history. */
  function render(layer, pictures, query) {
    const view = viewOf(query);
    const grid = new TileGrid({
      pictures, link: (place) => `#/${layer.stem}/${pictures.filters[place]}`,
      label: (place) => label(layer, pictures, place),
      mark: (place) => statusName(layer, pictures.statuses[place]),
      value: (place) => valueOf(pictures, view, place),
    });
    const update = () => {
      const places = placesOf(layer, pictures, view);
      grid.setPlaces(places);
      const text = places.length === layer.count ? "" : `${places.length} of ${layer.count}`;
      bar.querySelector(".found").textContent = text;
      views.set(layer.stem, {...view});
    };
    const change = (part) => {
      Object.assign(view, part);
      history.replaceState(null, "", addressOf(layer, view));
      update();
    };
    const bar = controls(layer, pictures, view, change, (to) => {
      size = to;
      grid.setSide(SIDES[size]);
    });
    grid.side = SIDES[size];
    update();
    const page = h("article", {class: "layer-page"}, head(layer, pictures), bar, grid.element, links(layer));
    return {page, title: `${layer.name}: ${atlas.modelName}`, keys: keysFor(layer), plays: pictures.frames > 0, started: () => grid.start(),
            stopped: () => grid.stop(), focusFilter: (filter) => grid.focusPlace(pictures.places.get(filter))};
  }

  const views = new Map(); /* stem -> the view last looked at: its order is that of the arrow keys on a filter's page */

  function lastPlaces(layer, pictures) {
    return placesOf(layer, pictures, views.get(layer.stem) || viewOf(""));
  }

  function lastAddress(layer) {
    return addressOf(layer, views.get(layer.stem) || viewOf(""));
  }

  return {render, neighbour, lastPlaces, lastAddress};
})();
