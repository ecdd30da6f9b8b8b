"""Compares loss, gradient and first steps of the ascent with real Keras, on units that are alive there.

Usage: parity.py --probe PROGRAM --source PROJECT --work FOLDER [NAME...]

Bounds: loss 1e-5 of max(|loss|, 1e-3), gradient 1e-4 (relative L2). A ReLU or a maximum that flips by rounding changes a
gradient by more than that, in any float32 engine, for some images and not for others. A unit that misses the bound is
therefore judged by float64 Keras over FLIP_IMAGES images: our gradient meets the bound for one of them (a wrong formula
would miss it for all), or the median distance is at most FLIP_FACTOR times that of float32 Keras. A unit is alive if its
gradient in Keras, for an input range of 2, has a norm above 1e-4.
"""
import argparse
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

parser = argparse.ArgumentParser()
parser.add_argument("--probe", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--work", required=True)
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()
sys.path.insert(0, str(pathlib.Path(arguments.source) / "tests/model"))

import h5py
import json
import keras
import numpy as np
import tensorflow as tf

import make_models

ALIVE = 1e-4
FLIP_IMAGES = 5
FLIP_FACTOR = 4
SHALLOW = {"EfficientNetB0": "block3b_expand_conv"}  # behind it random sigmoid gates leave no unit alive
BUNDLED = "inception_v3_imagenet_mixed5"
work = pathlib.Path(arguments.work)
work.mkdir(parents=True, exist_ok=True)
instruction_sets = ["portable"]
flags = pathlib.Path("/proc/cpuinfo").read_text()
instruction_sets += ["avx2"] * (" avx2 " in flags) + ["avx512"] * (" avx512vl" in flags)
compared = failures = 0
worst = {"loss": 0.0, "gradient": 0.0}


def bundled():
    """The bundled file is of Keras 2.2.4; its network is that of keras.applications, with its weights set by hand."""
    path = pathlib.Path(arguments.source) / f"weights/{BUNDLED}.h5"
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        layers = [layer["config"]["name"] for layer in config["config"]["layers"]]
        full = keras.applications.InceptionV3(weights=None, include_top=False)
        model = keras.Model(full.inputs, full.get_layer("mixed5").output)
        group = file["model_weights"]
        named = [name for name in layers if name in group and len(group[name].attrs["weight_names"])]
        weighted = [layer for layer in model.layers if layer.weights]
        assert len(named) == len(weighted)
        names = {}
        for name, layer in zip(named, weighted):
            layer.set_weights([group[name][weight][()] for weight in group[name].attrs["weight_names"]])
            names[layer.name] = name
    names.update({layer.name: layer.name for layer in model.layers if layer.name.startswith("mixed")})
    return model, path, names


def double(model, output):
    """The same network in float64."""
    clone = keras.models.clone_model(keras.Model(model.inputs, output), clone_function=as_double)
    clone.set_weights(keras.Model(model.inputs, output).get_weights())
    return clone


def as_double(layer):
    config = layer.get_config()
    config["dtype"] = "float64"
    return layer.__class__.from_config(config)


def loss_and_gradient(extractor, image, channel):
    image = tf.constant(image[None], extractor.compute_dtype if extractor.compute_dtype else "float32")
    with tf.GradientTape() as tape:
        tape.watch(image)
        map_ = extractor(image, training=False)
        small = map_.shape[1] < 5 or map_.shape[2] < 5
        loss = tf.reduce_mean(map_[..., channel] if small else map_[:, 2:-2, 2:-2, channel])
    return float(loss), tape.gradient(loss, image).numpy()[0]


def relative(a, b):
    return float(np.linalg.norm(a.astype("f8") - b) / np.linalg.norm(b.astype("f8")))


def keras_losses(extractor, image, channel, steps):
    losses = []
    for _ in range(steps):
        loss, gradient = loss_and_gradient(extractor, image, channel)
        losses.append(loss)
        image = image + np.float32(10) * gradient / np.sqrt(max(float((gradient.astype("f8") ** 2).sum()), 1e-12))
        image = image.astype("f4")
    return np.array(losses)


def probe(path, arch, layer, channel, image, steps, isa, one_channel):
    image.tofile(work / "image.raw")
    result = subprocess.run(
        [arguments.probe, str(path), arch, layer, str(channel), *map(str, image.shape[:2]), str(steps), isa,
         str(int(one_channel)), str(work / "image.raw"), str(work / "gradient.raw")], capture_output=True, text=True)
    if result.returncode:
        return None, result.stderr.strip()
    return np.array([float(x) for x in result.stdout.split()]), np.fromfile(work / "gradient.raw", "f4").reshape(image.shape)


def scales_itself(model):
    return any(type(layer).__name__ == "Rescaling" for layer in model.layers)


def random_image(model, size, seed):
    generator = np.random.default_rng(seed)
    scale, shift = (255, 0) if scales_itself(model) else (2, -1)
    return (generator.random((*size, model.inputs[0].shape[-1]), dtype="f4") * scale + shift).astype("f4")


def flips(unit, extractor, reference, images, isa, one_channel):
    """Median and least distance from float64 Keras of our gradients, and median of float32 Keras's."""
    ours, own = [], []
    for image in images:
        channel = unit[3]
        exact = loss_and_gradient(reference, image, channel)[1]
        own.append(relative(loss_and_gradient(extractor, image, channel)[1], exact))
        ours.append(relative(probe(*unit, image, 1, isa, one_channel)[1], exact))
    return float(np.median(ours)), float(np.min(ours)), float(np.median(own))


def compare(name, model, path, arch, layer, file_layer, channel, size, seed, isa="", one_channel=True, steps=3):
    """One unit; None if it is dead in Keras, else whether it agrees."""
    global compared, failures
    image = random_image(model, size, seed)
    output = model.get_layer(layer).output
    extractor = keras.Model(model.inputs, output)
    loss, gradient = loss_and_gradient(extractor, image, channel)
    if np.linalg.norm(gradient) * (127.5 if scales_itself(model) else 1) <= ALIVE:
        return None
    isa = isa or instruction_sets[-1]
    losses, ours = probe(path, arch, file_layer, channel, image, steps, isa, one_channel)
    title = f"{name} {file_layer}[{channel}] {size[0]}x{size[1]} {isa} {'one' if one_channel else 'all'}"
    compared += 1
    if losses is None:
        print(f"FAIL  {title}: {ours}")
        failures += 1
        return False
    loss_error = abs(losses[0] - loss) / max(abs(loss), 1e-3)
    error, bound = relative(ours, gradient), 1e-4
    if error > bound or loss_error > 1e-5:
        reference = double(model, output)
        exact_loss, _ = loss_and_gradient(reference, image, channel)
        loss_error = abs(losses[0] - exact_loss) / max(abs(exact_loss), 1e-3)
        unit = (path, arch, file_layer, channel)
        error, least, own = flips(unit, extractor, reference, [random_image(model, size, seed + 100 * i)
                                                        for i in range(FLIP_IMAGES)], isa, one_channel)
        bound = error if least <= 1e-4 else FLIP_FACTOR * own
        title += f" (float64: least {least:.1e}, Keras float32 {own:.1e})"
    later = np.abs(losses - keras_losses(extractor, image, channel, steps)) / np.maximum(np.abs(losses), 1e-3)
    fine = loss_error <= 1e-5 and error <= bound and later[1:].max(initial=0) <= 1e-2
    worst["loss"] = max(worst["loss"], loss_error)
    worst["gradient"] = max(worst["gradient"], error)
    failures += not fine
    print(f"{'ok   ' if fine else 'FAIL '} {title}: loss {loss:.5g} error {loss_error:.1e}, gradient {error:.1e}, "
          f"later losses {later[1:].max(initial=0):.1e}", flush=True)
    return fine


def maps(model):
    """Layers that are called once, so that their output is one map."""
    return [layer.name for layer in model.layers
            if not isinstance(layer, (keras.Model, keras.layers.InputLayer)) and len(layer._inbound_nodes) == 1
            and len(layer.output.shape) == 4]


def at_depths(names, count):
    step = max(1, len(names) // count)
    return names[::-1][::step][:count]


def compare_network(name, model, path, names, sizes, arch="-", depths=4):
    """Compares a live unit in each of `depths` layers, others where a layer has none; the number that was found."""
    live = 0
    known = [layer for layer in maps(model) if layer in names]
    spread = at_depths(known, depths)
    spare = [layer for layer in at_depths(known, 4 * depths) if layer not in spread]
    for index, layer in enumerate(spread + spare):
        channels = model.get_layer(layer).output.shape[-1]
        for attempt in range(6):
            if live < depths and compare(name, model, path, arch, layer, names[layer],
                                         (17 * attempt + 5 * index) % channels, sizes[live % len(sizes)], attempt,
                                         one_channel=live % 3 != 2) is not None:
                live += 1
                break
    return live


def require_live(name, live, wanted):
    global failures
    if live < wanted:
        print(f"FAIL  {name}: {live} layers had a live unit, expected at least {wanted}")
        failures += 1


def family(name):
    model = make_models.write(work, name)
    names = {layer.name: layer.name for layer in model.layers}
    if name in SHALLOW:
        names = {layer: layer for layer in list(names)[: list(names).index(SHALLOW[name])]}
    heavy = name in ("VGG16", "InceptionResNetV2")
    sizes = [(96, 96), (101, 101), (90, 121)] if heavy else [(180, 180), (101, 101), (120, 151)]
    live = compare_network(name, model, work / f"{name}.h5", names, sizes)
    if name in ("ResNet50V2", "InceptionV3", "MobileNetV2"):
        live = min(live, 3 * compare_network(f"{name} by --arch", model, work / f"{name}.weights-only.h5", names,
                                             [(101, 101)], name, 1))
    require_live(name, live, 3)


def trained():
    model, path, names = bundled()
    sizes = [(180, 180), (101, 101), (120, 151)]
    require_live(BUNDLED, compare_network("bundled InceptionV3", model, path, names, sizes, depths=8), 8)


def small(name):
    model = make_models.write(work, name)
    shape = model.inputs[0].shape
    size = (shape[1] or 37, shape[2] or 41)
    names = {layer.name: layer.name for layer in model.layers}
    for index, layer in enumerate(maps(model)):
        for isa in instruction_sets if index == len(maps(model)) - 1 else instruction_sets[-1:]:
            for one_channel in (True, False):
                channel = min(1, model.get_layer(layer).output.shape[-1] - 1)
                compare(name, model, work / f"{name}.h5", "-", layer, names[layer], channel, size, index, isa, one_channel)


selected = arguments.names or [*make_models.small_models, BUNDLED, *make_models.families]
for chosen in selected:
    if chosen in make_models.families:
        family(chosen)
    elif chosen == BUNDLED:
        trained()
    else:
        small(chosen)
print(f"{compared} units compared, worst loss error {worst['loss']:.1e}, worst gradient error {worst['gradient']:.1e}, "
      f"{failures} failures")
sys.exit(bool(failures) or compared < len(selected))
