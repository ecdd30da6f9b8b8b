"""Compares loss, gradient and first steps of the ascent with real Keras, on units that are alive there.

Usage: parity.py --probe PROGRAM --source PROJECT --work FOLDER [NAME...]

NAME is a model of make_models.py, or a group of them: small, odd, networks. Without a name all are compared.

Bounds, all strict:
- loss: within 1e-5 * max(|loss|, 1e-3) of Keras
- gradient of one step: within 1e-4 of Keras (relative L2)
- losses of the next two steps: within 1e-3 of Keras's own ascent
- gradients of two instruction sets or GEMM backends: within 1e-5 of each other

Keras rounds too, so a unit that misses a bound is judged by the same network in float64, for the same image:
- its gradient must be within 2e-5 of the exact one, with or without ReLUs and maxima flipped that lie within
  rounding of their kink (flips.py). Every flip is whole, and all are printed by their number. A distance that flips
  do not explain fails.
- its loss must be within 1e-5 * max(|loss|, 1e-3) of the exact one or, where the loss is small because activations
  cancel or a single one is small, within 1e-5 of the layer's activations (root mean square): they round by their
  size.
- two of our engines must be within 2e-5 of each other after the flips of each.
- ascents part after a flip. Then every step is judged by itself, from the image that our ascent had reached, and
  that image must follow from the one before by Keras's update.

A unit is alive if its gradient in Keras, for an input range of 2, has a norm above 1e-4. For every network the judge
is shown a gradient with 2e-4 of noise and one of slightly wrong weights, and must reject both.
"""
import collections
import functools
import pathlib
import subprocess
import sys

from checks import begin


def more(parser):
    parser.add_argument("--table", help="of models.py: where its table goes")
    parser.add_argument("names", nargs="*")


arguments = begin("probe", "source", "work", more=more)

import keras
import numpy as np
import tensorflow as tf

import flips
import make_models
from bundled import bundled_model

ALIVE = 1e-4
LOSS, GRADIENT, LATER = 1e-5, 1e-4, 1e-3
EXACT = 2e-5  # of the float64 gradient, after flips
AGREE = 1e-5  # between our own engines
RATE = np.float32(10)
STEPS = 3
BUNDLED = "inception_v3_imagenet_mixed5"
work = arguments.work
engines = [line.split() for line in subprocess.check_output([arguments.probe], text=True).splitlines()]
counts = collections.Counter()
worst = collections.defaultdict(float)

Network = collections.namedtuple("Network", "title model path arch names twins")
Unit = collections.namedtuple("Unit", "network layer channel one_channel")
Answer = collections.namedtuple("Answer", "losses images gradients")
Verdict = collections.namedtuple("Verdict", "kind said")


def network(title, model, path, arch="-", names=None):
    """`names`: of the layers in the file, by their names in the model. The judge's networks are made when needed."""
    twins = functools.cache(lambda: [flips.twin_model(model, dtype) for dtype in ("float64", "float32")])
    return Network(title, model, path, arch, names or {layer.name: layer.name for layer in model.layers}, twins)


def bundled():
    path = pathlib.Path(arguments.source) / f"weights/{BUNDLED}.h5"
    model, names = bundled_model(path)
    return network("bundled InceptionV3", model, path, names=names)


def objective(activation, channel):
    """What the loss is the mean of: the example's crop of one channel, all of it where the crop would be empty."""
    if len(activation.shape) == 2:
        return activation[:, channel]
    small = activation.shape[1] < 5 or activation.shape[2] < 5
    return activation[..., channel] if small else activation[:, 2:-2, 2:-2, channel]


def keras_pass(extractor, image, channel):
    image = tf.constant(image[None])
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = tf.reduce_mean(objective(extractor(image, training=False), channel))
    return float(loss), tape.gradient(loss, image).numpy()[0]


last_passes = {}


def reference(unit, image):
    """Keras's loss and gradient; those of the last unit are kept, since several engines are compared with them."""
    key = (unit.network.title, unit.layer, unit.channel)
    if key not in last_passes:
        last_passes.clear()
        model = unit.network.model
        last_passes[key] = keras.Model(model.inputs[0], model.get_layer(unit.layer).output), {}
    extractor, passes = last_passes[key]
    if image.tobytes() not in passes:
        passes[image.tobytes()] = keras_pass(extractor, image, unit.channel)
    return passes[image.tobytes()]


def relative(a, b):
    """Distance of a from b, relative to b."""
    distance = np.linalg.norm(a.astype("f8") - b)
    return float(distance / np.linalg.norm(b.astype("f8"))) if distance else 0.0


def loss_error(loss, wanted):
    return abs(loss - wanted) / max(abs(wanted), 1e-3)


def climb(image, gradient):
    norm = np.sqrt(max(float((gradient.astype("f8") ** 2).sum()), 1e-12))
    return image + RATE * (gradient * np.float32(1 / norm))


def ask(unit, engine, image, steps):
    """Our answer, or the line with which the probe failed."""
    image.tofile(work / "image.raw")
    net = unit.network
    result = subprocess.run(
        [arguments.probe, str(net.path), net.arch, net.names[unit.layer], str(unit.channel), *map(str, image.shape[:2]),
         str(steps), *engine, str(int(unit.one_channel)), str(work / "image.raw"), str(work / "result.raw")],
        capture_output=True, text=True)
    if result.returncode:
        return result.stderr.strip() or f"the probe ended with {result.returncode}"
    passes = np.fromfile(work / "result.raw", "f4").reshape(-1, 2, *image.shape)
    return Answer([float(x) for x in result.stdout.split()], passes[:, 0], passes[:, 1])


last_judge = {}


def judge(unit, image):
    """The judge of a unit and an image; the last one is kept, since several of our engines may need it."""
    key = (unit.network.title, unit.layer, unit.channel, image.tobytes())
    if key not in last_judge:
        last_judge.clear()
        last_judge[key] = flips.Judge(*unit.network.twins(), unit.layer, unit.channel, image, objective)
    return last_judge[key]


def note(kind, value):
    worst[kind] = max(worst[kind], value)
    return value


def verdict(unit, image, keras_loss, keras_gradient, loss, gradient):
    """Of one pass: "strict", "exact" (float64 Keras agrees), "flips" (with some flipped) or "FAIL"."""
    by_loss, by_gradient = loss_error(loss, keras_loss), relative(gradient, keras_gradient)
    said = f"loss {keras_loss:.5g} error {by_loss:.1e}, gradient {by_gradient:.1e}"
    if by_loss <= LOSS and by_gradient <= GRADIENT:
        note("loss", by_loss), note("gradient", by_gradient)
        return Verdict("strict", said)
    exact = judge(unit, image)
    by_loss = loss_error(loss, exact.base.loss)
    by_scale = abs(loss - exact.base.loss) / exact.base.scale
    residual, flipped, _ = exact.explain(gradient)
    note("residual", residual)
    said += f"; float64: loss error {by_loss:.1e} ({by_scale:.1e} of the layer), gradient {residual:.1e} after " \
            f"{flipped} flips of {len(exact.candidates or [])} candidates"
    if residual > EXACT or min(by_loss, by_scale) > LOSS:
        return Verdict("FAIL", said)
    if by_loss > LOSS:
        counts["losses by the layer's scale"] += 1
        note("loss by the layer's scale", by_scale)
    return Verdict("flips" if flipped else "exact", said)


def later_verdict(unit, gradient, answer):
    """Of the steps after the first: "strict" by Keras's own ascent, "by step" if each holds by itself, or "FAIL".
    `gradient` is Keras's of the first."""
    image, errors = answer.images[0], []
    for ours in answer.losses[1:]:
        image = climb(image, gradient)
        loss, gradient = reference(unit, image)
        errors.append(loss_error(ours, loss))
    said = f"later losses {max(errors):.1e}"
    if all(error <= LATER for error in errors):
        note("later losses", max(errors))
        return Verdict("strict", said)
    found = ["FAIL"] if len(answer.images) < STEPS and answer.gradients[-1].any() else []
    for step in range(1, len(answer.images)):
        if not np.allclose(answer.images[step], climb(answer.images[step - 1], answer.gradients[step - 1]), 1e-6, 1e-6):
            return Verdict("FAIL", f"{said}; step {step} is not Keras's update")
        wanted = reference(unit, answer.images[step])
        kind, more = verdict(unit, answer.images[step], *wanted, answer.losses[step], answer.gradients[step])
        found.append(kind)
        said += f"; step {step}: {kind} {more}"
    return Verdict("FAIL" if "FAIL" in found else "by step", said)


def engines_verdict(unit, image, first, engine):
    """Another engine of ours against the first."""
    other = ask(unit, engine, image, 1)
    if isinstance(other, str):
        return Verdict("FAIL", f"{'/'.join(engine)}: {other}")
    distance = relative(other.gradients[0], first.gradients[0])
    said = f"{'/'.join(engine)} {distance:.1e}"
    if distance <= AGREE:
        note("engines", distance)
        return Verdict("strict", said)
    exact = judge(unit, image)
    found = [exact.explain(answer.gradients[0]) for answer in (first, other)]
    apart = float(np.linalg.norm(found[1][2] - found[0][2]) / np.linalg.norm(exact.base.gradient))
    note("engines after flips", apart)
    said += ", float64: " + " and ".join(f"{residual:.1e} after {flipped} flips" for residual, flipped, _ in found)
    kind = "flips" if found[0][1] + found[1][1] else "exact"
    fine = max(apart, found[0][0], found[1][0]) <= EXACT
    return Verdict(kind if fine else "FAIL", f"{said}, then {apart:.1e} apart")


def report(group, title, verdict):
    counts[f"{group} {verdict.kind}"] += 1
    counts["failures"] += verdict.kind == "FAIL"
    print(f"{verdict.kind:7} {group}: {title}: {verdict.said}", flush=True)


def compare(unit, size, seed, engine, others=()):
    """One unit; whether it is alive in Keras."""
    net = unit.network
    image = random_image(net.model, size, seed)
    loss, gradient = reference(unit, image)
    if np.linalg.norm(gradient) * (127.5 if scales_itself(net.model) else 1) <= ALIVE:
        return False
    title = f"{net.title} {net.names[unit.layer]}[{unit.channel}] {size[0]}x{size[1]} {'/'.join(engine)} " \
            f"{'one' if unit.one_channel else 'all'}"
    answer = ask(unit, engine, image, STEPS)
    if isinstance(answer, str):
        report("first", title, Verdict("FAIL", answer))
        return True
    report("first", title, verdict(unit, image, loss, gradient, answer.losses[0], answer.gradients[0]))
    for other in others:
        report("engines", title, engines_verdict(unit, image, answer, other))
    report("later", title, later_verdict(unit, gradient, answer))
    return True


def scales_itself(model):
    return any(type(layer).__name__ == "Rescaling" for layer in model.layers)


def random_image(model, size, seed):
    generator = np.random.default_rng(seed)
    scale, shift = (255, 0) if scales_itself(model) else (2, -1)
    return (generator.random((*size, model.inputs[0].shape[-1]), dtype="f4") * scale + shift).astype("f4")


def targets(model, ranks=(2, 4)):
    """Layers that are called once, so that their output is one map or vector."""
    return [layer.name for layer in model.layers
            if not isinstance(layer, (keras.Model, keras.layers.InputLayer)) and len(layer._inbound_nodes) == 1
            and len(layer.output.shape) in ranks]


def depends_on_image_alone(model, layer):
    """Whether a model of the image alone has the layer."""
    try:
        keras.Model(model.inputs[0], model.get_layer(layer).output)
    except ValueError:
        return False
    return True


def at_depths(names, count):
    step = max(1, len(names) // count)
    return names[::-1][::step][:count]


def compare_network(net, sizes, depths=4, ranks=(2, 4)):
    """Compares a live unit in each of `depths` layers, the last one first, and two other engines in turn with it."""
    live = 0
    known = [layer for layer in targets(net.model, ranks) if layer in net.names]
    for index, layer in enumerate(at_depths(known, depths)):
        channels = net.model.get_layer(layer).output.shape[-1]
        others = [engines[1 + (2 * index + i) % (len(engines) - 1)] for i in range(min(2, len(engines) - 1))]
        live += any(compare(Unit(net, layer, (17 * attempt + 5 * index) % channels, index % 3 != 2),
                            sizes[index % len(sizes)], attempt, engines[0], others) for attempt in range(8))
    if live < depths:
        report("alive", net.title, Verdict("FAIL", f"{live} layers had a live unit, expected {depths}"))


def compare_by_arch(net, name, path, size):
    """Weights without a configuration must ascend as the whole file does, byte for byte, which is compared with Keras."""
    layer, image = targets(net.model)[-1], random_image(net.model, size, 0)
    for engine in engines[:3]:
        whole, weights = (ask(Unit(n, layer, 0, True), engine, image, STEPS)
                          for n in (net, net._replace(path=path, arch=name)))
        told = [answer for answer in (whole, weights) if isinstance(answer, str)]
        same = not told and all(map(np.array_equal, whole, weights)) and whole.gradients.any()
        report("arch", f"{net.title} by --arch {layer}[0] {'/'.join(engine)}",
               Verdict("strict" if same else "FAIL", " ".join(told) or ("the same" if same else "other") + " bytes"))


def kernel_too_large(single, layer, image, channel):
    """The gradient of the network whose first kernel is 5e-4 too large."""
    kernel = next(weight for weight in single.weights if weight.name == "kernel")
    value = kernel.numpy()
    kernel.assign(value * np.float32(1 + 5e-4))
    gradient = keras_pass(keras.Model(single.inputs, single.get_layer(layer).output), image, channel)[1]
    kernel.assign(value)
    return gradient


def reject_wrong_gradients(net, size):
    """The judge must not explain by flips what is wrong."""
    layer, image = targets(net.model, (4,))[-1], random_image(net.model, size, 0)
    judges = (judge(Unit(net, layer, channel, True), image) for channel in range(20))
    exact = next(found for found in judges if np.linalg.norm(found.base.gradient) > ALIVE)
    gradient = exact.base.gradient
    noise = np.random.default_rng(1).normal(size=gradient.shape)
    wrong = {"2e-4 of noise": gradient + 2e-4 * np.linalg.norm(gradient) / np.linalg.norm(noise) * noise,
             "a kernel 5e-4 too large": kernel_too_large(net.twins()[1], layer, image, exact.channel)}
    for what, gradient in wrong.items():
        residual, flipped, _ = exact.explain(gradient)
        report("wrong", f"{net.title} {layer}[{exact.channel}] {what}",
               Verdict("strict" if residual > GRADIENT else "FAIL",
                       f"still {residual:.1e} after {flipped} flips of {len(exact.candidates)} candidates"))


def family(name):
    model = make_models.write(work, name)
    heavy = name in ("VGG16", "InceptionResNetV2")
    sizes = [(96, 96), (90, 121), (101, 101)] if heavy else [(101, 101), (120, 151), (180, 180)]
    net = network(name, model, work / f"{name}.h5")
    compare_network(net, sizes)
    reject_wrong_gradients(net, sizes[0])
    if name in ("ResNet50V2", "InceptionV3", "MobileNetV2"):
        compare_by_arch(net, name, work / f"{name}.weights-only.h5", sizes[0])


def top(name):
    """Networks with their classifier; the targets are vectors."""
    model = make_models.write(work, name)
    size = tuple(model.inputs[0].shape[1:3])
    compare_network(network(name, model, work / f"{name}.h5"), [size], len(targets(model, (2,))), (2,))


def trained():
    compare_network(bundled(), [(180, 180), (101, 101), (120, 151)], depths=8)


def small(name):
    model = make_models.write(work, name)
    net = network(name, model, work / f"{name}.h5")
    shape = model.inputs[0].shape
    size = (shape[1] or 37, shape[2] or 41)
    for index, layer in enumerate(targets(model)):
        channel = min(1, model.get_layer(layer).output.shape[-1] - 1)
        for engine in engines if layer == targets(model)[-1] else engines[:1]:
            for one_channel in (True, False):
                compare(Unit(net, layer, channel, one_channel), size, index, engine)


def odd(name):
    """A hand-made model of odd_models.py: a live unit of each layer, by the first engine, and of the last one by all."""
    model = make_models.write(work, name)
    net = network(name, model, work / f"{name}.h5")
    shape = model.inputs[0].shape
    size = (shape[1] or 29, shape[2] or 34)
    known = [layer for layer in targets(model) if depends_on_image_alone(model, layer)]
    for index, layer in enumerate(known):
        channels = model.get_layer(layer).output.shape[-1]
        last = layer == known[-1]
        live = any(compare(Unit(net, layer, (attempt + index) % channels, index % 2 == 0), size, attempt, engines[0],
                           engines[1:] if last else ()) for attempt in range(8))
        if last and not live:
            report("alive", name, Verdict("FAIL", f"{layer} has no live unit"))


odd_names = [function.__name__ for function in make_models.odd_models.singles] + list(make_models.pairs)
plain_names = [name for name in make_models.small_models if name not in odd_names]
groups = {"small": plain_names, "odd": odd_names, "networks": [BUNDLED, *make_models.tops, *make_models.families]}
kinds = [(plain_names, small), (odd_names, odd), ([BUNDLED], lambda name: trained()), (make_models.tops, top),
         (make_models.families, family)]


def summary():
    for kind in sorted(counts):
        print(f"{counts[kind]:5} {kind}")
    print("worst: " + ", ".join(f"{kind} {worst[kind]:.1e}" for kind in sorted(worst)))
    return bool(counts["failures"])


def main():
    for chosen in [name for asked in arguments.names or groups for name in groups.get(asked, [asked])]:
        before = sum(counts.values())
        next(test for names, test in kinds if chosen in names)(chosen)
        if sum(counts.values()) == before:
            report("alive", chosen, Verdict("FAIL", "nothing was compared"))
    return summary()


if __name__ == "__main__":
    sys.exit(main())
