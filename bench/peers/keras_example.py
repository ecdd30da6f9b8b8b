"""Keras's example "Visualizing what convnets learn" (F. Chollet) as it is written: 64 filters of a layer of ResNet50V2,
30 steps each at 180 x 180, stitched into one picture.

Usage: keras_example.py MODEL.h5 PICTURE.png

MODEL.h5 is a full Keras file. Uses all cores, as Keras does.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

SIDE = 180
LAYER = "conv3_block4_out"
COLUMNS = 8
MARGIN = 5

model = keras.models.load_model(sys.argv[1], compile=False)
feature_extractor = keras.Model(inputs=model.inputs, outputs=model.get_layer(LAYER).output)


def compute_loss(image, filter_index):
    activation = feature_extractor(image)
    return tf.reduce_mean(activation[:, 2:-2, 2:-2, filter_index])


@tf.function
def gradient_ascent_step(image, filter_index, learning_rate):
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = compute_loss(image, filter_index)
    gradients = tf.math.l2_normalize(tape.gradient(loss, image))
    return loss, image + learning_rate * gradients


def picture_of(image):
    image -= image.mean()
    image /= image.std() + 1e-5
    image = image * 0.15
    image = image[25:-25, 25:-25, :]
    return (np.clip(image + 0.5, 0, 1) * 255).astype("uint8")


def visualize_filter(filter_index):
    image = (tf.random.uniform((1, SIDE, SIDE, 3)) - 0.5) * 0.25
    for _ in range(30):
        _, image = gradient_ascent_step(image, filter_index, 10.0)
    return picture_of(image[0].numpy())


tile = SIDE - 2 * 25
side = COLUMNS * tile + (COLUMNS - 1) * MARGIN
stitched = np.zeros((side, side, 3))
for index in range(COLUMNS * COLUMNS):
    row, column = divmod(index, COLUMNS)
    y, x = row * (tile + MARGIN), column * (tile + MARGIN)
    stitched[y : y + tile, x : x + tile] = visualize_filter(index)
tf.io.write_file(sys.argv[2], tf.io.encode_png(stitched.astype("uint8")))  # save_img would need Pillow
