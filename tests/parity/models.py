"""Every constructor of keras.applications against Keras, at its smallest legal size and its default size.

Usage: models.py --probe PROGRAM --source PROJECT --work FOLDER [--table FILE] [NAME...]

Loss and gradient of a live unit at three depths of each network, by the bounds and the judge of parity.py. Without
names all of them are compared, which takes hours and 16 GB of memory; with them those, NAME:small or NAME:default at
that size only, NAME:default:LAYER in that one of the three layers only. --table puts what was found into the table of a
page in Markdown, as each network is done; rows of the same network, size and layer are replaced.
"""
import gzip
import inspect
import json
import pathlib
import re
import sys

import keras
import numpy as np

import parity
from parity import Unit, Verdict

DEPTHS = 3
FREE = 224  # of MobileNetV3, whose constructors leave the size free: that of its weights
SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
HEAD = ["| network | size | layer and filter | loss | loss error | gradient error | verdict |",
        "|---|---|---|---|---|---|---|"]


def constructors():
    return {name: f for name, f in inspect.getmembers(keras.applications, inspect.isfunction) if name[0].isupper()}


def default_size(name):
    path = pathlib.Path(parity.arguments.source) / f"weights/architectures/{name}.json.gz"
    layers = json.loads(gzip.decompress(path.read_bytes()))["layers"]
    fixed = next(layer["config"]["batch_shape"][1] for layer in layers
                 if layer["class_name"] == "InputLayer" and layer.get("only") != "notop")
    return fixed or FREE


def network(name, size):
    """NASNet is another network where its size is free; all others are the same."""
    fixed = size if name.startswith("NASNet") else None
    model = parity.make_models.build_family(name, (fixed, fixed, 3))
    path = parity.work / f"{name}.h5"
    model.save(path)
    return parity.network(name, model, path)


def live_unit(net, layer, size, index):
    """A unit that is alive in Keras: its image, loss and gradient."""
    model = keras.Model(net.model.inputs, net.model.get_layer(layer).output)
    channels = model.output.shape[-1]
    for attempt in range(8):
        image = parity.random_image(net.model, (size, size), attempt)
        channel = (17 * attempt + 5 * index) % channels
        loss, gradient = parity.keras_pass(model, image, channel)
        if np.linalg.norm(gradient) * (127.5 if parity.scales_itself(net.model) else 1) > parity.ALIVE:
            return channel, image, loss, gradient
    return None


def compare(net, layer, size, index):
    """A row of the table."""
    found = live_unit(net, layer, size, index)
    if found is None:
        parity.report("alive", f"{net.title} {layer}", Verdict("FAIL", "has no live unit"))
        return None
    channel, image, loss, gradient = found
    unit = Unit(net, layer, channel, index != 1)
    title = f"{net.title} {layer}[{channel}] {size}x{size}"
    answer = parity.ask(unit, parity.engines[0], image, 1)
    if isinstance(answer, str):
        parity.report("first", title, Verdict("FAIL", answer))
        return None
    verdict = parity.verdict(unit, image, loss, gradient, answer.losses[0], answer.gradients[0])
    parity.report("first", title, verdict)
    return [net.title, f"{size}", f"{layer} {channel}", f"{loss:.5g}", f"{parity.loss_error(answer.losses[0], loss):.0e}",
            f"{parity.relative(answer.gradients[0], gradient):.0e}", verdict.kind]


def rows_of(name, size, only):
    """By layer; those of all depths if `only` is empty."""
    net = network(name, size)
    layers = parity.at_depths(parity.targets(net.model, (4,)), DEPTHS)
    if only and only not in layers:
        sys.exit(f"{name}: layer '{only}', expected one of {', '.join(layers)}")
    rows = {layer: compare(net, layer, size, index) if only in ("", layer) else None
            for index, layer in enumerate(layers)}
    net.path.unlink()
    return rows


def write_table(path, name, size, rows):
    """Puts the rows into the table, in the order of names and sizes; a layer without one keeps what it has there."""
    text = path.read_text()
    start = text.index(HEAD[0])
    end = start + re.match(r"(?:\|.*\n)+", text[start:]).end()
    lines, ours = text[start:end].splitlines()[2:], f"| {name} | {size} | "
    had = {line.split(" | ")[2].split()[0]: line for line in lines if line.startswith(ours)}
    rows = ["| " + " | ".join(row) + " |" if row else had.get(layer) for layer, row in rows.items()]
    lines = [line for line in lines if not line.startswith(ours)] + [row for row in rows if row]
    of_line = lambda line: (line.split(" | ")[0], int(line.split(" | ")[1]))
    path.write_text(text[:start] + "\n".join(HEAD + sorted(lines, key=of_line)) + "\n" + text[end:])


def main():
    for asked in parity.arguments.names or constructors():
        name, size_name, layer = (asked.split(":") + ["", ""])[:3]
        sizes = {"small": SMALLEST.get(name, 32), "default": default_size(name)}
        for size in [sizes[size_name]] if size_name else sizes.values():
            rows = rows_of(name, size, layer)
            if parity.arguments.table:
                write_table(pathlib.Path(parity.arguments.table), name, size, rows)
    return parity.summary()


if __name__ == "__main__":
    sys.exit(main())
