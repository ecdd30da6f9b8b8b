/* A grid of tiles of which only those near the window exist, however many there are. */
"use strict";

class TileGrid {
  /* pictures: of the layer; link(place): address of a tile; label(place): what a screen reader says;
   * mark(place): class of tiles that are not as usual, or ""; value(place): what is told beside the number, or "". */
  constructor({pictures, link, label, mark, value}) {
    this.pictures = pictures;
    this.link = link;
    this.label = label;
    this.mark = mark;
    this.value = value;
    this.places = [];
    this.side = 120;
    this.shown = new Map(); /* position -> element */
    this.current = 0; /* position that the tab key reaches */
    this.element = h("div", {class: "grid", role: "list", "aria-label": "Filters", onkeydown: (e) => this.onKey(e)});
    this.onScroll = () => this.scheduleDraw();
    this.frame = 0;
  }

  /* To be called once the element is in the page. */
  start() {
    addEventListener("scroll", this.onScroll, {passive: true});
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(this.element);
    this.layOut();
  }

  stop() {
    removeEventListener("scroll", this.onScroll);
    this.observer?.disconnect();
    cancelAnimationFrame(this.frame);
  }

  setPlaces(places) {
    this.places = places;
    this.current = 0;
    this.clear();
    this.layOut();
  }

  setSide(side) {
    this.side = side;
    this.clear();
    this.layOut();
  }

  clear() {
    for (const element of this.shown.values()) element.remove();
    this.shown.clear();
  }

  layOut() {
    const width = this.element.clientWidth;
    if (!width) return;
    const gap = this.side < 72 ? 2 : 4;
    const columns = Math.max(1, Math.floor((width + gap) / (this.side + gap)));
    const side = (width - (columns - 1) * gap) / columns; /* fills the row */
    const height = (side * this.pictures.tileHeight) / this.pictures.tileWidth;
    if (columns !== this.columns || side !== this.tileSide) this.clear();
    Object.assign(this, {columns, gap, tileSide: side, rowHeight: height + gap, tileHeight: height});
    const rows = Math.ceil(this.places.length / columns);
    this.element.style.height = `${Math.max(0, rows * this.rowHeight - gap)}px`;
    this.draw();
  }

  scheduleDraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /* Makes the tiles within a window's height of the window, and drops the others. */
  draw() {
    const top = this.element.getBoundingClientRect().top;
    const slack = innerHeight / 2;
    const firstRow = Math.max(0, Math.floor((-top - slack) / this.rowHeight));
    const lastRow = Math.ceil((innerHeight - top + slack) / this.rowHeight);
    const first = firstRow * this.columns;
    const end = Math.min(this.places.length, Math.max(first, lastRow * this.columns));
    for (const [position, element] of this.shown) {
      if (position >= first && position < end) continue;
      if (element.contains(document.activeElement)) continue;
      element.remove();
      this.shown.delete(position);
    }
    const made = document.createDocumentFragment();
    for (let position = first; position < end; position++)
      if (!this.shown.has(position)) made.append(this.make(position));
    this.element.append(made);
  }

  make(position) {
    const place = this.places[position];
    const link = h("a", {class: `tile ${this.mark(place)}`, href: this.link(place), "aria-label": this.label(place),
                         tabindex: position === this.current ? 0 : -1},
      h("span", {class: "tile-number", "aria-hidden": "true", "data-value": this.value(place) || null},
        this.pictures.nameOfPlace(place)));
    sheet.show(link, this.pictures.tile(place), this.tileSide);
    const item = h("div", {class: "cell", role: "listitem", "aria-setsize": this.places.length,
                           "aria-posinset": position + 1}, link);
    const column = position % this.columns;
    const row = Math.floor(position / this.columns);
    const style = item.style;
    style.width = `${this.tileSide}px`;
    style.height = `${this.tileHeight}px`;
    style.transform = `translate(${column * (this.tileSide + this.gap)}px, ${row * this.rowHeight}px)`;
    this.shown.set(position, item);
    return item;
  }

  onKey(event) {
    const steps = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
                   Home: -this.places.length, End: this.places.length};
    const step = steps[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const to = this.current + step;
    const last = this.places.length - 1;
    if ((to < 0 || to > last) && !["Home", "End"].includes(event.key)) return;
    this.focus(Math.min(last, Math.max(0, to)));
  }

  /* Brings a position into view and gives it the focus. */
  focus(position) {
    if (position < 0 || position >= this.places.length) return;
    this.shown.get(this.current)?.firstChild.setAttribute("tabindex", "-1");
    this.current = position;
    this.reveal(position);
    this.draw();
    const link = this.shown.get(position)?.firstChild;
    link?.setAttribute("tabindex", "0");
    link?.focus({preventScroll: true});
  }

  reveal(position) {
    const head = document.querySelector(".controls")?.getBoundingClientRect().bottom || 0;
    const top = this.element.getBoundingClientRect().top + Math.floor(position / this.columns) * this.rowHeight;
    if (top < head) scrollBy(0, top - head - 8);
    else if (top + this.rowHeight > innerHeight) scrollBy(0, top + this.rowHeight - innerHeight + 8);
  }

  focusPlace(place) {
    this.focus(this.places.indexOf(place));
  }
}
