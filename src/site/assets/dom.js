/* Elements, numbers and words. Text from files reaches the page as text only, never as markup. */
"use strict";

/* An element: h("a", {class: "tile", href: "#/x"}, "text", child). Keys with on are listeners, null leaves a key out. */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/* A name as it came from the file, on its own in the direction of writing. */
function nameOf(text) {
  return h("bdi", {}, text);
}

function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", "\u2212");
}

function count(value, one, many = `${one}s`) {
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}

const STATUS_WORDS = {ok: "rendered", nan: "not a number"};

function statusWord(name) {
  return STATUS_WORDS[name] || atlas.clean(name);
}

/* Name of a status by its number: the manifest lists them in this order. */
function statusName(layer, status) {
  return Object.keys(layer.status)[status] || "missing";
}

/* Tells a screen reader. */
function say(text) {
  document.getElementById("said").textContent = text;
}
