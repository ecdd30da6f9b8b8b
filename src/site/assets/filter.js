/* A filter's page: its picture large, its other pictures, its ascent, and how to make it again. */
"use strict";

const filterPage = (() => {
  const PICTURE = 640; /* pixels across, at most */
  const ENLARGED = 4; /* times, at most: beyond it one sees pixels and not the picture */

  /* A picture of `width` pixels; shrinks with the window. */
  function picture(pictures, place, width, label) {
    const element = h("div", {class: "picture", role: "img", "aria-label": label});
    const tile = pictures.tile(place);
    if (atlas.jobOf(pictures).job.alpha) element.classList.add("clear");
    element.style.aspectRatio = `${tile.width} / ${tile.height}`;
    element.style.maxWidth = `${width}px`;
    new ResizeObserver(() => sheet.show(element, tile, element.clientWidth)).observe(element);
    return element;
  }

  /* How a list of pictures is called: by its variant's name, else by the recipe. */
  function nameOfPictures(pictures) {
    return pictures.name || (pictures.variants.some((other) => other.name === "negative") ? "positive"
      : atlas.clean(atlas.job.recipe || "main"));
  }

  function address(layer, filter, shown) {
    return `#/${layer.stem}/${filter}${shown.name ? `?variant=${encodeURIComponent(shown.name)}` : ""}`;
  }

  /* All pictures of the filter, those without one left out. */
  function variants(layer, pictures, place, shown) {
    const all = pictures.all.filter((one) => statusName(layer, one.statuses[place]) !== "missing");
    if (all.length < 2) return null;
    return h("section", {}, h("h2", {}, "Recipes, repeats and signs"), h("div", {class: "variants"},
      ...all.map((one) => h("a", {href: address(layer, pictures.filters[place], one),
                                  "aria-current": one === shown ? "true" : null},
        picture(one, place, 128, ""), h("span", {}, nameOfPictures(one)),
        h("span", {class: "facts"}, atlas.compares ? "" : number(one.score[place]))))));
  }

  function widthOf(pictures) {
    return Math.min(PICTURE, ENLARGED * pictures.tileWidth);
  }

  /* The picture, and where the filter was also climbed downwards, both beside each other. */
  function large(layer, pictures, place, shown, label) {
    const negative = pictures.variants.find((one) => one.name === "negative");
    if (!negative || (shown !== pictures && shown !== negative)) return [picture(shown, place, widthOf(shown), label)];
    return [h("div", {class: "signs"}, ...[pictures, negative].map((one) =>
      h("figure", {}, picture(one, place, PICTURE, `${label}, ${nameOfPictures(one)}`),
        h("figcaption", {}, nameOfPictures(one)))))];
  }

  /* "a b" as the shell takes it. */
  function quoted(word) {
    return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  }

  /* A name whose marks would be a pattern's or a list's, as the pattern that fits it. */
  function pattern(name) {
    return name.replace(/[*?[\],\\]/g, "?");
  }

  function larger(size) {
    return String(size).split("x").map((side) => 2 * Number(side)).join("x");
  }

  /* Twice as large, unless the file fixes the size, and four times as many steps. */
  function command(layer, filter, pictures) {
    const {job, changes} = atlas.jobOf(pictures);
    const words = ["convviz-mpi"];
    for (const key of ["model", "weights", "arch"]) if (job[key]) words.push(`--${key}`, job[key]);
    const {layer: name, objective, by_filter: byFilter} = layer.asked;
    if (name !== null) words.push("--layer", pattern(name));
    if (byFilter) words.push("--filters", String(filter));
    if (objective !== "channel") words.push("--objective", objective);
    if (job.recipe) words.push("--recipe", job.recipe);
    if (job.size) words.push("--size", layer.shape.includes(",") ? larger(job.size) : job.size);
    if (job.iterations) words.push("--iterations", String(4 * job.iterations));
    if (job.seed) words.push("--seed", String(job.seed));
    if (job.init && job.init !== "random") words.push("--init", job.init);
    for (const [name, value] of Object.entries(changes)) if (name !== "objective") words.push(`--${name}=${value}`);
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
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
  }

  function again(layer, filter, pictures) {
    const text = command(layer, filter, pictures);
    const {job} = atlas.jobOf(pictures);
    const button = h("button", {type: "button", onclick: () => copy(text, button)}, "Copy");
    return h("section", {}, h("h2", {}, "Again, larger and finer"),
      h("p", {class: "note"}, "In the folder of ", nameOf(atlas.clean(job.model || job.weights || "the model")), ":"),
      h("div", {class: "command"}, h("code", {tabindex: 0, role: "group", "aria-label": "Command line"}, ...wordsOf(text)), button));
  }

  function isOfAnotherJob(shown) {
    return atlas.jobOf(shown).job !== atlas.job;
  }

  /* "5.2 (8.1 deviations)". */
  function gainText(shown, place) {
    const deviations = shown.deviations[place];
    const text = number(shown.gain[place]);
    return deviations !== null ? `${text} (${number(Number(deviations.toPrecision(3)))} deviations)` : text;
  }

  function noiseText(shown, place) {
    return `${number(shown.noiseMean[place])} ± ${number(shown.noiseDeviation[place])}`;
  }

  function measures(shown, place) {
    if (atlas.compares) return [["Distance", number(shown.last[place])]];
    return [["Score", number(shown.score[place])], ["On random images", noiseText(shown, place)],
            ["Gain over noise", gainText(shown, place)], ["Last activation", number(shown.last[place])]];
  }

  function parametersOf(shown) {
    const {job, changes} = atlas.jobOf(shown);
    if (atlas.compares) return [];
    return [["Recipe", job.recipe], ["Image", String(job.size || "").replace("x", " × ")], ["Steps", String(shown.steps)],
            ["Learning rate", number(job.learning_rate)], ["Seed", job.seed],
            ...Object.entries(changes).filter(([name]) => name !== "learning-rate")];
  }

  function facts(layer, pictures, place, shown) {
    const pairs = [["Status", statusWord(statusName(layer, shown.statuses[place]))], ...measures(shown, place),
                   ...Object.entries(pictures.scores).map(([name, values]) => [name, number(values[place])]),
                   ...parametersOf(shown)];
    const list = h("dl", {class: "values"});
    const add = ([key, value]) => value !== undefined &&
      list.append(h("dt", {}, atlas.clean(key)), h("dd", {}, atlas.clean(value)));
    pairs.forEach(add);
    if (isOfAnotherJob(shown)) return list;
    atlas.time(layer, pictures.filters[place]).then((time) => {
      if (time) [["Rank", String(time.rank)], ["Seconds", number(time.seconds)]].forEach(add);
    }).catch(() => {});
    return list;
  }

  function smallTile(layer, pictures, place, width, text) {
    const link = h("a", {class: "tile", href: address(layer, pictures.filters[place], pictures),
                         "aria-label": `Filter ${pictures.nameOfPlace(place)}`},
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

  /* The filters beside this one, in the order last looked at, by the pictures that are shown where they have such. */
  function neighbours(layer, pictures, shown, order, position) {
    const around = [-3, -2, -1, 0, 1, 2, 3].filter((step) => order[position + step] !== undefined);
    return h("nav", {class: "row around", "aria-label": "Filters beside it"}, ...around.map((step) => {
      const place = order[position + step];
      const has = statusName(layer, shown.statuses[place]) !== "missing";
      const link = smallTile(layer, has ? shown : pictures, place, 64, String(shown.filters[place]));
      if (step === 0) link.setAttribute("aria-current", "true");
      link.classList.toggle("far", Math.abs(step) === 3);
      return link;
    }));
  }

  function keysFor(layer, pictures, order, position, filter, shown) {
    let at = position; /* runs ahead of the page where keys come faster than pages */
    const go = (step) => () => {
      if (order[at + step] === undefined) return;
      at += step;
      location.hash = address(layer, pictures.filters[order[at]], shown);
    };
    const beside = (step) => () => {
      const other = layerPage.neighbour(layer, step);
      if (other) location.hash = `#/${other.stem}/${Math.min(filter, other.count - 1)}`;
    };
    return {ArrowLeft: go(-1), ArrowRight: go(1), "[": beside(-1), "]": beside(1),
            Escape: () => { location.hash = layerPage.lastAddress(layer); }};
  }

  function head(layer, filter, label) {
    return h("header", {class: "title"},
      h("h1", {tabindex: -1}, nameOf(layer.name), h("span", {class: "which"}, ` ${filter}`)),
      label ? h("p", {class: "label"}, nameOf(label)) : null,
      h("p", {class: "facts"}, h("span", {}, layer.className), h("span", {}, layer.shape)));
  }

  function render(layer, pictures, filter, query) {
    const place = pictures.places.get(filter);
    if (place === undefined) return null;
    const wanted = new URLSearchParams(query).get("variant");
    const shown = pictures.variants.find((one) => one.name === wanted) || pictures;
    let order = layerPage.lastPlaces(layer, pictures);
    if (!order.includes(place)) order = pictures.filters.map((_, i) => i);
    const position = order.indexOf(place);
    const status = statusName(layer, shown.statuses[place]);
    const label = `Picture that excites filter ${pictures.nameOfPlace(place)} of ${layer.name}` +
      `${shown.name ? `, ${shown.name}` : ""}${status === "ok" ? "" : `: ${statusWord(status)}`}`;
    const page = h("article", {class: "filter-page"},
      h("div", {class: "large"}, ...large(layer, pictures, place, shown, label)),
      h("div", {class: "side"}, head(layer, filter, pictures.label(place)),
        neighbours(layer, pictures, shown, order, position), curve.figure(shown.curve(place), shown.steps),
        facts(layer, pictures, place, shown), variants(layer, pictures, place, shown), similar(layer, pictures, place),
        atlas.compares ? null : again(layer, filter, shown)));
    page.style.setProperty("--picture", `${widthOf(shown)}px`);
    return {page, title: `${layer.name} ${filter}: ${atlas.modelName}`,
            plays: pictures.all.some((one) => one.frames > 0),
            keys: keysFor(layer, pictures, order, position, filter, shown)};
  }

  return {render};
})();
