/* What the job left. A page that was opened from disk may not read files, but it may run scripts: site/job.js,
 * site/layers/STEM.js and site/times.js call setJob, addLayer and addTime. */
"use strict";

const atlas = (() => {
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const LEVELS = 4095;
  const LAYER_FILE = /^layers\/([A-Za-z0-9._-]+)\.h5$/;

  const loaded = new Map(); /* stem -> Pictures */
  const times = new Map(); /* stem -> Map of filter -> {rank, seconds} */
  const pending = new Map(); /* address -> Promise */
  const listeners = [];
  let manifest = {job: {}, layers: [], network: []};
  let progress = {done: 0, total: 0};
  let byStem = new Map();

  /* Control characters and marks that turn the direction of writing have no business in a name. */
  function clean(text) {
    return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
  }

  /* A layer of the manifest, or null if its file is not one of the folder. */
  function readLayer(raw, index) {
    const match = LAYER_FILE.exec(raw.data);
    if (!match || match[1].startsWith(".")) return null;
    const ended = Object.values(raw.status).reduce((sum, count) => sum + count, 0);
    return {
      index, stem: match[1], asked: raw.asked, rawName: raw.name, name: clean(raw.name), className: clean(raw.class),
      shape: clean(raw.shape), tile: raw.tile, count: raw.filters, status: raw.status, best: raw.best || [], bestLoss: raw.best_loss,
      finished: ended === raw.filters,
    };
  }

  function setJob(newProgress, newManifest) {
    progress = newProgress;
    manifest = {...newManifest, layers: newManifest.layers.map(readLayer).filter(Boolean)};
    byStem = new Map(manifest.layers.map((layer) => [layer.stem, layer]));
    for (const listener of listeners) listener();
  }

  const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
  const minus = (a, b) => (known(a) && known(b) ? a - b : null);
  const over = (a, b) => (known(a) && b > 0 ? a / b : null);

  /* Means and deviations on random images: another job's own, else those of the main pictures; a picture that lowers the
   * activation is scored by its negative. */
  function noiseOf(raw, main, name) {
    if (raw.noise_mean) return [raw.noise_mean, raw.noise_deviation];
    const lowers = /^negative(_repeat_\d+)?$/.test(name);
    return [main.noiseMean.map((mean) => (lowers ? minus(0, mean) : mean)), main.noiseDeviation];
  }

  /* The parameters that made pictures (Pictures), and in what they differ from the recipe's. */
  function jobOf(pictures) {
    const variant = (manifest.variants || {})[pictures.name];
    return variant ? {job: variant.job, changes: variant.changes} : {job: manifest.job, changes: manifest.changes || {}};
  }

  /* One picture for each filter, in sheets: the main ones of a layer, or a variant's. */
  class Pictures {
    constructor(raw, main) {
      const filters = main ? main.filters : raw.filters;
      this.filters = filters;
      this.labels = main ? main.labels : raw.labels ? raw.labels.map(clean) : null;
      this.places = new Map(filters.map((filter, place) => [filter, place]));
      this.steps = raw.steps;
      this.tileWidth = raw.tile[0];
      this.tileHeight = raw.tile[1];
      this.margin = raw.margin;
      this.perSheet = raw.per_sheet;
      this.sheets = raw.sheets.filter((name) => /^[A-Za-z0-9_-][A-Za-z0-9._+@-]*\.png$/.test(name));
      this.frames = raw.frames || 0;
      this.statuses = Array.from(raw.statuses, Number);
      this.first = raw.first;
      this.last = raw.last;
      this.score = raw.score || [];
      this.name = raw.name ? clean(raw.name) : "";
      [this.noiseMean, this.noiseDeviation] = noiseOf(raw, main, this.name);
      this.gain = filters.map((_, i) => minus(this.score[i], this.noiseMean[i]));
      this.deviations = this.gain.map((gain, i) => over(gain, this.noiseDeviation[i]));
      this.low = raw.low;
      this.high = raw.high;
      this.curves = raw.curves;
      this.scores = raw.scores || {};
      this.similar = raw.similar || null;
      this.variants = (raw.variants || []).map((variant) => new Pictures(variant, this));
    }

    /* These pictures and those of other repeats, signs and recipes. */
    get all() {
      return [this, ...this.variants];
    }

    label(place) {
      return this.labels?.[place] || "";
    }

    /* "12", or "12 zebra". */
    nameOfPlace(place) {
      const label = this.label(place);
      return `${this.filters[place]}${label ? ` ${label}` : ""}`;
    }

    get count() {
      return this.filters.length;
    }

    /* Where the picture of a place lies: address and size of its sheet, of the sheet's animation if there is one, and its
     * corner there, in pixels. */
    tile(place) {
      const sheet = Math.floor(place / this.perSheet);
      const inSheet = place - sheet * this.perSheet;
      const tiles = Math.min(this.perSheet, this.count - sheet * this.perSheet);
      const columns = Math.ceil(Math.sqrt(tiles));
      const rows = Math.ceil(tiles / columns);
      const stepX = this.tileWidth + this.margin;
      const stepY = this.tileHeight + this.margin;
      return {
        url: `layers/${this.sheets[sheet]}`,
        film: this.frames ? `layers/${this.sheets[sheet].replace(/png$/, "apng")}` : null,
        x: (inSheet % columns) * stepX, y: Math.floor(inSheet / columns) * stepY,
        width: this.tileWidth, height: this.tileHeight,
        sheetWidth: columns * stepX - this.margin, sheetHeight: rows * stepY - this.margin,
      };
    }

    /* [{step, loss}] of a place, as far as it went. */
    curve(place) {
      const code = this.curves[place];
      const points = Math.min(this.steps, 48);
      const low = this.low[place];
      const range = this.high[place] - low;
      const curve = [];
      for (let i = 0; 2 * i + 1 < code.length; i++) {
        const level = DIGITS.indexOf(code[2 * i]) * 64 + DIGITS.indexOf(code[2 * i + 1]);
        const step = points < 2 ? 0 : Math.floor((i * (this.steps - 1)) / (points - 1));
        curve.push({step, loss: low + (range * level) / LEVELS});
      }
      return curve;
    }
  }

  function addLayer(stem, raw) {
    loaded.set(stem, new Pictures(raw, null));
  }

  function addTime(stem, filter, rank, seconds) {
    if (!times.has(stem)) times.set(stem, new Map());
    times.get(stem).set(filter, {rank, seconds});
  }

  /* Runs a script of the folder. */
  function run(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => {
        script.remove();
        resolve();
      };
      script.onerror = () => {
        script.remove();
        reject(new Error(`${address} could not be loaded`));
      };
      document.head.append(script);
    });
  }

  function runOnce(address) {
    if (!pending.has(address)) pending.set(address, run(address));
    return pending.get(address).catch((error) => {
      pending.delete(address); /* it may come, while the job runs */
      throw error;
    });
  }

  /* The Pictures of a finished layer. */
  async function pictures(layer) {
    if (!loaded.has(layer.stem)) await runOnce(`site/layers/${layer.stem}.js`);
    return loaded.get(layer.stem);
  }

  async function time(layer, filter) {
    await runOnce("site/times.js");
    return times.get(layer.stem)?.get(filter) || null;
  }

  /* Looks again how far the job is. */
  function refresh() {
    return run(`site/job.js?${Date.now()}`);
  }

  return {
    setJob, addLayer, addTime, pictures, time, refresh, clean, jobOf,
    onJob: (listener) => listeners.push(listener),
    loadedPictures: (layer) => loaded.get(layer.stem),
    layer: (stem) => byStem.get(stem),
    get layers() { return manifest.layers; },
    get network() { return manifest.network || []; },
    get job() { return manifest.job; },
    get progress() { return progress; },
    /* Of pairs (--diff): what is called activation elsewhere is how far the two are apart. */
    get compares() { return manifest.job.compared_a !== undefined; },
    get modelName() {
      const {model_name: name, arch, model, weights} = manifest.job;
      return clean(name || arch || model || weights || "a network");
    },
  };
})();
