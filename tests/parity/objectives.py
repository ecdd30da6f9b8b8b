"""Objectives against Keras in float64: the value and its gradient by the image, within 1e-5 of the largest.

The formulas are Lucid's (lucid/optvis/objectives.py: channel, neuron, direction with cossim_pow, direction_neuron,
deepdream, channel_interpolate), written down again here. The program takes one step of plain gradient ascent from a
given image: the loss is the value, the way it went the gradient.

Usage: objectives.py --program convviz-mpi --source PROJECT
"""
import pathlib
import subprocess
import sys
import tempfile

from checks import begin, check, end

import h5py
import keras
import numpy as np
import tensorflow as tf

arguments = begin("program", "source")
BOUND, RATE, BORDER = 1e-5, 4096.0, 2
rng = np.random.RandomState(11)


def network():
    """Smooth, so that no float32 rounding changes a gradient by a leap."""
    image = keras.Input((24, 20, 3), name="image")
    a = keras.layers.Conv2D(8, 3, activation="tanh", name="a")(image)
    b = keras.layers.Conv2D(6, 3, strides=2, activation="tanh", padding="same", name="b")(a)
    both = keras.layers.Concatenate(name="in ner:1")([b, keras.layers.Conv2D(4, 1, name="c")(b)])
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(both)
    return keras.Model(image, keras.layers.Dense(5, activation="softmax", name="classes")(pooled))


def maps_of(model, x):
    names = ("a", "b", "c", "in ner:1", "classes")
    maps = dict(zip(names, keras.Model(model.input, [model.get_layer(name).output for name in names])(x)))
    pooled = tf.reduce_mean(maps["in ner:1"], [1, 2])
    dense = model.get_layer("classes")
    maps["logits"] = pooled @ tf.cast(dense.kernel.value, pooled.dtype) + tf.cast(dense.bias.value, pooled.dtype)
    return maps


def crop(t, border):
    return t[:, border:t.shape[1] - border, border:t.shape[2] - border]


def channel(layer, k, border=BORDER):
    return lambda maps: tf.reduce_mean(crop(maps[layer], border)[..., k])


def neuron(layer, k, x=None, y=None):
    def value(maps):
        t = maps[layer]
        return t[0, t.shape[1] // 2 if y is None else y, t.shape[2] // 2 if x is None else x, k]
    return value


def dot_cossim(x, y, power):
    dot = tf.reduce_sum(x * y, -1)
    if power == 0:
        return tf.reduce_mean(dot)
    size = lambda v: tf.sqrt(tf.reduce_sum(v * v, -1))
    cosine = dot / (1e-4 + size(x)) / (1e-4 + size(y))
    return tf.reduce_mean(dot * tf.maximum(tf.constant(0.1, x.dtype), cosine) ** power)


def direction(layer, row, power=0, border=BORDER):
    return lambda maps: dot_cossim(crop(maps[layer], border), DIRECTIONS[row].astype("d"), power)


def direction_neuron(layer, row, x, y, power):
    return lambda maps: dot_cossim(maps[layer][:, y, x], DIRECTIONS[row].astype("d"), power)


def deepdream(layer, border=BORDER):
    return lambda maps: tf.reduce_mean(crop(maps[layer], border) ** 2)


def vector(layer, k):
    return lambda maps: maps[layer][0, k]


def weighted(*terms):
    return lambda maps: sum(weight * term(maps) for weight, term in terms)


def row(first, last, share):
    return weighted((1 - share, first), (share, last))


DIRECTIONS = rng.normal(0, 1, (3, 8)).astype("f")

CASES = [
    (["channel:a:3"], [channel("a", 3)]),
    (["channel:a:3", "--loss-border", "0"], [channel("a", 3, 0)]),
    (["channel", "--layer", "b", "--filters", "1,4"], [channel("b", 1), channel("b", 4)]),
    (["-channel:a:3"], [weighted((-1, channel("a", 3)))]),
    (["channel:a:3", "--sign", "negative"], [weighted((-1, channel("a", 3)))]),
    (["channel:'in ner:1':7"], [channel("in ner:1", 7)]),
    (["neuron:a:2"], [neuron("a", 2)]),
    (["neuron:b:5@1,4"], [neuron("b", 5, 1, 4)]),
    (["neuron", "--layer", "a,c", "--filters", "0-1"], [neuron("a", 0), neuron("a", 1), neuron("c", 0), neuron("c", 1)]),
    (["direction:a:1"], [direction("a", 1)]),
    (["direction:a:0^1"], [direction("a", 0, 1)]),
    (["direction:a:2^3", "--loss-border", "0"], [direction("a", 2, 3, 0)]),
    (["direction:a:2@3,5^2"], [direction_neuron("a", 2, 3, 5, 2)]),
    (["direction", "--layer", "a", "--filters", "all"], [direction("a", i) for i in range(3)]),
    (["layer:b"], [deepdream("b")]),
    (["layer", "--layer", "a,in ner:1", "--loss-border", "0"], [deepdream("a", 0), deepdream("in ner:1", 0)]),
    (["logit:classes:4"], [vector("logits", 4)]),
    (["logit:classes:two"], [vector("logits", 2)]),
    (["channel", "--layer", "classes", "--filters", "1"], [vector("logits", 1)]),
    (["probability:classes:4"], [vector("classes", 4)]),
    (["-2 probability:classes:0 + logit:classes:1"], [weighted((-2, vector("classes", 0)), (1, vector("logits", 1)))]),
    (["channel:a:3 + -0.5 channel:a:6"], [weighted((1, channel("a", 3)), (-0.5, channel("a", 6)))]),
    (["1.5*channel:b:1 - 0.25 layer:a + 2 neuron:c:3@2,2 + direction:a:1^2"],
     [weighted((1.5, channel("b", 1)), (-0.25, deepdream("a")), (2, neuron("c", 3, 2, 2)), (1, direction("a", 1, 2)))]),
    (["channel - 0.5 channel:b:0", "--layer", "c", "--filters", "2"],
     [weighted((1, channel("c", 2)), (-0.5, channel("b", 0)))]),
    (["channel:a:0 to 2 channel:b:1 in 3"], [row(channel("a", 0), weighted((2, channel("b", 1))), t) for t in (0, .5, 1)]),
    (["layer:b; neuron:a:7"], [deepdream("b"), neuron("a", 7)]),
]


def run(folder, model, words):
    out = folder / "out"
    command = [arguments.program, "--model", model, "--objective", *words, "--init", folder / "start.h5", "--size", "24x20",
               "--preprocess", "tf", "--iterations", "1", "--optimizer", "sgd", "--momentum", "0", "--learning-rate",
               str(RATE), "--save-raw", "--rescue", "off", "--out", out, "--overwrite", "--quiet", "--labels",
               folder / "labels.txt"]
    if "direction" in words[0]:
        command += ["--directions", folder / ("directions.h5" if "^" in words[0] else "directions.txt")]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words}: exit {done.returncode}: {done.stderr[-500:]}")
    pairs = []
    files = sorted((out / "layers").glob("*.h5"), key=lambda path: path.stat().st_mtime_ns)
    for path in files:
        with h5py.File(path) as file:
            pairs += zip(file["loss"][:, 0], file["raw"][:])
    return pairs


def far(ours, wanted):
    wanted = np.asarray(wanted, "d")
    return np.abs(np.asarray(ours, "d") - wanted).max() / np.abs(wanted).max()


def compare(words, wanted, found, model, x):
    """Files come in any order: each of ours is of the objective whose value is nearest."""
    image = tf.constant(x[None].astype("d"))
    left = []
    for objective in wanted:
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = objective(maps_of(model, image))
        left.append((float(value), tape.gradient(value, image)[0].numpy()))
    good, worst = len(left) == len(found), 0.0
    for value, raw in found if good else ():
        best = min(range(len(left)), key=lambda i: abs(left[i][0] - value))
        exact, gradient = left.pop(best)
        errors = abs(value - exact) / max(abs(exact), 1e-2), far((raw.astype("d") - x) / RATE, gradient)
        worst = max(worst, *errors)
        good = good and max(errors) <= BOUND
    check(f"{' '.join(words)}: {len(found)} pictures, {worst:.1e}", good)


def diversity(maps, layer, border=BORDER):
    """Lucid's, of all pictures together."""
    t = crop(maps[layer], border)
    flat = tf.reshape(t, [t.shape[0], -1, t.shape[-1]])
    grams = tf.math.l2_normalize(tf.matmul(flat, flat, transpose_a=True), axis=[1, 2], epsilon=1e-10)
    n = t.shape[0]
    return sum(tf.reduce_sum(grams[i] * grams[j]) for i in range(n) for j in range(n) if j != i) / n


def repeats_of(folder, model, expression, count, rate):
    out = folder / "repeats"
    command = [arguments.program, "--model", model, "--objective", expression, "--size", "24x20", "--preprocess", "tf",
               "--iterations", "1", "--optimizer", "sgd", "--momentum", "0", "--learning-rate", rate, "--save-raw",
               "--repeats", count, "--keep-repeats", "--out", out, "--overwrite", "--quiet"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{expression}: exit {done.returncode}: {done.stderr[-500:]}")
    with h5py.File(next((out / "layers").glob("*.h5"))) as file:
        groups = [file[f"variants/repeat_{i}"] for i in range(count)]
        return np.stack([g["raw"][0] for g in groups]), np.array([g["loss"][0, 0] for g in groups]), file["score"][0]


def compare_diversity(folder, model, exact):
    """Each picture's loss has its own part of n times Lucid's sum; the gradients are those of that sum."""
    count, expression = 3, "2 channel:b:4 - 5 diversity:a + -1 diversity:'in ner:1'"
    start, _, _ = repeats_of(folder, model, expression, count, 0)
    after, losses, score = repeats_of(folder, model, expression, count, RATE)
    images = tf.constant(start.astype("d"))
    with tf.GradientTape() as tape:
        tape.watch(images)
        maps = maps_of(exact, images)
        value = 2 * tf.reduce_sum(tf.reduce_mean(crop(maps["b"], BORDER)[..., 4], [1, 2]))
        value -= count * (5 * diversity(maps, "a") + diversity(maps, "in ner:1"))
    gradient = tape.gradient(value, images).numpy()
    errors = (abs(losses.sum() - float(value)) / abs(float(value)), far((after.astype("d") - start) / RATE, gradient))
    good = max(errors) <= BOUND and len({a.tobytes() for a in start}) == count
    check(f"{expression}: {count} pictures together, {max(errors):.1e}", good)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = network()
        for layer in model.layers:
            layer.set_weights([rng.normal(0, 0.3, w.shape).astype("f") for w in layer.get_weights()])
        model.save(folder / "smooth.keras")
        keras.config.set_dtype_policy("float64")
        exact = network()
        exact.set_weights(model.get_weights())
        x = rng.uniform(-1, 1, (24, 20, 3)).astype("f")
        with h5py.File(folder / "start.h5", "w") as file:
            file["image"] = x
        with h5py.File(folder / "directions.h5", "w") as file:
            file["directions"] = DIRECTIONS
        np.savetxt(folder / "directions.txt", DIRECTIONS, fmt="%.9g", header="three directions of layer a")
        (folder / "labels.txt").write_text("zero\none\ntwo\nthree\nfour\n")
        for words, wanted in CASES:
            compare(words, wanted, run(folder, folder / "smooth.keras", words), exact, x)
        compare_diversity(folder, folder / "smooth.keras", exact)
    end()


main()
