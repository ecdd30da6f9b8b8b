/* Pictures cut from sheets: an element shows its part of one PNG as its background, so that a few hundred pictures are one
 * file and none is loaded before it is seen. */
"use strict";

const sheet = (() => {
  const address = (path) => `url("${encodeURI(path)}")`;
  let moving = false;

  /* Shows a tile (Pictures.tile) in an element of that many pixels across. */
  function show(element, tile, width) {
    const scale = width / tile.width;
    const style = element.style;
    style.backgroundImage = address(moving && tile.film ? tile.film : tile.url);
    if (tile.film) Object.assign(element.dataset, {still: tile.url, film: tile.film});
    style.backgroundSize = `${tile.sheetWidth * scale}px ${tile.sheetHeight * scale}px`;
    style.backgroundPosition = `${-tile.x * scale}px ${-tile.y * scale}px`;
  }

  /* Shows picture `index` of a strip of `count`, whatever the element's size. */
  function showOfStrip(element, stem, index, count) {
    const style = element.style;
    style.backgroundImage = address(`site/layers/${stem}.png`);
    style.backgroundSize = `${count * 100}% 100%`;
    style.backgroundPosition = count > 1 ? `${(100 * index) / (count - 1)}% 0` : "0 0";
  }

  /* Shows the ascents, or again their ends; pictures that come later, too. */
  function play(on) {
    moving = on;
    for (const element of document.querySelectorAll("[data-film]"))
      element.style.backgroundImage = address(on ? element.dataset.film : element.dataset.still);
  }

  return {show, showOfStrip, play, get moving() { return moving; }};
})();
