"""The program itself against Keras where the image is not RGB from -1 to 1: range and order of the colours, gray, alpha
and further channels, classes before and after the softmax.

Usage: inputs.py --program PATH --source DIR --embedded PATH. Every model is made here by Keras and saved as its legacy HDF5.
"""
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import h5py
import keras
import numpy as np
import tensorflow as tf

from harness import arguments, call, check, finish, manifest, png_size, run, scratch_folder

RATE, STEPS, SIZE = 10, 5, 64
GRAY, RGB, RGBA = 0, 2, 6  # colour types of PNG


def sequential(name, channels, *layers):
    """A model whose kernels are random and whose units are alive."""
    model = keras.Sequential([keras.Input((None, None, channels)), *layers], name=name)
    generator = np.random.default_rng(3)
    model.set_weights([generator.normal(0, (2 / max(1, np.prod(w.shape[:-1]))) ** 0.5, w.shape)
                       for w in model.get_weights()])
    return model


def save(model, scratch):
    path = scratch / f"{model.name}.h5"
    model.save(path)
    return path


def start_file(image, scratch):
    path = scratch / "start.h5"
    with h5py.File(path, "w") as file:
        file["image"] = image
    return path


def start_image(channels, seed=0, scale=0.25):
    return ((np.random.default_rng(seed).random((SIZE, SIZE, channels), "f4") - 0.5) * scale).astype("f4")


def extractor_of(model, layer, logits):
    """From images to the layer's output, or to what its own activation is applied to."""
    target = model.get_layer(layer)
    if not logits:
        return keras.Model(model.inputs, target.output)
    before = keras.Model(model.inputs, target.input)
    return lambda image: before(image) @ target.kernel + target.bias


def climb(model, layer, image, unit, logits=False, steps=STEPS):
    """Keras's example from `image`: the losses before each update, and the last image."""
    extractor = extractor_of(model, layer, logits)
    image, losses = tf.constant(image[None]), []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(image)
            out = extractor(image)
            out = out[:, 2:-2, 2:-2, unit] if len(out.shape) == 4 else out[:, unit]
            loss = tf.reduce_mean(out)
        losses.append(float(loss))
        image = image + RATE * tf.math.l2_normalize(tape.gradient(loss, image))
    return np.array(losses), image.numpy()[0]


def picture(image, shown):
    """deprocess_image of the example; the channels `shown`, in that order. Two bytes where rounding may decide."""
    z = (image - image.mean()) / (image.std() + 1e-5) * 0.15
    z = np.clip(z[25:-25, 25:-25] + 0.5, 0, 1)[..., shown] * 255
    return np.floor(z - 1e-2).clip(0), np.floor(z + 1e-2)


def render(path, out, *options):
    return run(["--model", path, "--size", SIZE, "--iterations", STEPS, "--quiet", "--save-raw", "--overwrite",
                "--out", out, *options])


def layer_file(out, stem):
    with h5py.File(out / f"layers/{stem}.h5") as file:
        return {name: file[name][()] for name in file} | {"attributes": dict(file.attrs)}


def tiles_of_grid(path, count, channels):
    grid = tf.io.decode_png(path.read_bytes(), channels).numpy()
    side, columns = SIZE - 50, int(np.ceil(np.sqrt(count)))
    places = [(i // columns * (side + 5), i % columns * (side + 5)) for i in range(count)]
    return np.stack([grid[y:y + side, x:x + side] for y, x in places])


def same_as_keras(title, model, path, layer, image, shown, colour_type, scratch, *options, logits=False):
    """Losses, images and pictures of all units of a layer, from one start image."""
    out = scratch / title.replace(" ", "-")
    result = render(path, out, "--layer", layer, "--init", start_file(image, scratch), *options)
    if not check(f"{title}: ends well", result.code == 0, result):
        return None
    found = layer_file(out, layer)
    units = len(found["filters"])
    for index, unit in enumerate(found["filters"]):
        losses, last = climb(model, layer, image, unit, logits)
        error = np.abs(found["loss"][index] - losses) / np.maximum(np.abs(losses), 1e-3)
        check(f"{title}[{unit}]: first loss", error[0] <= 1e-5, error)
        check(f"{title}[{unit}]: later losses", error.max() <= 1e-3, error)
        raw = found["raw"][index]
        check(f"{title}[{unit}]: image", np.linalg.norm(raw - last) <= 1e-3 * np.linalg.norm(last))
        low, high = picture(raw, shown)
        tile = found["tiles"][index].astype(float)
        check(f"{title}[{unit}]: tile", tile.shape == low.shape and np.all((tile >= low) & (tile <= high)))
    grid = tiles_of_grid(out / f"layers/{layer}.png", units, len(shown))
    check(f"{title}: grid", np.array_equal(grid, found["tiles"]))
    check(f"{title}: kind of PNG", png_size(out / f"layers/{layer}.png")[2:] == (8, colour_type))
    return found


def blue(scratch):
    """VGG's channels are blue, green, red: a filter of channel 0 makes blue pictures."""
    model = sequential("vgg16", 3, keras.layers.Conv2D(2, 1, use_bias=False, name="c"))
    model.set_weights([np.array([[1, 0], [0, 0], [0, 1]], "f4").reshape(1, 1, 3, 2)])
    path = save(model, scratch)
    found = same_as_keras("caffe", model, path, "c", start_image(3), [2, 1, 0], RGB, scratch)
    if found:
        red, green, blue = np.moveaxis(found["tiles"][0].astype(int), -1, 0)
        check("channel 0 of VGG16 is blue", np.all((blue > red) & (blue > green)))
        red, green, blue = np.moveaxis(found["tiles"][1].astype(int), -1, 0)
        check("channel 2 of VGG16 is red", np.all((red > blue) & (red > green)))
        check("the file says so", found["attributes"]["input_range"] == "caffe", found["attributes"])
    same_as_keras("caffe overruled", model, path, "c", start_image(3), [0, 1, 2], RGB, scratch, "--preprocess", "tf")


def photographs(scratch):
    """--init photo.png arrives as preprocess_input would hand it over."""
    from keras.src.applications import imagenet_utils
    pixels = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype="u1")
    (scratch / "photo.png").write_bytes(tf.io.encode_png(pixels).numpy())
    model = sequential("net", 3, keras.layers.Conv2D(1, 3, name="c"))
    path, floats = save(model, scratch), pixels.astype("f4")
    wanted = {mode: imagenet_utils.preprocess_input(floats.copy(), "channels_last", mode)
              for mode in ("tf", "caffe", "torch")} | {"none": floats, "unit": floats / 255}
    for mode, image in wanted.items():
        arrives(f"photo as {mode}", path, image, scratch, "--preprocess", mode)
    arrives("photo for VGG16", save(sequential("vgg19", 3, keras.layers.Conv2D(1, 3, name="c")), scratch),
            wanted["caffe"], scratch)
    scaled = sequential("scaled", 3, keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(1, 3, name="c"))
    arrives("photo before Rescaling", save(scaled, scratch), wanted["none"], scratch)


def arrives(title, path, image, scratch, *options):
    out = scratch / "still"
    result = render(path, out, "--layer", "c", "--init", scratch / "photo.png", "--learning-rate", "0", *options)
    if check(f"{title}: ends well", result.code == 0, result):
        raw = layer_file(out, "c")["raw"][0]
        check(title, np.allclose(raw, image, rtol=1e-6, atol=1e-6 * np.abs(image).max()), np.abs(raw - image).max())


def channels(scratch):
    """One channel is gray, four have alpha, of others the first are shown."""
    for count, shown, kind in ((1, [0], GRAY), (4, [0, 1, 2, 3], RGBA), (2, [0], GRAY), (5, [0, 1, 2], RGB)):
        model = sequential(f"net{count}", count, keras.layers.Conv2D(8, 3, activation="swish", name="a"),
                           keras.layers.Conv2D(5, 3, name="c"))
        path = save(model, scratch)
        found = same_as_keras(f"{count} channels", model, path, "c", start_image(count, count), shown, kind, scratch)
        if found:
            check(f"{count} channels are in raw", found["raw"].shape == (5, SIZE, SIZE, count), found["raw"].shape)
        plain = run(["--model", path, "--size", SIZE, "--iterations", 1, "--layer", "c", "--out", scratch / f"n{count}"])
        note = [line for line in plain.err.splitlines() if line.startswith("warning: ")]
        check(f"{count} channels: what is not shown is told of", bool(note) == (count in (2, 5)), plain)
        refused = render(path, scratch / "never", "--layer", "c", "--preprocess", "caffe")
        check(f"{count} channels are not caffe's", refused.code == 2 and f"has {count}" in refused.err, refused)
    refused = render(scratch / "net5.h5", scratch / "never", "--layer", "c", "--init", scratch / "photo.png")
    check("a picture is not for 5 channels", refused.code == 2 and "5 channels" in refused.err, refused)
    gray = np.random.default_rng(2).integers(0, 256, (SIZE, SIZE, 1), dtype="u1")
    (scratch / "photo.png").write_bytes(tf.io.encode_png(gray).numpy())
    arrives("gray photo", scratch / "net1.h5", gray.astype("f4") / 127.5 - 1, scratch)


NAMES = ["tench", "goldfish", "great white shark", "tiger cat", "tiger", "zebra", "crane", "crane"]


def classifier(name, end, activation, size=None):
    model = keras.Sequential([keras.Input((size, size, 3)),
                              keras.layers.Conv2D(6, 3, strides=3, activation="swish", name="c"), end,
                              keras.layers.Dense(len(NAMES), activation=activation, name="predictions")], name=name)
    generator = np.random.default_rng(5)
    model.set_weights([generator.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def classes(scratch):
    """A Dense target means its logits; --classes probabilities what is behind the softmax. Names in place of numbers."""
    labels = scratch / "names.txt"
    labels.write_text("\n".join(NAMES) + "\n")
    for activation in ("softmax", "sigmoid"):
        model = classifier(activation, keras.layers.GlobalAveragePooling2D(), activation)
        path, image = save(model, scratch), start_image(3, 4, 2)
        found = same_as_keras(f"logits of {activation}", model, path, "predictions", image, [0, 1, 2], RGB, scratch,
                              "--labels", labels, "--filters", "Zebra,goldfish,2", logits=True)
        if found:
            check("names are numbers", list(found["filters"]) == [1, 2, 5], found["filters"])
            check("labels are in the file", [name.decode() for name in found["labels"]] ==
                  ["goldfish", "great white shark", "zebra"], found["labels"])
        found = same_as_keras(f"probabilities of {activation}", model, path, "predictions", image, [0, 1, 2], RGB,
                              scratch, "--classes", "probabilities", "--filters", "0,5")
        check("no labels unless there are some", found and "labels" not in found)
    selections(scratch, path, labels)
    parts(scratch, path, labels)


def selections(scratch, path, labels):
    for selection in ("last", "class:Dense", "pred*"):
        out = scratch / "selected"
        result = render(path, out, "--layer", selection, "--labels", labels, "--filters", "tiger")
        told = manifest(out)["layers"] if check(f"{selection}: ends well", result.code == 0, result) else []
        check(f"{selection} is the Dense layer", [(layer["name"], layer["filters"]) for layer in told] ==
              [("predictions", 1)], told)
    never = scratch / "never"
    for options, words in ((["--filters", "zebra"], ["zebra", "--labels FILE"]),
                           (["--filters", "crane", "--labels", labels], ["crane (6)", "crane (7)"]),
                           (["--filters", "zebro", "--labels", labels], ["zebro", "closest: zebra"]),
                           (["--filters", "9", "--labels", labels], ["at most 7"]),
                           (["--labels", scratch / "none.txt"], ["none.txt", "No such file"])):
        for ranks in (0, 2):
            result = run(["--model", path, "--layer", "predictions", "--out", never, *options], ranks)
            lines = result.ours()
            check(f"refused: {options}, {ranks} ranks", result.code and len(lines) == 1 and
                  all(word in lines[0] for word in words) and not never.exists(), result)
    result = render(path, never, "--layer", "c", "--labels", labels, "--filters", "zebra")
    check("names are for a layer with as many filters", result.code == 2 and "8 names, layer 'c' has 6" in result.err,
          result)


def parts(scratch, path, labels):
    """Shards on several ranks, joined, are the bytes of the whole."""
    options = ["--model", path, "--layer", "c,predictions", "--labels", labels, "--size", 40, "--iterations", 2,
               "--quiet"]
    folders = [scratch / name for name in ("whole", "part1", "part2", "joined")]
    results = [run([*options, "--out", folders[0]]), run([*options, "--shard", "1/2", "--out", folders[1]], 2),
               run([*options, "--shard", "2/2", "--out", folders[2]], 3),
               run(["--merge", ",".join(map(str, folders[1:3])), "--out", folders[3], "--quiet"])]
    check("parts end well", not any(result.code for result in results), [str(result) for result in results])
    for name in ("c", "predictions"):
        same = [(folder / f"layers/{name}.h5").read_bytes() for folder in (folders[0], folders[3])]
        check(f"{name}: joined parts are the whole", same[0] == same[1])


def sizes(scratch):
    """A Flatten fixes the size of what is behind it; global pooling does not."""
    model = classifier("flat", keras.layers.Flatten(), "softmax", SIZE)
    path, out = save(model, scratch), scratch / "sized"
    same_as_keras("behind Flatten", model, path, "predictions", start_image(3, 4, 2), [0, 1, 2], RGB, scratch,
                  "--filters", "0", logits=True)
    result = run(["--model", path, "--layer", "predictions", "--filters", 0, "--iterations", 1, "--out", out])
    check("the size is the file's unless told", result.code == 0 and manifest(out)["job"]["size"] == f"{SIZE}x{SIZE}",
          result)
    result = run(["--model", path, "--layer", "predictions", "--size", 80, "--out", scratch / "never"])
    check("another size is refused", result.code == 2 and "80 x 80, expected 64 x 64" in result.err, result)
    result = run(["--model", path, "--layer", "c", "--iterations", 1, "--overwrite", "--out", out])
    check("not before the Flatten", result.code == 0 and manifest(out)["job"]["size"] == "180x180", result)
    pooled = save(classifier("pooled", keras.layers.GlobalAveragePooling2D(), "softmax", SIZE), scratch)
    result = run(["--model", pooled, "--layer", "predictions", "--size", 80, "--filters", 0, "--iterations", 1,
                  "--overwrite", "--out", out])
    check("nor behind global pooling", result.code == 0 and manifest(out)["job"]["size"] == "80x80", result)


def embedded(scratch):
    """The public functions: a layer's output, the mean of a filter and its gradient."""
    model = sequential("embedded", 3, keras.layers.Conv2D(8, 3, activation="swish", name="a"),
                       keras.layers.Conv2D(5, 3, name="c"), keras.layers.GlobalAveragePooling2D(),
                       keras.layers.Dense(4, activation="softmax", name="d"))
    path, image = save(model, scratch), start_image(3, 9, 2)
    image.tofile(scratch / "image.raw")
    for layer, filter, logits in (("a", 3, False), ("c", 4, False), ("d", 2, True)):
        done = call([arguments.embedded, str(path), layer, str(filter), f"{SIZE}x{SIZE}", str(scratch / "image.raw"),
                     str(scratch / "answer.raw")])
        if not check(f"embedded {layer}: ends well", done.code == 0, done):
            continue
        batch = tf.constant(image[None])
        with tf.GradientTape() as tape:
            tape.watch(batch)
            output = extractor_of(model, layer, logits)(batch)
            mean = tf.reduce_mean(output[..., filter])
        wanted = [np.ravel(value) for value in (output, mean, tape.gradient(mean, batch))]
        found = np.split(np.fromfile(scratch / "answer.raw", "f4"), np.cumsum([len(value) for value in wanted])[:2])
        for what, ours, keras_value in zip(("output", "mean", "gradient"), found, wanted):
            distance = np.linalg.norm(ours - keras_value) / np.linalg.norm(keras_value)
            check(f"embedded {layer}: {what}", ours.shape == keras_value.shape and distance <= 1e-5, distance)


with scratch_folder() as folder:
    for part in (blue, photographs, channels, classes, sizes, embedded):
        part(pathlib.Path(folder))
finish()
