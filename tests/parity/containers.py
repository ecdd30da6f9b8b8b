"""Compares the weights in each of Keras's file formats with Keras's own, and what a .keras gives with what a .h5 gives.

Usage: containers.py --probe PROGRAM --source PROJECT --work FOLDER [--table] [NAME...]

A NAME is a constructor of keras.applications or a small model of make_models.py; without one, all of these and some of
those. Each is written with random weights:
- legacy .h5 with its configuration, and without (read with --arch, as the files that keras.applications downloads)
- .keras, and .weights.h5 (read with --arch)
Every weight of every layer must have the bytes (CRC-32) and the shape that it has in Keras, in the order of the layers.
The small models have no constructor to name: of them the .keras must give the losses and gradients of the .h5, byte for
byte (parity.py compares those with Keras), and number types other than float32 are read as they are.
--table prints a row of docs/models.md for each.
"""
import subprocess
import zlib

from checks import begin, check, end


def more(parser):
    parser.add_argument("--table", action="store_true")
    parser.add_argument("names", nargs="*")


arguments = begin("probe", "source", "work", more=more)

import keras
import numpy as np
from keras import layers as L

import make_models

FEW = ["MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny"]
work = arguments.work
engine = subprocess.check_output([arguments.probe], text=True).split()[:2]


def call(*command):
    """The output, or None and the line of the error."""
    done = subprocess.run([arguments.probe, *map(str, command)], capture_output=True, text=True)
    return (None, done.stderr.strip()) if done.returncode else (done.stdout, "")


def weights_of(model):
    """CRC-32 and shape of every weight, layer by layer; the layers of nested models where these are. A layer counts
    once."""
    found, seen = [], set()
    for layer in make_models.leaves(model):
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        for weight in layer.weights:
            if "seed_generator" in weight.path:
                continue
            values = np.ascontiguousarray(keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32")), "<f4")
            found.append((zlib.crc32(values), tuple(weight.shape)))
    return found


def compare_weights(title, wanted, path, arch="-"):
    """Whether the file has what the model has."""
    listed, error = call(path, arch)
    if listed is None:
        return check(title, False, error)
    found = [line.split() for line in listed.splitlines()]
    found = [(int(words[1], 16), tuple(map(int, words[2:]))) for words in found]
    wrong = sum(a != b for a, b in zip(found, wanted))
    return check(f"{title}: {len(found)} weights of {len(wanted)}, {wrong} differ", found == wanted)


def constructor(name):
    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    for weight in model.weights:  # kernels are random as they are made
        if len(weight.shape) < 2 and "seed_generator" not in weight.path:
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return model


def write_legacy_weights(model, path):
    make_models.save_weights_only(model, path)


# format -> suffix, how it is written, whether it is read with --arch
FORMATS = {
    ".h5": (".h5", lambda model, path: model.save(path), False),
    ".h5, weights": (".weights-only.h5", write_legacy_weights, True),
    ".keras": (".keras", lambda model, path: model.save(path), False),
    ".weights.h5": (".weights.h5", lambda model, path: model.save_weights(path), True),
}


def compare_constructor(name):
    model = constructor(name)
    wanted = weights_of(model)
    row = [name, f"{model.count_params():,}", str(len(wanted))]
    for title, (suffix, write, by_arch) in FORMATS.items():
        path = work / (name + suffix)
        write(model, path)
        good = compare_weights(f"{name} {title}", wanted, path, name if by_arch else "-")
        row.append("all" if good else "FAIL")
        path.unlink()
    if arguments.table:
        print(f"| {' | '.join(row)} |", flush=True)


def shared_by_models():
    """A layer that is in two nested models and in the model around them, and in a Sequential."""
    conv = L.Conv2D(3, 3, padding="same", activation="relu", name="everywhere")
    a = keras.Input((None, None, 3))
    inner = keras.Model(a, L.BatchNormalization(name="norm")(conv(a)), name="inner")
    chain = keras.Sequential([keras.Input((None, None, 3)), L.SeparableConv2D(3, 3, name="separable"), conv], name="chain")
    x = image = keras.Input((None, None, 3))
    x = chain(inner(conv(x))) * 2 + 1
    return keras.Model(image, L.Conv2D(2, 1, name="last")(L.Dropout(0.1, name="drop")(x)))


make_models.small_models["shared_by_models"] = shared_by_models


def ascend(path, layer, image):
    result = work / "result.raw"
    out, error = call(path, "-", layer, 0, *image.shape[:2], 2, *engine, 1, work / "image.raw", result)
    return (error,) if out is None else (out, result.read_bytes())


def compare_small(name):
    model = make_models.build(name)
    h5, archive = work / f"{name}.h5", work / f"{name}.keras"
    model.save(h5), model.save(archive)
    compare_weights(f"{name} .keras", weights_of(model), archive)
    names = [layer.name for layer in model.layers
             if not isinstance(layer.output, list) and len(layer.output.shape) in (2, 4)]
    last = "last" if "last" in names else names[-1]
    shape = [side or 40 for side in model.inputs[0].shape[1:]]
    image = np.random.default_rng(1).uniform(-1, 1, shape).astype("f4")
    image.tofile(work / "image.raw")
    first, second = ascend(h5, last, image), ascend(archive, last, image)
    same = len(first) == 2 and first == second
    check(f"{name} {last}: {first[0].split()}", same, second[0].split())


def compare_type(policy):
    keras.config.set_dtype_policy(policy)
    model = make_models.build("head")
    keras.config.set_dtype_policy("float32")
    for suffix in (".h5", ".keras"):
        path = work / f"{policy}{suffix}"
        model.save(path)
        compare_weights(f"{policy} {suffix}", weights_of(model), path)


for wanted_name in arguments.names or [*make_models.small_models, *FEW]:
    (compare_small if wanted_name in make_models.small_models else compare_constructor)(wanted_name)
if not arguments.names:
    for wanted_policy in ("float16", "bfloat16", "float64"):
        compare_type(wanted_policy)
end()
