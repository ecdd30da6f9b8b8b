"""Compares gradients through redirected ReLUs with a TensorFlow of Lucid's rule, on dead and on live units.

Usage: redirect.py --probe PROGRAM --source PROJECT --work FOLDER

The rule is lucid/misc/redirected_relu_grad.py, written here once more as tf.custom_gradient in place of the activations
of the Keras models: InceptionV3 with the bundled weights (ReLU), and MobileNetV2 (ReLU6) with random weights, in which
some channels are pushed below 0 and some beyond 6. The networks compute in float64. A gradient must be within 1e-4 of
theirs (relative L2), or within 2e-5 after flips of ReLUs and maxima within rounding, as in parity.py (flips.py).
"""
import subprocess
import sys

from checks import begin

arguments = begin("probe", "source", "work")

import numpy as np
import tensorflow as tf

import flips
import make_models
from bundled import bundled_model

STRICT, EXACT = 1e-4, 2e-5
work = arguments.work
engines = [line.split() for line in subprocess.check_output([arguments.probe], text=True).splitlines()]


def redirected(high):
    """A ReLU with its gradient as Lucid has it, but of what is raised; high is 6 for ReLU6."""

    @tf.custom_gradient
    def activation(x):
        def gradient(g):
            low_end, high_end = x <= 0, x >= high
            passed = tf.where(low_end | high_end, tf.zeros_like(g), g)
            away = (low_end & (g < 0)) | (high_end & (g > 0))
            back = tf.where(away, tf.zeros_like(g), g)
            magnitude = tf.norm(tf.reshape(passed, [tf.shape(g)[0], -1]), axis=1)
            return tf.where(magnitude[:, None, None, None] > 0, passed, back)

        return tf.clip_by_value(x, 0, high), gradient

    return activation


class Clamp(flips.Clamp):
    def __init__(self, maximum=None):
        super().__init__(maximum)
        self.rule = redirected(maximum or np.inf)

    def __call__(self, x):
        self.made = self.rule(self.nudged(x))
        return self.made


flips.Clamp = Clamp  # from which flips.py makes its networks


def mobilenet():
    """Some channels of the two targets are below 0 and some beyond 6; of two layers before them all are."""
    model = make_models.build("MobileNetV2")
    for name in ("block_3_expand_BN", "block_6_depthwise_BN"):
        norm = model.get_layer(name)
        beta = norm.beta.numpy()
        beta[:8], beta[8:16] = -30, 30
        norm.beta.assign(beta)
    for name, beta in (("block_1_expand_BN", -30), ("block_2_expand_BN", 30)):
        norm = model.get_layer(name)
        norm.beta.assign(np.full(norm.beta.shape, beta, "f4"))
    path = work / "redirect_mobilenet.h5"
    model.save(path)
    return model, path


def objective(activation, channel):
    return activation[:, 2:-2, 2:-2, channel]


def ask(path, layer, channel, engine, image, *more):
    image.tofile(work / "image.raw")
    said = subprocess.check_output([arguments.probe, str(path), "-", layer, str(channel), *map(str, image.shape[:2]),
                                    "1", *engine, "1", str(work / "image.raw"), str(work / "result.raw"), *more])
    return float(said), np.fromfile(work / "result.raw", "f4").reshape(2, *image.shape)[1]


def verdict(judge, loss, gradient):
    """Whether it is right, and why."""
    distance = np.linalg.norm(gradient - judge.base.gradient) / (np.linalg.norm(judge.base.gradient) or 1)
    said, fine = f"{distance:.1e}", distance <= STRICT
    if not fine:
        residual, flipped, _ = judge.explain(gradient)
        said, fine = f"{distance:.1e}, {residual:.1e} after {flipped} flips", residual <= EXACT
    return fine and abs(loss - judge.base.loss) <= 1e-5 * max(abs(judge.base.loss), 1e-3), said


def compare(title, model, path, layer, channels):
    """Whether all of the channels agree, and how many were dead without the redirection."""
    image = (np.random.default_rng(1).random((150, 150, 3), dtype="f4") * 2 - 1).astype("f4")
    twins, dead, right = [flips.twin_model(model, dtype) for dtype in ("float64", "float32")], 0, True
    for index, channel in enumerate(channels):
        engine = engines[index % len(engines)]
        judge = flips.Judge(*twins, layer, channel, image, objective)
        plain = ask(path, layer, channel, engine, image)[1]
        fine, said = verdict(judge, *ask(path, layer, channel, engine, image, "redirect"))
        rescued = not plain.any() and judge.base.gradient.any()
        dead, right = dead + rescued, right and fine
        print(f"{'' if fine else 'FAIL '}{title} {layer}[{channel}] {'/'.join(engine)}{' dead' if rescued else ''}: "
              f"gradient {said}", flush=True)
    return right, dead


results = []
path = arguments.source / "weights/inception_v3_imagenet_mixed5.h5"
model = bundled_model(path)[0]  # the targets have the names that they have in the file
for layer, channels in (("mixed3", range(0, 768, 192)), ("mixed4", range(5, 768, 192)), ("mixed5", range(9, 768, 192))):
    results.append(compare("InceptionV3", model, path, layer, channels))
model, path = mobilenet()
for layer in ("block_3_expand_relu", "block_6_depthwise_relu"):
    results.append(compare("MobileNetV2", model, path, layer, [0, 7, 8, 20, 30, 40]))
sys.exit(not (all(right for right, _ in results) and all(dead for _, dead in results)))
