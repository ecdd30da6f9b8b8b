"""Explains the distance of a float32 gradient from float64 Keras by units that round to the other side of a kink.

The gradient of a network with ReLUs and maxima jumps where a pre-activation crosses 0 (or 6 of a ReLU6) and where two
elements of a pooling window tie. Where a unit is that close, float32 rounding decides its side, and two correct
engines may differ. The float64 network here can be flipped: a unit within rounding of its kink is nudged to the other
side, by twice its distance. A gradient is explained if it is, within rounding, the exact gradient of the network with
some set of such units flipped, each of them wholly.

Within rounding is: BAND times what float32 Keras errs by in that layer for that image (root mean square over the
layer; it grows with depth), or FLOOR of the layer's root mean square where that is more.

The set is found greedily. A flip of unit u adds D = s * dL/da * dz/dimage to the gradient; z and a are the unit's
input and output, s is the change of its slope. For a residual r, one backward pass gives dL/da of all units, and one
derivative in the direction r gives <dz/dimage, r> of all units, so that <D, r> is known for every candidate. It is
|r|^2 where one flip explains all of r. The candidate that has the largest is flipped; it stays so if the residual
shrinks.
"""
import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

BAND = 8
FLOOR = 1e-5
ENOUGH = 5e-6  # of the gradient: no flip is sought for a smaller residual
GAIN = 1e-2  # of |r|^2: no flip is tried that promises less
TRIALS = 400  # more than the 39 flips, of 686 candidates, that the last ReLU of ResNet152V2 took


@dataclasses.dataclass
class Flip:
    """The slope from input `raised` to output `unit` changes by `change`, that from `lowered` to it by the opposite."""

    kink: object
    unit: int
    raised: int
    lowered: int  # -1: none
    change: float
    nudge: float  # of `raised`


class Kink:
    """A place where slopes jump; remembers what it saw and made in the last pass."""

    def __init__(self):
        self.nudges = {}
        self.band = 0.0

    def nudged(self, x):
        if self.nudges:
            units = np.array([np.unravel_index(unit, x.shape) for unit in self.nudges])
            x = tf.tensor_scatter_nd_add(x, units, tf.constant(list(self.nudges.values()), x.dtype))
        self.seen = x
        return x


class Clamp(Kink):
    """Stands for the activation of a layer: ReLU, or ReLU6 with a maximum."""

    def __init__(self, maximum=None):
        super().__init__()
        self.maximum = maximum

    def __call__(self, x):
        self.made = keras.activations.relu(self.nudged(x), max_value=self.maximum)
        return self.made

    def flips(self):
        x = self.seen.numpy().reshape(-1)
        for kink, slope_above in [(0.0, 1.0)] + [(self.maximum, 0.0)] * (self.maximum is not None):
            for unit in np.nonzero((np.abs(x - kink) <= self.band) & (x != kink))[0]:
                rises = (x[unit] < kink) == (slope_above == 1.0)
                yield Flip(self, unit, unit, -1, 1.0 if rises else -1.0, 2 * (kink - x[unit]))


class Maximum(Kink):
    """Stands for the call of a max pooling layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.pool = layer, layer.call

    def __call__(self, x):
        self.made = self.pool(self.nudged(x))
        return self.made

    def windows(self):
        """(OH, OW, C, kh * kw): values and their places in the input; -inf where a window leaves it."""
        x = self.seen.numpy()[0]
        pads = []
        for axis, (size, stride) in enumerate(zip(self.layer.pool_size, self.layer.strides)):
            reach = (self.made.shape[1 + axis] - 1) * stride + size
            before = max(0, reach - x.shape[axis]) // 2 if self.layer.padding == "same" else 0
            pads.append((before, max(0, reach - x.shape[axis] - before)))
        rows, columns = self.layer.strides
        slide = lambda a, value: np.lib.stride_tricks.sliding_window_view(
            np.pad(a, pads + [(0, 0)], constant_values=value), self.layer.pool_size, (0, 1)
        )[::rows, ::columns].reshape(*self.made.shape[1:], -1)
        return slide(x, -np.inf), slide(np.arange(x.size).reshape(x.shape), -1)

    def flips(self):
        values, places = self.windows()
        if values.shape[-1] == 1:
            return
        order = np.argpartition(values, (-2, -1), -1)[..., -2:]
        top = np.take_along_axis(values, order, -1)
        gap = top[..., 1] - top[..., 0]
        for window in np.argwhere((gap <= self.band) & (gap > 0)):
            second, first = places[tuple(window)][order[tuple(window)]]
            unit = np.ravel_multi_index(tuple(window), values.shape[:-1])
            yield Flip(self, unit, second, first, 1.0, 2 * gap[tuple(window)])


@dataclasses.dataclass
class Pass:
    loss: float
    scale: float  # root mean square of the whole map or vector that the loss is taken from
    gradient: np.ndarray
    seen: list  # by each kink
    upstream: list  # derivative of the loss by what each kink made


def depthwise(layer, x, kernel):
    """What a Conv2D does of which each channel is a group. Keras leaves it to XLA, which is slow in float64."""
    return keras.ops.depthwise_conv(x, tf.transpose(kernel, (0, 1, 3, 2)), layer.strides, layer.padding,
                                    layer.data_format, layer.dilation_rate)


def twin_layer(layer, dtype):
    config = layer.get_config()
    if not isinstance(layer, keras.layers.Layer):
        return layer.__class__.from_config(config)  # a node of keras.ops
    config["dtype"] = dtype
    if type(layer) is keras.layers.ReLU and not layer.threshold and not layer.negative_slope:
        twin = keras.layers.Activation("relu", name=layer.name, dtype=dtype)
        twin.activation = Clamp(layer.max_value)
        return twin
    twin = layer.__class__.from_config(config)
    if isinstance(layer, keras.layers.Conv2D) and 1 < layer.groups == layer.filters == layer.input.shape[-1]:
        twin.convolution_op = functools.partial(depthwise, twin)
    if getattr(layer, "activation", None) is keras.activations.relu:
        twin.activation = Clamp()
    elif isinstance(layer, keras.layers.MaxPooling2D):
        twin.call = Maximum(twin)
    return twin


def kink_of(layer):
    for place in (getattr(layer, "activation", None), layer.call):
        if isinstance(place, Kink):
            return [place]
    return []


def twin_model(model, dtype):
    """The same network in "float64" or "float32", its kinks in view."""
    twin = keras.models.clone_model(model, clone_function=lambda layer: twin_layer(layer, dtype))
    twin.set_weights(model.get_weights())
    for layer in twin.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return twin


def part_of(twin, layer):
    part = keras.Model(twin.inputs, twin.get_layer(layer).output)
    return part, [kink for inner in part.layers for kink in kink_of(inner)]


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values, dtype="f8"))))


class Judge:
    """One unit, for one image.

    exact, single: the network in float64 and in float32; objective(output, channel): what the loss is the mean of."""

    def __init__(self, exact, single, layer, channel, image, objective):
        self.part, self.kinks = part_of(exact, layer)
        self.channel, self.objective = channel, objective
        self.image = tf.constant(image[None], "float64")
        for kink in self.kinks:
            kink.nudges = {}
        self.base = self.evaluate()
        self.candidates, self.explained = None, {}
        self.measure_rounding(*part_of(single, layer))

    def measure_rounding(self, part, kinks):
        """Of float32 Keras, at each kink."""
        part(tf.cast(self.image, "float32"), training=False)
        for kink, twin, exact in zip(self.kinks, kinks, self.base.seen):
            kink.band = max(BAND * root_mean_square(twin.seen.numpy() - exact.numpy()), FLOOR * root_mean_square(exact))

    def evaluate(self):
        with tf.GradientTape() as tape:
            tape.watch(self.image)
            output = self.part(self.image, training=False)
            loss = tf.reduce_mean(self.objective(output, self.channel))
        wanted = [self.image] + [kink.made for kink in self.kinks]
        gradient, *upstream = tape.gradient(loss, wanted, unconnected_gradients="zero")
        return Pass(float(loss), root_mean_square(output), gradient.numpy()[0],
                    [kink.seen for kink in self.kinks], [np.reshape(value, -1) for value in upstream])

    def slopes(self, now, direction):
        """The derivative of what each kink sees in a direction of the image."""
        step = 1e-8 * float(tf.norm(self.image)) / np.linalg.norm(direction)
        self.part(self.image + step * direction[None], training=False)
        return [np.reshape(kink.seen - seen, -1) / step for kink, seen in zip(self.kinks, now.seen)]

    def promises(self, now, residual):
        """<D, r> / |r|^2 of each candidate; of one that is flipped, for flipping it back."""
        slopes, square = self.slopes(now, residual), float((residual**2).sum())
        for flip in self.candidates:
            i = self.kinks.index(flip.kink)
            along = slopes[i][flip.raised] - (slopes[i][flip.lowered] if flip.lowered >= 0 else 0)
            back = -1 if flip.raised in flip.kink.nudges else 1
            yield now.upstream[i][flip.unit] * back * flip.change * along / square

    def attempts(self, promises):
        """What to flip, and what part of |r|^2 must go: the most promising together, ever fewer, then each alone."""
        order = [i for i in np.argsort(-promises) if promises[i] >= GAIN]
        count = sum(promises[i] >= promises[order[0]] / 4 for i in order)
        while count > 1:
            yield order[:count], min(1, promises[order[:count]].sum()) / 2
            count //= 2
        for i in order:
            yield [i], 0

    def toggle(self, chosen):
        """Flips candidates, or flips them back. Windows may share the unit that is raised: it is nudged once."""
        for flip in {(id(flip.kink), flip.raised): flip for flip in (self.candidates[i] for i in chosen)}.values():
            if flip.kink.nudges.pop(flip.raised, None) is None:
                flip.kink.nudges[flip.raised] = flip.nudge

    def best_flips(self, now, gradient):
        """Flips the most promising candidates that bring the network closer to `gradient`; the pass after it."""
        residual = gradient - now.gradient
        for chosen, least in self.attempts(np.array(list(self.promises(now, residual)))):
            if self.trials == 0:
                return None
            self.trials -= 1
            self.toggle(chosen)
            after = self.evaluate()
            if ((gradient - after.gradient)**2).sum() < (1 - least) * (residual**2).sum():
                return after
            self.toggle(chosen)
        return None

    def find_candidates(self):
        for kink, seen in zip(self.kinks, self.base.seen):
            kink.seen = seen
        return [flip for kink in self.kinks for flip in kink.flips()]

    def explain(self, gradient):
        """(distance from the exact gradient of the network with the flips that explain it, relative to that without;
        number of flips; what is left)."""
        key = gradient.tobytes()
        if key not in self.explained:
            self.explained[key] = self.search(gradient)
        return self.explained[key]

    def search(self, gradient):
        for kink in self.kinks:
            kink.nudges = {}
        self.trials, now = TRIALS, self.base
        size = np.linalg.norm(self.base.gradient)
        while np.linalg.norm(gradient - now.gradient) > ENOUGH * size:
            if self.candidates is None:
                self.candidates = self.find_candidates()
            after = self.best_flips(now, gradient)
            if after is None:
                break
            now = after
        residual = gradient - now.gradient
        return float(np.linalg.norm(residual) / size), sum(len(kink.nudges) for kink in self.kinks), residual
