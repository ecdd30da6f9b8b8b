#!/usr/bin/env python3
"""Writes Keras files that tests compare with: small hand-made models and networks of keras.applications.

    tests/model/make_models.py DIRECTORY [NAME...]

NAME is one of `families`, `tops` (networks with their classifier), `small_models` or `pairs` (odd_models.py); all of them without a name. Each
gives NAME.h5 (a full model in Keras's legacy HDF5 layout); the families also NAME.weights-only.h5, without the
configuration, to be read with --arch NAME. The weights are random but alive: He-normal kernels and, in whole
networks, batch norms whose statistics are close to those of what they see, as after training. With Keras's default
initialisers many units of a deep network are dead. The same name gives the same file, but for rounding in the
statistics.
"""

import os
import pathlib
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import h5py
import keras
import numpy as np
from keras import layers as L
import odd_models
from keras.src.legacy.saving import legacy_h5_format

families = [
    "ResNet50", "ResNet50V2", "VGG16", "InceptionV3", "InceptionResNetV2", "DenseNet121", "MobileNet", "MobileNetV2",
    "Xception", "EfficientNetB0",
]  # fmt: skip


def fan_in(layer, weight):
    shape = weight.shape
    depthwise = isinstance(layer, L.DepthwiseConv2D) or weight.name == "depthwise_kernel"
    return np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])


def random_value(layer, weight, random):
    if "kernel" in weight.name and isinstance(layer, L.Conv2DTranspose):
        return random.normal(0.0, np.sqrt(2.0 * np.prod(layer.strides) / np.prod([*weight.shape[:2], weight.shape[3]])),
                             weight.shape)
    if "kernel" in weight.name:
        return random.normal(0.0, np.sqrt(2.0 / fan_in(layer, weight)), weight.shape)
    if weight.name in ("gamma", "scale", "moving_variance", "variance"):
        return random.uniform(0.5, 1.5, weight.shape)
    if weight.name == "count":
        return np.zeros(weight.shape)
    return random.normal(0.0, 0.2, weight.shape)


def leaves(model):
    for layer in model.layers:
        yield from leaves(layer) if isinstance(layer, keras.Model) else [layer]


def randomize(model, random):
    """He-normal kernels and plausible values of all other weights."""
    for layer in leaves(model):
        for weight in layer.weights:
            weight.assign(random_value(layer, weight, random))
        if isinstance(layer, L.Normalization):
            layer.finalize_state()


def varied_images(random, low, high, shape, count=8):
    """Noise over smooth patterns, of many contrasts: images that differ at every depth of a network."""
    height, width, channels = shape
    images = []
    for contrast in np.linspace(0.0, 1.0, count):
        coarse = random.uniform(0, 1, (5, 5, channels)).repeat(-(-height // 5), 0).repeat(-(-width // 5), 1)
        images.append(contrast * coarse[:height, :width] + (1 - contrast) * random.uniform(0, 1, shape))
    return (low + (high - low) * np.array(images)).astype("f4")


def calibrate(model, random):
    """Gives every batch norm statistics close to those of its input for varied images, so that units stay alive at
    every depth, as they do after training. The offset lets 0.7 of the units of a ReLU pass: without it a random
    ResNet50V2 magnifies a small change of a noise image 38-fold, with it 7-fold."""
    norms = [layer for layer in model.layers if isinstance(layer, L.BatchNormalization)]
    for weight in (weight for norm in norms for weight in norm.trainable_weights):
        mean = 0.5 if weight.name == "beta" else 1.0
        weight.assign(random.uniform(mean - 0.3, mean + 0.3, weight.shape))
    drops = [layer for layer in model.layers if isinstance(layer, L.Dropout)]
    kept = [norm.momentum for norm in norms], [drop.rate for drop in drops]
    for norm in norms:
        norm.momentum = 0.0  # the moving statistics become those of the batch
    for drop in drops:
        drop.rate = 0.0
    shape = [side or 160 for side in model.inputs[0].shape[1:]]
    low, high = (0, 255) if any(isinstance(layer, L.Rescaling) for layer in model.layers) else (-1, 1)
    model(varied_images(random, low, high, shape), training=True)
    for layer, value in zip(norms + drops, sum(kept, [])):
        setattr(layer, "momentum" if layer in norms else "rate", value)
    for norm in norms:
        deviation = np.sqrt(norm.moving_variance.numpy())
        norm.moving_mean.assign_add(deviation * random.normal(0.0, 0.1, deviation.shape))
        norm.moving_variance.assign(norm.moving_variance * random.uniform(0.8, 1.25, deviation.shape))


def family(name, shape=(None, None, 3)):
    return getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape)


def vgg16_top():
    return keras.applications.VGG16(weights=None, input_shape=(48, 48, 3), classes=10)


def mobilenetv2_top():
    return keras.applications.MobileNetV2(weights=None)


tops = {function.__name__: function for function in (vgg16_top, mobilenetv2_top)}


def rectangles():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(8, (3, 5), strides=2, padding="same", activation="relu", name="same_3x5")(x)
    x = L.Conv2D(12, (1, 7), padding="valid", name="valid_1x7")(x)
    x = L.Conv2D(6, (4, 2), strides=(3, 2), padding="same", activation="tanh", name="same_4x2")(x)
    x = L.Conv2D(7, (2, 3), strides=(2, 3), padding="valid", activation="sigmoid", use_bias=False, name="valid_2x3")(x)
    return keras.Model(image, x)


def dilations():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(8, 3, dilation_rate=2, padding="same", activation="swish", name="dilated_same")(x)
    x = L.Conv2D(8, 3, dilation_rate=(3, 2), padding="valid", name="dilated_valid")(x)
    x = L.DepthwiseConv2D(3, dilation_rate=2, padding="same", name="dilated_depthwise")(x)
    return keras.Model(image, x)


def groups():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(12, 3, padding="same", activation="relu6", name="stem")(x)
    x = L.Conv2D(24, 3, groups=4, padding="same", name="four_groups")(x)
    x = L.Conv2D(6, 1, groups=2, strides=2, activation="leaky_relu", name="two_groups")(x)
    return keras.Model(image, x)


def depthwise():
    x = image = keras.Input((None, None, 3))
    x = L.DepthwiseConv2D((3, 5), depth_multiplier=4, padding="same", name="multiplier_4")(x)
    x = L.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False, activation="relu", name="stride_2")(x)
    x = L.SeparableConv2D(9, 3, depth_multiplier=2, padding="valid", activation="relu", name="separable")(x)
    x = L.SeparableConv2D(5, 5, strides=2, padding="same", use_bias=False, name="separable_stride_2")(x)
    return keras.Model(image, x)


def pools():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(8, 3, padding="same", name="stem")(x)
    a = L.MaxPooling2D(3, strides=2, padding="same", name="max_same")(x)
    b = L.AveragePooling2D((3, 2), strides=2, padding="same", name="average_same")(x)
    x = L.Concatenate(name="both")([a, b])
    x = L.MaxPooling2D((2, 3), name="max_valid")(x)
    x = L.AveragePooling2D(2, strides=1, padding="valid", name="average_valid")(x)
    return keras.Model(image, x)


def borders():
    x = image = keras.Input((None, None, 3))
    x = L.ZeroPadding2D(((1, 2), (3, 0)), name="pad")(x)
    x = L.Conv2D(8, 3, strides=2, name="conv")(x)
    x = L.Cropping2D(((1, 0), (2, 1)), name="crop")(x)
    x = L.ZeroPadding2D(1, name="pad_1")(x)
    x = L.Cropping2D((0, 1), name="crop_sides")(x)
    return keras.Model(image, x)


def relus():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(8, 3, name="conv")(x)
    x = L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2, name="full_relu")(x)
    x = L.Conv2D(8, 3, name="conv_1")(x)
    x = L.LeakyReLU(negative_slope=0.3, name="leaky")(x)
    x = L.ReLU(max_value=2.0, name="capped")(x)
    x = L.ReLU(threshold=0.1, name="thresholded")(x)
    return keras.Model(image, x)


def squeeze():
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(8, 3, padding="same", activation="relu", name="stem")(x)
    s = L.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    s = L.Conv2D(4, 1, activation="swish", name="reduce")(s)
    s = L.Conv2D(8, 1, activation="sigmoid", name="expand")(s)
    x = L.Multiply(name="excite")([x, s])
    t = L.GlobalAveragePooling2D(name="pooled")(x)
    t = L.Reshape((1, 1, 8), name="reshaped")(t)
    x = L.Multiply(name="excite_again")([t, x])
    x = L.Add(name="sum")([x, x, L.Conv2D(8, 1, name="shortcut")(x)])
    return keras.Model(image, x)


def head():
    x = image = keras.Input((20, 24, 3))
    x = L.Conv2D(6, 5, strides=3, activation="relu", name="conv")(x)
    x = L.Flatten(name="flat")(x)
    x = L.Dense(16, activation="relu", name="hidden")(x)
    x = L.BatchNormalization(name="norm")(x)
    x = L.Dropout(0.5, name="dropout")(x)
    x = L.Dense(10, name="logits")(x)
    x = L.Activation("softmax", name="probabilities")(x)
    return keras.Model(image, x)


def normalization():
    x = image = keras.Input((None, None, 3))
    x = L.Rescaling(1.0 / 255, offset=-0.25, name="scaled")(x)
    x = L.Normalization(name="normalized")(x)
    x = L.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 1.0, 2.0], name="constant")(x)
    x = L.Rescaling([1.0, 2.0, 3.0], name="by_channel")(x)
    x = L.Conv2D(8, 3, name="conv")(x)
    x = L.BatchNormalization(scale=False, epsilon=0.01, name="no_scale")(x)
    x = L.BatchNormalization(center=False, name="no_center")(x)
    x = x * 1.5 + 0.25
    return keras.Model(image, x)


def sequential():
    return keras.Sequential(
        [
            keras.Input((33, 29, 3)),
            L.Conv2D(8, 3, activation="relu", name="first"),
            L.MaxPooling2D(name="pool"),
            L.Conv2D(8, 3, padding="same", strides=3, name="second"),
            L.GlobalAveragePooling2D(name="mean"),
            L.Dense(5, activation="softmax", name="classes"),
        ]
    )


def shared():
    x = image = keras.Input((None, None, 3))
    conv = L.Conv2D(3, 3, padding="same", activation="relu", name="twice")
    x = L.Add(name="sum")([conv(x), conv(conv(x))])
    return keras.Model(image, x)


def nested():
    conv = L.Conv2D(6, 3, activation="relu", name="conv")
    inner = keras.Sequential([conv, L.BatchNormalization(name="norm")], name="inner")
    a = keras.Input((None, None, 6))
    y = L.BatchNormalization(name="norm")(L.Conv2D(6, 3, padding="same", name="conv")(a))
    block = keras.Model(a, L.Add(name="sum")([a, y]), name="block")
    x = image = keras.Input((None, None, 3))
    x = L.Conv2D(6, 1, name="last")(block(block(inner(x))))
    return keras.Model(image, x)


small_models = {
    function.__name__: function
    for function in (
        rectangles, dilations, groups, depthwise, pools, borders, relus, squeeze, head, normalization, sequential,
        shared, nested, *odd_models.singles,
    )
}  # fmt: skip
pairs = {function.__name__: function for function in odd_models.pairs}


def build(name):
    """The model called `name`, with its random weights. Of a pair, the twin that Keras can run."""
    keras.backend.clear_session()
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if name in pairs:
        model = pairs[name]("channels_last")
        randomize(model, random)
        return model
    if name in families:
        return build_family(name, (None, None, 3))
    model = {**small_models, **tops}[name]()
    randomize(model, random)
    if name in tops:
        calibrate(model, random)
    return model


def build_family(name, shape):
    """A network of keras.applications without its top, of that input shape, with random weights that are alive."""
    keras.backend.clear_session()
    random = np.random.default_rng(zlib.crc32(name.encode()))
    model = family(name, shape)
    randomize(model, random)
    calibrate(model, random)
    return model


def save_weights_only(model, path):
    """The layout of the weights that keras.applications downloads."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def first_twin(name, model):
    """The channels-first model of a pair, with the weights of the other."""
    twin = pairs[name]("channels_first")
    assert len(twin.weights) == len(model.weights)
    for ours, theirs in zip(twin.weights, model.weights):
        ours.assign(np.reshape(theirs.numpy(), ours.shape))
    return twin


def write(directory, name):
    model = build(name)
    (first_twin(name, model) if name in pairs else model).save(directory / f"{name}.h5")
    if name in families:
        save_weights_only(model, directory / f"{name}.weights-only.h5")
    return model


def main(arguments):
    directory = pathlib.Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    for name in arguments[1:] or [*small_models, *pairs, *tops, *families]:
        write(directory, name)
        print(name, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: make_models.py DIRECTORY [NAME...]")
    main(sys.argv[1:])
