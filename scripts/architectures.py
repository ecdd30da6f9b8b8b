#!/usr/bin/env python3
"""Writes weights/architectures/NAME.json.gz for every constructor of keras.applications.

    scripts/architectures.py [DIRECTORY] [NAME...]

Needs keras with a backend (made with Keras 3.15.1 and TensorFlow 2.21); nothing is downloaded. A file holds both
variants of the network, with the top and without: Keras's own configuration (model.to_json()), in which a layer that
only one of them has is marked `"only": "top"` or `"only": "notop"`, and `ends` has each variant's name, input
and output layers. Shapes that Keras repeats for each tensor are left out, as the input's shape implies them; so the
two variants share almost every layer. The same Keras gives the same bytes.
"""

import gzip
import inspect
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras

REPEATED = {"build_config", "build_input_shape", "shape"}


def constructors():
    functions = inspect.getmembers(keras.applications, inspect.isfunction)
    return {name: function for name, function in functions if name[0].isupper()}


def without_shapes(value):
    if isinstance(value, dict):
        return {key: without_shapes(item) for key, item in value.items() if key not in REPEATED}
    if isinstance(value, list):
        return [without_shapes(item) for item in value]
    return value


def configuration(constructor, top, input_shape):
    keras.backend.clear_session()
    model = constructor(weights=None, include_top=top, input_shape=input_shape)
    config = json.loads(model.to_json())["config"]
    for layer in config["layers"]:
        # Reshape's sizes and the like live in "config", where nothing is dropped.
        for key in list(layer):
            if key == "build_config":
                del layer[key]
            elif key == "inbound_nodes":
                layer[key] = without_shapes(layer[key])
    return config


def merged(top, notop):
    """All layers of both: the top's in their order, each of notop's own after the last one that they share."""
    of_notop = {layer["name"]: layer for layer in notop["layers"]}
    in_top = {layer["name"] for layer in top["layers"]}
    layers = []
    for layer in top["layers"]:
        other = of_notop.get(layer["name"])
        if other == layer:
            layers.append(layer)
            continue
        layers.append({**layer, "only": "top"})
        if other:
            layers.append({**other, "only": "notop"})
    return layers + [{**layer, "only": "notop"} for layer in notop["layers"] if layer["name"] not in in_top]


def variant(layers, name):
    return [{k: v for k, v in layer.items() if k != "only"} for layer in layers if layer.get("only", name) == name]


def classes(config):
    return [layer["class_name"] for layer in config["layers"]]


def architecture(constructor):
    top = configuration(constructor, True, None)
    fixed = next(layer["config"]["batch_shape"][1:] for layer in top["layers"] if layer["class_name"] == "InputLayer")
    notop = configuration(constructor, False, (None, None, 3))
    # NASNet compares sizes while it is built, and with free ones becomes another network.
    if classes(notop) != classes(configuration(constructor, False, tuple(fixed))):
        notop = configuration(constructor, False, tuple(fixed))
    layers = merged(top, notop)
    assert variant(layers, "top") == top["layers"] and variant(layers, "notop") == notop["layers"]
    ends = {
        name: {key: config[key] for key in ("name", "input_layers", "output_layers")}
        for name, config in (("top", top), ("notop", notop))
    }
    return {"keras_version": keras.__version__, "ends": ends, "layers": layers}


def main(arguments):
    default = pathlib.Path(__file__).resolve().parent.parent / "weights" / "architectures"
    directory = pathlib.Path(arguments[0]) if arguments else default
    directory.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, constructor in constructors().items():
        if len(arguments) > 1 and name not in arguments[1:]:
            continue
        text = json.dumps(architecture(constructor), separators=(",", ":"))
        data = gzip.compress(text.encode(), compresslevel=9, mtime=0)
        (directory / f"{name}.json.gz").write_bytes(data)
        total += len(data)
        print(f"{name}: {len(data)} bytes", flush=True)
    print(f"total: {total} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
