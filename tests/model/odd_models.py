"""Small hand-made models that mix layers in odd ways, for make_models.py.

A function whose name begins with `first_` makes a pair: the model with `channels_first` layers, which TensorFlow cannot
run on a CPU, and its twin with `channels_last` ones, which has the same weights and is what Keras runs.
"""

import keras
from keras import layers as L
from keras import ops


def image(height=None, width=None, channels=3):
    return keras.Input((height, width, channels), name="image")


def curves():
    x = inputs = image()
    for name in ("elu", "selu", "softplus", "softsign", "exponential", "hard_sigmoid"):
        x = L.Conv2D(6, 3, padding="same", activation=name, name=name)(x)
    return keras.Model(inputs, x)


def more_curves():
    x = inputs = image()
    for name in ("gelu", "hard_silu", "mish", "silu", "log_sigmoid", "celu", "tanh_shrink", "squareplus"):
        x = L.Conv2D(6, 3, padding="same", activation=name, name=name)(x)
    return keras.Model(inputs, x)


def shrinking_curves():
    x = inputs = image()
    for name in ("soft_shrink", "sparse_plus", "hard_tanh", "hard_shrink", "sparse_sigmoid"):
        x = L.Conv2D(6, 3, padding="same", name=f"before_{name}")(x)
        x = L.Activation(name, name=name)(x)
    return keras.Model(inputs, x)


def layer_norms():
    x = inputs = image()
    x = L.Conv2D(12, 4, strides=4, name="patches")(x)
    x = L.LayerNormalization(epsilon=1e-6, name="norm")(x)
    y = L.DepthwiseConv2D(7, padding="same", name="wide")(x)
    y = L.LayerNormalization(center=False, name="no_center")(y)
    y = L.Dense(48, activation="gelu", name="expand")(y)
    y = L.Dense(12, name="reduce")(y)
    x = x + y
    x = L.LayerNormalization(scale=False, center=False, name="plain")(x)
    x = L.GlobalAveragePooling2D(name="mean")(x)
    x = L.Dense(5, name="logits")(L.LayerNormalization(name="vector")(x))
    return keras.Model(inputs, x)


def norms_over_other_axes():
    x = inputs = image(14, 11)
    x = L.Conv2D(6, 3, activation="tanh", name="stem")(x)
    x = L.LayerNormalization(axis=(1, 2, 3), name="whole")(x)
    x = L.Conv2D(6, 3, activation="tanh", name="between")(x)
    x = L.LayerNormalization(axis=(1, 2), name="planes")(x)
    x = L.LayerNormalization(axis=2, name="columns")(x)
    x = L.Conv2D(4, (2, 1), activation="tanh", name="last")(x)
    return keras.Model(inputs, x)


def group_norms():
    x = inputs = image()
    x = L.Conv2D(12, 3, strides=2, name="stem")(x)
    x = L.GroupNormalization(4, name="four")(x)
    x = L.Activation("swish", name="swish")(x)
    x = L.Conv2D(8, (3, 1), name="conv")(x)
    x = L.GroupNormalization(-1, center=False, name="instance")(x)
    x = L.Conv2D(8, 1, activation="sigmoid", name="gate")(x)
    x = L.GroupNormalization(1, scale=False, epsilon=0.01, name="one")(x)
    x = L.Conv2D(4, 3, activation="tanh", name="last")(x)
    return keras.Model(inputs, x)


def unit_norms():
    x = inputs = image()
    x = L.Conv2D(7, 3, name="stem")(x)
    x = L.UnitNormalization(name="length")(x)
    x = L.Conv2D(5, 3, name="conv")(x)
    x = L.RMSNormalization(name="root_mean_square")(x)
    x = L.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, x)


def prelus():
    x = inputs = image(13, 15)
    x = L.PReLU(shared_axes=[1, 2], name="by_channel")(L.Conv2D(6, 3, name="a")(x))
    x = L.PReLU(name="by_element")(L.Conv2D(6, 3, name="b")(x))
    x = L.PReLU(shared_axes=[2, 3], name="by_row")(L.Conv2D(6, 3, name="c")(x))
    x = L.LeakyReLU(negative_slope=0.05, name="leaky")(x)
    x = L.ELU(alpha=0.5, name="elu")(L.Conv2D(6, 3, name="d")(x))
    x = L.PReLU(name="of_vector")(L.Dense(4, name="dense")(L.Flatten(name="flat")(x)))
    return keras.Model(inputs, x)


def transposed():
    x = inputs = image(9, 7)
    x = L.Conv2D(6, 3, activation="swish", name="stem")(x)
    x = L.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu", name="same")(x)
    x = L.Conv2DTranspose(4, (2, 3), strides=(3, 2), padding="valid", use_bias=False, name="valid")(x)
    x = L.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=(1, 0), name="output_padding")(x)
    x = L.Conv2DTranspose(3, (3, 2), dilation_rate=2, padding="same", name="dilated")(x)
    return keras.Model(inputs, x)


def autoencoder():
    x = inputs = image(24, 32)
    a = L.Conv2D(8, 3, strides=2, padding="same", activation="elu", name="down_1")(x)
    b = L.Conv2D(12, 3, strides=2, padding="same", activation="elu", name="down_2")(a)
    x = L.Conv2DTranspose(8, 4, strides=2, padding="same", activation="elu", name="up_1")(b)
    x = L.Concatenate(name="skip")([x, a])
    x = L.Conv2DTranspose(3, 2, strides=2, activation="sigmoid", name="up_2")(x)
    x = L.Conv2D(2, (5, 1), padding="same", name="last")(x)
    return keras.Model(inputs, x)


def upsampling():
    x = inputs = image()
    x = L.Conv2D(6, 3, strides=3, activation="swish", name="stem")(x)
    x = L.UpSampling2D((2, 3), name="nearest")(x)
    x = L.Conv2D(6, 3, strides=2, activation="swish", name="conv")(x)
    x = L.UpSampling2D(2, interpolation="bilinear", name="bilinear")(x)
    x = L.Conv2D(5, (1, 4), name="last")(x)
    return keras.Model(inputs, x)


def resizing():
    x = inputs = image()
    x = L.Resizing(17, 22, name="smaller")(x)
    x = L.Conv2D(6, 3, activation="tanh", name="conv")(x)
    x = L.Resizing(23, 31, interpolation="nearest", name="larger")(x)
    x = L.Conv2D(4, 2, name="last")(x)
    return keras.Model(inputs, x)


def resizing_by_other_kernels():
    x = inputs = image()
    x = L.Resizing(19, 24, interpolation="bicubic", name="bicubic")(x)
    x = L.Conv2D(6, 3, activation="tanh", name="first")(x)
    x = L.UpSampling2D(2, interpolation="bicubic", name="twice")(x)
    x = L.Resizing(21, 45, interpolation="lanczos3", name="lanczos3")(x)
    x = L.Conv2D(6, 3, strides=2, activation="tanh", name="second")(x)
    x = L.Resizing(7, 30, interpolation="lanczos5", antialias=True, name="lanczos5")(x)
    x = L.Resizing(9, 11, antialias=True, name="bilinear")(x)
    x = L.Resizing(6, 7, interpolation="bicubic", antialias=True, name="smaller")(x)
    x = ops.image.resize(x, (8, 13), interpolation="bicubic")
    return keras.Model(inputs, L.Conv2D(4, 2, name="last")(x))


def gates_and_thresholds():
    x = inputs = image(17, 22)
    x = ops.glu(L.Conv2D(12, 3, name="gated")(x))
    x = L.Conv2D(8, 3, name="stem")(x)
    x = ops.threshold(x, -0.2, 0.0) + ops.threshold(x, 0.1, 0.3) + ops.glu(ops.concatenate([x, x * 2], axis=-1))
    x = L.Conv2D(6, 3, name="middle")(x)
    x = ops.glu(ops.concatenate([x, x * 0.5], axis=1), axis=1)
    x = x * ops.std(x, axis=[1, 2], keepdims=True) - ops.var(x, axis=-1, keepdims=True)
    x = L.Conv2D(6, 3, activation="tanh", name="bent")(x)
    x = L.Conv2D(6, 3, name="before_pools")(x)
    x = L.AdaptiveAveragePooling2D(1, name="mean")(x)
    return keras.Model(inputs, L.Conv2D(4, 1, name="last")(x))


def feature_pyramid():
    x = inputs = image(32, 40)
    c1 = L.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="c1")(x)
    c2 = L.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="c2")(c1)
    c3 = L.Conv2D(10, 3, strides=2, padding="same", activation="relu", name="c3")(c2)
    p3 = L.Conv2D(7, 1, name="p3")(c3)
    p2 = L.Add(name="p2")([L.UpSampling2D(name="up3")(p3), L.Conv2D(7, 1, name="lateral2")(c2)])
    p1 = L.Average(name="p1")([L.UpSampling2D(name="up2")(p2), L.Conv2D(7, 1, name="lateral1")(c1)])
    head = L.SeparableConv2D(9, 3, depth_multiplier=3, padding="same", activation="elu", name="head")
    return keras.Model(inputs, [head(p1), head(p2), L.Conv2D(5, 3, padding="same", name="last")(p1)])


def merges():
    x = inputs = image()
    a, b, c = (L.Conv2D(5, 3, padding="same", activation="tanh", name=name)(x) for name in ("a", "b", "c"))
    x = L.Subtract(name="difference")([a, b])
    y = L.Maximum(name="larger")([a, b, c])
    z = L.Minimum(name="smaller")([y, x, b])
    x = L.Average(name="average")([x, y, z])
    x = L.Multiply(name="product")([x, y, c])
    return keras.Model(inputs, L.Conv2D(4, (2, 5), name="last")(x))


def merges_of_other_shapes():
    x = inputs = image(12, 10)
    x = L.Conv2D(6, 3, activation="tanh", name="stem")(x)
    g = L.GlobalMaxPooling2D(keepdims=True, name="maximum")(x)
    m = L.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    x = L.Maximum(name="larger")([x, g * 0.25])
    x = L.Subtract(name="masked")([x, m])
    x = L.Concatenate(axis=1, name="stacked")([x, x])
    x = L.Concatenate(axis=2, name="beside")([x, x * 2])
    return keras.Model(inputs, L.Conv2D(4, 3, dilation_rate=(2, 3), name="last")(x))


def permuted():
    x = inputs = image(12, 9)
    x = L.Conv2D(6, 3, activation="tanh", name="stem")(x)
    x = L.Permute((2, 1, 3), name="turned")(x)
    x = L.Conv2D(6, (3, 2), activation="tanh", name="conv")(x)
    x = L.Permute((3, 1, 2), name="front")(x)
    x = L.Conv2D(5, 2, activation="tanh", name="over_columns")(x)
    x = L.Reshape((-1, 5), name="rows")(x)
    x = L.Permute((2, 1), name="swapped")(x)
    x = L.Dense(6, activation="elu", name="dense")(x)
    x = L.Flatten(name="flat")(x)
    return keras.Model(inputs, L.Dense(3, name="last")(x))


def softmaxes():
    x = inputs = image(10, 8)
    x = L.Conv2D(6, 3, name="stem")(x)
    x = L.Softmax(axis=1, name="over_rows")(x) + L.Softmax(axis=[2], name="over_columns")(x) + L.Softmax()(x)
    x = L.Conv2D(6, 3, activation="log_softmax", name="logarithm")(x)
    return keras.Model(inputs, L.Conv2D(3, 2, name="last")(x))


def training_only():
    x = inputs = image(16, 18)
    x = L.Conv2D(3, 2, name="stem")(x)
    x = L.RandomFlip(name="flip")(x)
    x = L.RandomRotation(0.2, name="rotation")(x)
    x = L.RandomZoom(0.2, name="zoom")(x)
    x = L.RandomContrast(0.2, name="contrast")(x)
    x = L.GaussianNoise(0.2, name="noise")(x)
    x = L.Conv2D(6, 3, activation="selu", name="conv")(x)
    x = L.SpatialDropout2D(0.4, name="spatial")(x)
    x = L.AlphaDropout(0.3, name="alpha")(x)
    x = L.GaussianDropout(0.3, name="gaussian")(x)
    x = L.ActivityRegularization(0.1, name="activity")(x)
    x = L.Identity(name="same")(x)
    return keras.Model(inputs, L.Conv2D(4, 3, name="last")(L.Dropout(0.5, name="dropout")(x)))


def arithmetic():
    x = inputs = image()
    x = 2.5 - L.Conv2D(6, 3, name="stem")(x) * 0.5
    x = x / 3 + 1 / (x * x + 1)
    y = -L.Conv2D(6, 1, name="other")(x)
    x = (x - y) / (ops.abs(y) + 2.0)
    x = x**2 + y**3 - ops.sqrt(ops.square(x) + 0.5)
    x = ops.maximum(x, -0.5) + ops.minimum(y, 0.75) + ops.maximum(x, y)
    return keras.Model(inputs, L.Conv2D(4, 3, name="last")(x))


def functions():
    x = inputs = image()
    x = L.Conv2D(6, 3, name="stem")(x)
    x = ops.relu6(x * 4) + ops.gelu(x) + ops.gelu(x, approximate=False) + ops.leaky_relu(x, 0.3) + ops.elu(x, 0.4)
    x = L.Conv2D(6, 3, name="middle")(x)
    x = ops.silu(x) + ops.sigmoid(x) + ops.hard_silu(x) + ops.clip(x, -0.5, 0.75) + ops.tanh(x) + ops.softplus(x)
    x = ops.log(ops.exp(x * 0.1) + 1) * ops.rsqrt(ops.square(x) + 1) + ops.power(ops.abs(x) + 1, 0.7)
    return keras.Model(inputs, L.Conv2D(4, 3, name="last")(x))


def reductions():
    x = inputs = image(14, 16)
    x = L.Conv2D(6, 3, activation="tanh", name="stem")(x)
    x = x * ops.mean(x, axis=[1, 2], keepdims=True) + ops.max(x, axis=-1, keepdims=True)
    x = x - ops.sum(x, axis=1, keepdims=True) * 0.1 + ops.min(x, axis=(1, 3), keepdims=True)
    x = L.Conv2D(5, 3, activation="tanh", name="conv")(x)
    rows = ops.mean(x, axis=2)
    vector = ops.max(x, axis=[1, 2])
    x = ops.concatenate([ops.mean(rows, axis=1), vector], axis=-1)
    return keras.Model(inputs, L.Dense(4, name="last")(x))


def moved():
    x = inputs = image(12, 14)
    x = L.Conv2D(6, 3, activation="tanh", name="stem")(x)
    x = ops.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]])
    x = ops.transpose(x, (0, 2, 1, 3))
    x = ops.concatenate([x, x[:, :, :, 2:]], axis=-1)
    x = L.Conv2D(6, 3, activation="tanh", name="conv")(x[:, 1:-2, 2:])
    x = ops.reshape(x, (-1, 9, 10, 6))
    x = ops.average_pool(x, 2) + ops.max_pool(x, 2, strides=2)
    x = ops.expand_dims(ops.squeeze(ops.mean(x, axis=1, keepdims=True), axis=1), 1)
    return keras.Model(inputs, L.Conv2D(4, (1, 2), name="last")(x))


def constant_arrays():
    x = inputs = image()
    x = (x - 0.5) * ops.convert_to_tensor([1.0, 2.0, 0.5]) + ops.convert_to_tensor([0.1, -0.2, 0.3])
    return keras.Model(inputs, L.Conv2D(4, 3, activation="tanh", name="last")(x))


def deep_nesting():
    a = keras.Input((None, None, 4))
    innermost = keras.Sequential([L.Conv2D(4, 3, padding="same", activation="tanh", name="conv")], name="innermost")
    middle = keras.Model(a, a + innermost(innermost(a)), name="middle")
    b = keras.Input((None, None, 4))
    outer = keras.Sequential([keras.Input((None, None, 4)), middle, L.BatchNormalization(name="norm")], name="outer")
    c = outer(b)
    both = keras.Model(b, [outer(c), c], name="both")
    x = inputs = image()
    x, y = both(L.Conv2D(4, (1, 3), name="stem")(x))
    return keras.Model(inputs, L.Conv2D(5, 3, name="last")(L.Subtract(name="difference")([x, y])))


def many_ends():
    a, b = keras.Input((None, None, 3)), keras.Input((None, None, 5))
    c = L.Conv2D(5, 3, padding="same", activation="elu", name="conv")(a)
    block = keras.Model([a, b], [c + b, L.Multiply(name="product")([c, b]), b], name="block")
    x = inputs = image()
    y = L.Conv2D(5, 1, activation="softsign", name="stem")(x)
    first, second, third = block([x, y])
    fourth, _, _ = block([x * 0.5, second])
    x = L.Concatenate(name="all")([first, fourth, third])
    return keras.Model(inputs, L.Conv2D(4, 3, groups=1, name="last")(x))


def two_inputs():
    x = inputs = image()
    extra = keras.Input((7,), name="numbers")
    x = L.Conv2D(6, 3, strides=2, activation="relu", name="conv")(x)
    x = L.Conv2D(6, (2, 3), activation="relu", name="last")(x)
    y = L.Dense(4, name="dense")(extra)
    x = L.Concatenate(name="joined")([L.GlobalAveragePooling2D(name="mean")(x), y])
    return keras.Model([inputs, extra], L.Dense(2, name="classes")(x))


def shared_deeply():
    conv = L.Conv2D(6, (3, 1), padding="same", groups=2, name="conv")
    norm = L.LayerNormalization(name="norm")
    curve = L.PReLU(shared_axes=[1, 2], name="curve")
    x = inputs = image()
    x = L.Conv2D(6, 1, name="stem")(x)
    for _ in range(3):
        x = x + curve(norm(conv(x)))
    return keras.Model(inputs, L.Conv2D(4, 3, name="last")(x))


def sequential_without_input():
    model = keras.Sequential(
        [
            L.SeparableConv2D(8, (3, 5), depth_multiplier=3, strides=2, activation="selu", name="separable"),
            L.GroupNormalization(2, name="norm"),
            L.DepthwiseConv2D((1, 3), depth_multiplier=2, dilation_rate=(1, 2), name="depthwise"),
            keras.Sequential([L.PReLU(shared_axes=[1, 2], name="curve"), L.Conv2D(5, 2, name="conv")], name="inner"),
            L.GlobalMaxPooling2D(name="maximum"),
            L.Dense(4, activation="softmax", name="classes"),
        ]
    )
    model.build((None, 31, 27, 3))
    return model


def squeeze_and_maximum():
    x = inputs = image()
    x = L.Conv2D(8, (5, 3), strides=(1, 2), padding="same", activation="hard_swish", name="stem")(x)
    s = L.GlobalMaxPooling2D(name="maximum")(x)
    s = L.Dense(4, activation="relu6", name="reduce")(s)
    s = L.Dense(8, activation="hard_sigmoid", name="expand")(s)
    s = L.Reshape((1, 1, 8), name="shape")(s)
    x = L.Multiply(name="scaled")([x, s])
    return keras.Model(inputs, L.Conv2D(4, 3, name="last")(x))


def mlp_mixer():
    x = inputs = image(16, 20)
    x = L.Conv2D(8, 4, strides=4, name="patches")(x)
    x = L.Reshape((20, 8), name="tokens")(x)
    y = L.LayerNormalization(name="norm_1")(x)
    y = L.Permute((2, 1), name="columns")(y)
    y = L.Dense(20, activation="gelu", name="mix_tokens")(y)
    x = x + L.Permute((2, 1), name="rows")(y)
    y = L.Dense(8, activation="gelu", name="mix_channels")(L.LayerNormalization(name="norm_2")(x))
    x = ops.mean(x + y, axis=1)
    return keras.Model(inputs, L.Dense(3, name="last")(x))


# The pairs. `order` is the data format; axis(a) is Keras's axis of an image's height 1, width 2 or channels 3.


def shape(order, height, width, channels):
    return (channels, height, width) if order == "channels_first" else (height, width, channels)


def axis(order, of):
    return {1: 2, 2: 3, 3: 1}[of] if order == "channels_first" else of


def first_plain(order):
    x = inputs = keras.Input(shape(order, 21, 26, 3))
    x = L.ZeroPadding2D(((1, 0), (2, 1)), data_format=order, name="pad")(x)
    x = L.Conv2D(8, (3, 5), strides=2, data_format=order, use_bias=False, name="conv")(x)
    x = L.BatchNormalization(axis=axis(order, 3), name="norm")(x)
    x = L.Activation("relu", name="relu")(x)
    x = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, data_format=order, name="depthwise")(x)
    a = L.MaxPooling2D(2, data_format=order, name="max")(x)
    b = L.AveragePooling2D(2, data_format=order, name="average")(x)
    x = L.Concatenate(axis=axis(order, 3), name="both")([a, b])
    x = L.Conv2D(6, 1, data_format=order, name="last")(x)
    return keras.Model(inputs, L.Softmax(axis=axis(order, 3), name="classes")(x))


def first_mixed(order):
    x = inputs = keras.Input(shape(order, 18, 15, 3))
    x = L.Conv2D(6, 3, activation="gelu", data_format=order, name="conv")(x)
    x = L.PReLU(shared_axes=[axis(order, 1), axis(order, 2)], name="curve")(x)
    x = L.LayerNormalization(axis=axis(order, 3), name="layer_norm")(x)
    x = L.GroupNormalization(3, axis=axis(order, 3), name="group_norm")(x)
    x = L.UpSampling2D((1, 2), data_format=order, name="up")(x)
    x = L.Conv2DTranspose(5, (2, 3), strides=2, data_format=order, name="transposed")(x)
    x = x + ops.mean(x, axis=[axis(order, 1), axis(order, 2)], keepdims=True)
    x = L.Cropping2D((1, 2), data_format=order, name="crop")(x)
    x = L.SeparableConv2D(6, 3, strides=3, data_format=order, name="separable")(x)
    x = L.Flatten(data_format=order, name="flat")(x)
    return keras.Model(inputs, L.Dense(4, name="last")(x))


def first_to_last(order):
    """A channels-first half, then Permute and a channels-last half."""
    x = inputs = keras.Input(shape(order, 17, 20, 3))
    x = L.Conv2D(6, 3, activation="tanh", data_format=order, name="conv")(x)
    if order == "channels_first":
        x = L.Permute((2, 3, 1), name="permuted")(x)
    x = L.Conv2D(5, (2, 3), activation="tanh", data_format="channels_last", name="conv_last")(x)
    x = L.GlobalMaxPooling2D(data_format="channels_last", name="maximum")(x)
    return keras.Model(inputs, L.Dense(4, name="last")(x))


def first_nested(order):
    a = keras.Input(shape(order, None, None, 6))
    y = L.Conv2D(6, 3, padding="same", data_format=order, name="conv")(a)
    block = keras.Model(a, L.Add(name="sum")([a, L.BatchNormalization(axis=axis(order, 3), name="norm")(y)]), name="block")
    x = inputs = keras.Input(shape(order, None, None, 3))
    x = L.Conv2D(6, 3, activation="elu", data_format=order, name="stem")(x)
    x = block(block(x))
    s = L.GlobalAveragePooling2D(data_format=order, keepdims=True, name="mean")(x)
    x = L.Multiply(name="scaled")([x, L.Conv2D(6, 1, activation="sigmoid", data_format=order, name="gate")(s)])
    return keras.Model(inputs, L.Conv2D(4, (1, 3), data_format=order, name="last")(x))


singles = [
    curves, more_curves, shrinking_curves, layer_norms, norms_over_other_axes, group_norms, unit_norms, prelus,
    transposed, autoencoder, upsampling, resizing,
    resizing_by_other_kernels, gates_and_thresholds, feature_pyramid, merges, merges_of_other_shapes, permuted, softmaxes,
    training_only, arithmetic, functions, reductions, moved, constant_arrays, deep_nesting, many_ends, two_inputs,
    shared_deeply, sequential_without_input, squeeze_and_maximum, mlp_mixer,
]  # fmt: skip
pairs = [first_plain, first_mixed, first_to_last, first_nested]
