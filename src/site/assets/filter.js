/* A filter's page: its picture large, its other pictures, its ascent, and how to make it again. */
"use strict";

const filterPage = (() => {
  const PICTURE = 640; /* pixels across, at most */

  /* A picture of `width` pixels; shrinks with the window. */
  function picture(pictures, place, width, label) {
    const element = h("div", {class: "picture", role: "img", "aria-label": label});
    const tile = pictures.tile(place);
    element.style.aspectRatio = `${tile.width} / ${tile.height}`;
    element.style.maxWidth = `${width}px`;
    new ResizeObserver(() => sheet.show(element, tile, element.clientWidth)).observe(element);
    return element;
  }

  function variants(layer, pictures, place) {
    if (!pictures.variants.length) return null;
    const all = [pictures, ...pictures.variants];
    const choose = (variant) => (event) => {
      const large = document.querySelector(".large");
      large.replaceChildren(picture(variant, place, PICTURE, `${variant.name || "main"} picture`));
      for (const button of event.currentTarget.parentElement.children)
        button.setAttribute("aria-pressed", String(button === event.currentTarget));
    };
    return h("section", {}, h("h2", {}, "Recipes and repeats"), h("div", {class: "variants"},
      ...all.map((variant, i) => h("button", {type: "button", "aria-pressed": String(i === 0), onclick: choose(variant)},
        picture(variant, place, 128, ""), h("span", {}, variant.name || atlas.clean(atlas.job.recipe || "main"))))));
  }

  /* "a b" as the shell takes it. */
  function quoted(word) {
    return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  }

  function larger(size) {
    return String(size).split("x").map((side) => 2 * Number(side)).join("x");
  }

  /* Twice as large, and four times as many steps. */
  function command(layer, filter) {
    const {job} = atlas;
    const words = ["convviz-mpi"];
    for (const key of ["model", "weights", "arch"]) if (job[key]) words.push(`--${key}`, job[key]);
    words.push("--layer", layer.rawName, "--filters", String(filter));
    if (job.recipe) words.push("--recipe", job.recipe);
    if (job.size) words.push("--size", larger(job.size));
    if (job.iterations) words.push("--iterations", String(4 * job.iterations));
    if (job.learning_rate !== undefined) words.push("--learning-rate", String(job.learning_rate));
    if (job.seed) words.push("--seed", String(job.seed));
    if (job.init && job.init !== "random") words.push("--init", job.init);
    words.push("--out", `${layer.stem}-${filter}`);
    return words.map((word) => quoted(String(word))).join(" ");
  }

  /* An option and its value stay in one line where there is room. */
  function wordsOf(text) {
    return text.split(/ (?=--)/).flatMap((part, i) => [i ? " " : "", h("span", {class: "option"}, part)]);
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
  }

  function again(layer, filter) {
    const text = command(layer, filter);
    const button = h("button", {type: "button", onclick: () => copy(text, button)}, "Copy");
    return h("section", {}, h("h2", {}, "Again, larger and finer"),
      h("div", {class: "command"}, h("code", {tabindex: 0, role: "group", "aria-label": "Command line"}, ...wordsOf(text)), button));
  }

  function facts(layer, pictures, place) {
    const {job} = atlas;
    const pairs = [["Status", statusWord(statusName(layer, pictures.statuses[place]))],
                   ...(atlas.compares ? [["Distance", number(pictures.last[place])]] : [
                     ["Activation", number(pictures.last[place])], ["Gain over noise", number(pictures.gain[place])]]),
                   ...Object.entries(pictures.scores).map(([name, values]) => [atlas.clean(name), number(values[place])]),
                   ...(atlas.compares ? [] : [["Steps", String(pictures.steps)], ["Image", String(job.size || "").replace("x", " × ")],
                   ["Recipe", job.recipe], ["Learning rate", number(job.learning_rate)], ["Seed", job.seed]])];
    const list = h("dl", {class: "values"});
    const add = ([key, value]) => value !== undefined && list.append(h("dt", {}, key), h("dd", {}, atlas.clean(value)));
    pairs.forEach(add);
    atlas.time(layer, pictures.filters[place]).then((time) => {
      if (time) [["Rank", String(time.rank)], ["Seconds", number(time.seconds)]].forEach(add);
    }).catch(() => {});
    return list;
  }

  function smallTile(layer, pictures, place, width, text) {
    const link = h("a", {class: "tile", href: `#/${layer.stem}/${pictures.filters[place]}`,
                         "aria-label": `Filter ${pictures.filters[place]}`},
      h("span", {class: "tile-number", "aria-hidden": "true"}, text));
    link.style.width = `${width}px`;
    link.style.height = `${(width * pictures.tileHeight) / pictures.tileWidth}px`;
    sheet.show(link, pictures.tile(place), width);
    return link;
  }

  function similar(layer, pictures, place) {
    const others = pictures.similar?.[place] || [];
    if (!others.length) return null;
    return h("section", {}, h("h2", {}, "Also excited by"),
      h("p", {class: "note"}, "The filters of this layer whose answers to all its pictures go with this one's the most."),
      h("div", {class: "row"}, ...others.map((other) =>
        smallTile(layer, pictures, other, 96, String(pictures.filters[other])))));
  }

  /* The filters beside this one, in the order last looked at. */
  function neighbours(layer, pictures, order, position) {
    const around = [-3, -2, -1, 0, 1, 2, 3].map((step) => position + step).filter((at) => at >= 0 && at < order.length);
    return h("nav", {class: "row around", "aria-label": "Filters beside it"}, ...around.map((at) => {
      const link = smallTile(layer, pictures, order[at], 64, String(pictures.filters[order[at]]));
      if (at === position) link.setAttribute("aria-current", "true");
      return link;
    }));
  }

  function keysFor(layer, pictures, order, position, filter) {
    let at = position; /* runs ahead of the page where keys come faster than pages */
    const go = (step) => () => {
      if (order[at + step] === undefined) return;
      at += step;
      location.hash = `#/${layer.stem}/${pictures.filters[order[at]]}`;
    };
    const beside = (step) => () => {
      const other = layerPage.neighbour(layer, step);
      if (other) location.hash = `#/${other.stem}/${Math.min(filter, other.count - 1)}`;
    };
    return {ArrowLeft: go(-1), ArrowRight: go(1), "[": beside(-1), "]": beside(1),
            Escape: () => { location.hash = layerPage.lastAddress(layer); }};
  }

  function render(layer, pictures, filter) {
    const place = pictures.places.get(filter);
    if (place === undefined) return null;
    let order = layerPage.lastPlaces(layer, pictures);
    if (!order.includes(place)) order = pictures.filters.map((_, i) => i);
    const position = order.indexOf(place);
    const status = statusName(layer, pictures.statuses[place]);
    const page = h("article", {class: "filter-page"},
      h("div", {class: "large"}, picture(pictures, place, PICTURE,
        `Picture that excites filter ${filter} of ${layer.name}${status === "ok" ? "" : `: ${statusWord(status)}`}`)),
      h("div", {class: "side"},
        h("header", {class: "title"}, h("h1", {tabindex: -1}, nameOf(layer.name), h("span", {class: "which"}, ` ${filter}`)),
          h("p", {class: "facts"}, h("span", {}, layer.className), h("span", {}, layer.shape))),
        neighbours(layer, pictures, order, position),
        curve.figure(pictures.curve(place), pictures.steps), facts(layer, pictures, place),
        variants(layer, pictures, place), similar(layer, pictures, place), atlas.compares ? null : again(layer, filter)));
    return {page, title: `${layer.name} ${filter}: ${atlas.modelName}`,
            keys: keysFor(layer, pictures, order, position, filter)};
  }

  return {render};
})();
