/* The loss over the steps as a small plot. */
"use strict";

const curve = (() => {
  const WIDTH = 320;
  const HEIGHT = 120;
  const LEFT = 6;
  const TOP = 8;

  function plot(points, steps) {
    const losses = points.map((point) => point.loss);
    const low = Math.min(...losses);
    const high = Math.max(...losses);
    const x = (step) => LEFT + ((WIDTH - 2 * LEFT) * step) / Math.max(1, steps - 1);
    const y = (loss) => HEIGHT - TOP - ((HEIGHT - 2 * TOP) * (loss - low)) / (high - low || 1);
    const line = points.map((point, i) => `${i ? "L" : "M"}${x(point.step).toFixed(1)} ${y(point.loss).toFixed(1)}`);
    const last = points[points.length - 1];
    const area = `${line.join("")}L${x(last.step).toFixed(1)} ${HEIGHT}L${x(points[0].step).toFixed(1)} ${HEIGHT}Z`;
    const label = `Activation by step: ${number(points[0].loss)} at the start, ${number(last.loss)} before the last of ` +
      count(steps, "step");
    return svg("svg", {class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label},
      svg("path", {class: "curve-area", d: area}), svg("path", {class: "curve-line", d: line.join("")}),
      svg("circle", {class: "curve-end", cx: x(last.step), cy: y(last.loss), r: 3}));
  }

  /* A figure of the curve with its ends told, or null if there is nothing to draw. */
  function figure(points, steps) {
    if (points.length < 2) return null;
    return h("figure", {class: "plot"}, plot(points, steps),
      h("figcaption", {}, h("span", {}, `start ${number(points[0].loss)}`),
        h("span", {}, `step ${steps}: ${number(points[points.length - 1].loss)}`)));
  }

  return {figure};
})();
