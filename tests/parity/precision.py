"""Gradients in bfloat16 beside those of Keras: ours must be closer to float32 Keras than Keras's own mixed_bfloat16.

Usage: precision.py --probe PROGRAM --source PROJECT --work FOLDER

Both round what they multiply to 8 bits, so some units lie on the other side of their ReLU, and the gradient jumps there.
How large that may be is told by Keras itself. Layers without a ReLU have bounds of rounding: tests/engine/bf16_test.c.
"""
import pathlib
import subprocess
import sys

from checks import begin, check, end

arguments = begin("probe", "source", "work")

# The flag of the processor, before anything is loaded.
cpu = pathlib.Path("/proc/cpuinfo")
if not cpu.exists() or "avx512_bf16" not in cpu.read_text():
    print("skipped: this processor has no AVX512-BF16")
    sys.exit()

import keras
import numpy as np
import tensorflow as tf

import make_models

SIZE = (101, 101)
LOSS = 2.0 ** -5  # of max(|loss|, 1): 2^-8 of each layer, which add up like random numbers over some tens of them
LAYERS = ["conv2_block1_out", "conv2_block3_out", "conv3_block4_out"]
work = arguments.work
engine = subprocess.check_output([arguments.probe], text=True).split()[:2]


def keras_pass(model, layer, channel, image):
    extractor = keras.Model(model.inputs, model.get_layer(layer).output)
    image = tf.constant(image[None])
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = tf.reduce_mean(tf.cast(extractor(image, training=False), "float32")[:, 2:-2, 2:-2, channel])
    return float(loss), tape.gradient(loss, image).numpy()[0].astype("f8")


def ours(layer, channel, image, precision):
    image.tofile(work / "image.raw")
    told = subprocess.check_output(
        [arguments.probe, str(work / "ResNet50V2.h5"), "-", layer, str(channel), *map(str, SIZE), "1", *engine, "1",
         str(work / "image.raw"), str(work / "result.raw"), precision], text=True)
    return float(told), np.fromfile(work / "result.raw", "f4").reshape(2, *image.shape)[1].astype("f8")


def in_bfloat16(model):
    keras.config.set_dtype_policy("mixed_bfloat16")
    twin = make_models.family("ResNet50V2")
    keras.config.set_dtype_policy("float32")
    twin.set_weights(model.get_weights())
    return twin


model = make_models.write(work, "ResNet50V2")
mixed = in_bfloat16(model)
image = (np.random.default_rng(0).random((*SIZE, 3), dtype="f4") * 2 - 1).astype("f4")
for layer in LAYERS:
    for channel in (0, 5):
        loss, gradient = keras_pass(model, layer, channel, image)
        by_keras = keras_pass(mixed, layer, channel, image)[1]
        answer, by_us = ours(layer, channel, image, "bf16")
        far = [float(np.linalg.norm(found - gradient) / np.linalg.norm(gradient)) for found in (by_us, by_keras)]
        # An error that float32 does not have shows that numbers were rounded at all.
        fine = 1e-3 < far[0] <= far[1] and abs(answer - loss) <= LOSS * max(abs(loss), 1)
        check(f"{layer}[{channel}]: loss {loss:.5g}, ours {answer:.5g}; gradient off by {far[0]:.1e}, Keras in bfloat16 by "
              f"{far[1]:.1e}", fine)
end()
