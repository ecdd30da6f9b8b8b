"""Times gradient ascent in Keras on TensorFlow (CPU), as the example "Visualizing what convnets learn" does it.

Usage: keras_step.py NET LAYER HEIGHTxWIDTH|SIZE [SECONDS [THREADS]]
       NET is a constructor of keras.applications; SECONDS of steady steps, 3 without; THREADS 1, 0 for all cores

Prints one JSON object with milliseconds per step: step_ms_median and step_ms_min in steady state (traced once), and
as_written_ms for the example as it is written: with a Python integer as the filter's index, tf.function traces once
for each filter, so it is 30 steps of a filter with the tracing included; the lesser of two filters. Weights are
random: the time does not depend on them.
"""
import json
import os
import statistics
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import tensorflow as tf

STEPS = 30
RATE = 10.0
FEWEST = 3


def make_step(network, layer):
    model = getattr(keras.applications, network)(weights=None, include_top=False)
    extractor = keras.Model(model.inputs, model.get_layer(layer).output)

    @tf.function
    def step(image, index, rate):
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = tf.reduce_mean(extractor(image)[:, 2:-2, 2:-2, index])
        return loss, image + rate * tf.math.l2_normalize(tape.gradient(loss, image))

    return step


def start(height, width):
    return (tf.random.uniform((1, height, width, 3)) - 0.5) * 0.25


def filter_as_written(step, size, index):
    begin = time.perf_counter()
    image = start(*size)
    for _ in range(STEPS):
        _, image = step(image, index, RATE)
    image.numpy()
    return (time.perf_counter() - begin) / STEPS


def steady(step, size, seconds):
    image, index, times = start(*size), tf.constant(3), []
    step(image, index, RATE)
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        begin = time.perf_counter()
        loss, image = step(image, index, RATE)
        float(loss)
        times.append(time.perf_counter() - begin)
    return times


def main(network, layer, size, seconds="3", threads="1"):
    if int(threads):
        tf.config.threading.set_intra_op_parallelism_threads(int(threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    height, _, width = size.partition("x")
    size = int(height), int(width or height)
    step = make_step(network, layer)
    filter_as_written(step, size, 0)
    as_written = min(filter_as_written(step, size, index) for index in range(1, 3))
    times = steady(step, size, float(seconds))
    print(json.dumps({"step_ms_median": 1e3 * statistics.median(times), "step_ms_min": 1e3 * min(times),
                      "as_written_ms": 1e3 * as_written, "keras": keras.__version__, "tensorflow": tf.__version__}))


if len(sys.argv) < 4:
    sys.exit(__doc__)
main(*sys.argv[1:])
