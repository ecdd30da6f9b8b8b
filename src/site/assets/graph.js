/* The network as rows with lanes beside them, one for each map that is still to be read, as `git log --graph` draws
 * commits. Layers without pictures are left out where nothing meets in them. */
"use strict";

const graph = (() => {
  /* Every layer of the network by the layers shown that it reads: those with pictures, the input, and those where
   * different lines meet. -> [{node, inputs: [vertices], layer or null}] in the network's order. */
  function contract(network, layers) {
    const rendered = new Map(layers.map((layer) => [layer.rawName, layer]));
    const vertices = new Map();
    const sources = new Map(); /* node -> vertices whose maps reach it */
    for (const index of topological(network)) {
      const node = network[index];
      const reached = new Set(node.inputs.flatMap((input) => [...(sources.get(input) || [])]));
      const layer = rendered.get(node.name) || null;
      if (layer || reached.size > 1 || node.inputs.length === 0) {
        const vertex = {name: atlas.clean(node.name), className: atlas.clean(node.class), layer, inputs: [...reached],
                        outputs: []};
        vertices.set(index, vertex);
        sources.set(index, new Set([vertex]));
      } else {
        sources.set(index, reached);
      }
    }
    return [...vertices.values()];
  }

  /* Places in the list, what is read before what reads it. */
  function topological(network) {
    const order = [];
    const seen = new Uint8Array(network.length);
    for (let start = 0; start < network.length; start++) {
      const stack = [start];
      while (stack.length) {
        const index = stack[stack.length - 1];
        const next = seen[index] ? undefined : network[index].inputs.find((input) => !seen[input] && input !== index &&
          !stack.includes(input));
        if (next !== undefined) {
          stack.push(next);
          continue;
        }
        stack.pop();
        if (!seen[index]) order.push(index);
        seen[index] = 1;
      }
    }
    return order;
  }

  /* Drops what leads to no pictures, and links both ways. */
  function prune(vertices) {
    const wanted = new Set(vertices.filter((vertex) => vertex.layer));
    for (const vertex of [...vertices].reverse())
      if (wanted.has(vertex)) vertex.inputs.forEach((input) => wanted.add(input));
    const kept = vertices.filter((vertex) => wanted.has(vertex));
    for (const vertex of kept) vertex.inputs.forEach((input) => input.outputs.push(vertex));
    return kept;
  }

  const byName = (a, b) => a.name.localeCompare(b.name, "en", {numeric: true});

  /* Branch after branch, in the order of their names: what became possible last comes first. */
  function depthFirst(vertices) {
    const missing = new Map(vertices.map((vertex) => [vertex, vertex.inputs.length]));
    const ready = vertices.filter((vertex) => vertex.inputs.length === 0).reverse();
    const order = [];
    while (ready.length) {
      const vertex = ready.pop();
      order.push(vertex);
      for (const output of [...vertex.outputs].sort(byName).reverse()) {
        missing.set(output, missing.get(output) - 1);
        if (missing.get(output) === 0) ready.push(output);
      }
    }
    return order;
  }

  /* Gives each vertex a lane and its row the lines: from lanes above to its dot, past it, and on below. */
  function assignLanes(order) {
    const lanes = []; /* lane -> {vertex, left: outputs still to come} or null */
    const laneOf = new Map();
    for (const vertex of order) {
      const from = vertex.inputs.map((input) => laneOf.get(input));
      for (const lane of from) lanes[lane].left--;
      const ended = from.filter((lane) => lanes[lane].left === 0).sort((a, b) => a - b);
      const past = lanes.flatMap((held, lane) => (held && held.left > 0 ? [lane] : []));
      for (const lane of ended) lanes[lane] = null;
      vertex.lane = ended.length ? ended[0] : firstFree(lanes);
      vertex.from = from;
      vertex.past = past;
      lanes[vertex.lane] = vertex.outputs.length ? {vertex, left: vertex.outputs.length} : null;
      laneOf.set(vertex, vertex.lane);
    }
    return Math.max(1, ...order.map((vertex) => Math.max(vertex.lane, ...vertex.past) + 1));
  }

  function firstFree(lanes) {
    const free = lanes.findIndex((held) => !held);
    return free < 0 ? lanes.length : free;
  }

  /* -> {rows: [{name, className, layer, lane, from, past, outputs}], lanes}. Layers that the network does not list (an
   * older file) come last, without lines. */
  function layout(network, layers) {
    const rows = depthFirst(prune(contract(network, layers)));
    const shown = new Set(rows.map((row) => row.layer));
    for (const layer of layers)
      if (!shown.has(layer))
        rows.push({name: layer.name, className: layer.className, layer, inputs: [], outputs: []});
    return {lanes: assignLanes(rows), rows};
  }

  return {layout};
})();
