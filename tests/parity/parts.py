"""The parts of recipes against NumPy, TensorFlow and Keras: values and gradients within 1e-5 of their largest.

The references are the published formulas, written down again here: Lucid's image (lucid/optvis/param), xplique's MaCo
(xplique/features_visualizations), tf-keras-vis's regularizers, Keras's own optimizers.

Usage: parts.py --probe CONVVIZ_PARTS --natural SPECTRUM
"""
import subprocess
import sys

import checks

import keras
import numpy as np
import tensorflow as tf

BOUND = 1e-5
rng = np.random.RandomState(7)


def probe(part, height, width, *arrays, **options):
    words = [f"{key.replace('_', '-')}={value}" for key, value in options.items()]
    data = b"".join(np.ascontiguousarray(a, "f").tobytes() for a in arrays)
    done = subprocess.run([args.probe, part, str(height), str(width), *words], input=data, capture_output=True)
    if done.returncode:
        sys.exit(f"{part} {words}: exit code {done.returncode}: {done.stderr.decode()}")
    return np.frombuffer(done.stdout, "f")


def check(what, ours, wanted):
    """Both must agree within BOUND of the largest number wanted."""
    wanted = np.asarray(wanted, "d").ravel()
    error = np.abs(np.asarray(ours, "d").ravel() - wanted).max() / np.abs(wanted).max()
    good = len(ours) == len(wanted) and error <= BOUND
    checks.check(f"{what}: {error:.1e}", good)


def real(shape, deviation=1.0):
    return rng.normal(0, deviation, shape).astype("f")


# Lucid: spatial.py, color.py.

LUCID = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
LUCID = LUCID / np.max(np.linalg.norm(LUCID, axis=0))
MEAN = np.array([0.48, 0.46, 0.41])


def frequencies(h, w):
    fy = np.fft.fftfreq(h)[:, None]
    fx = np.fft.fftfreq(w)[: w // 2 + 2] if w % 2 == 1 else np.fft.fftfreq(w)[: w // 2 + 1]
    return np.sqrt(fx * fx + fy * fy)


def lucid_scale(h, w, power):
    return 1.0 / np.maximum(frequencies(h, w), 1.0 / max(w, h)) ** power * np.sqrt(w * h)


def fft_image(z, h, w, power=1.0):
    """z: (C, h, columns, 2), float64 -> (h, w, C)."""
    spectrum = tf.complex(z[..., 0], z[..., 1]) * tf.cast(lucid_scale(h, w, power), tf.complex128)
    return tf.transpose(tf.signal.irfft2d(spectrum), [1, 2, 0])[:h, :w] / 4.0


def to_valid_rgb(t, decorrelate, sigmoid):
    if decorrelate:
        t = tf.einsum("hwc,dc->hwd", t, LUCID)
    if sigmoid:
        return tf.sigmoid(t)
    t = t + (MEAN if decorrelate else 0.5)
    v = 2 * t - 1
    return v / tf.maximum(1.0, tf.abs(v)) / 2 + 0.5


def compare_image(what, make, parameters, h, w, given=(), **options):
    dimage = real((h, w, 3))
    x = tf.Variable(parameters.astype("d"))
    with tf.GradientTape() as tape:
        image = 2 * make(x) - 1
    gradient = tape.gradient(image, x, output_gradients=tf.constant(dimage.astype("d")))
    ours = probe("parametrization", h, w, given, parameters, dimage, **options)
    check(f"{what} {h} x {w}: image", ours[: h * w * 3], image)
    check(f"{what} {h} x {w}: gradient", ours[h * w * 3:], gradient)


def check_fourier():
    for h, w in (16, 16), (12, 15), (9, 14), (13, 22), (37, 60), (21, 7):
        z = real((3, h, frequencies(h, w).shape[1], 2), 0.05)
        numpy_image = np.fft.irfft2((z[..., 0] + 1j * z[..., 1]) * lucid_scale(h, w, 1))
        lucid = numpy_image.transpose(1, 2, 0)[:h, :w] / 4
        t = probe("parametrization", h, w, z, np.zeros((h, w, 3)), parametrization="fourier", limit="none")
        check(f"Fourier image by numpy.fft {h} x {w}", t[: h * w * 3], lucid)
        compare_image("Lucid's image", lambda x: to_valid_rgb(fft_image(x, h, w), True, True), z, h, w,
                      parametrization="fourier", limit="sigmoid", colours="lucid")
        compare_image("clipped", lambda x: to_valid_rgb(fft_image(x, h, w), True, False), z * 4, h, w,
                      parametrization="fourier", limit="clip", colours="lucid")
    compare_image("decay 1.5", lambda x: to_valid_rgb(fft_image(x, h, w, 1.5), False, True), z, h, w,
                  parametrization="fourier", limit="sigmoid", decay_power=1.5)


def check_pixels():
    compare_image("pixels", lambda x: to_valid_rgb(x, True, True), real((11, 8, 3)), 11, 8, limit="sigmoid",
                  colours="lucid")


def pyramid(x, h, w, levels):
    image, first = 0, 0
    for n in range(levels):
        a, b = h >> n, w >> n
        level = tf.reshape(x[first: first + a * b * 3], [1, a, b, 3])
        image += tf.compat.v1.image.resize_bilinear(tf.cast(level, tf.float32), [h, w])[0]
        first += a * b * 3
    return tf.cast(image, tf.float64)


def check_pyramid():
    for h, w in (16, 24), (20, 13):
        count = sum((h >> n) * (w >> n) * 3 for n in range(3))
        compare_image("pyramid", lambda x: to_valid_rgb(pyramid(x, h, w, 3), True, True), real(count), h, w,
                      parametrization="pyramid", limit="sigmoid", colours="lucid", levels=3)


# xplique: preconditioning.py.

MACO = np.array([[0.56282854, 0.58447580, 0.58447580], [0.19482528, 0.0, -0.19482528],
                 [0.04329450, -0.10823626, 0.06494176]])


def maco_image(phase, h, w, magnitude):
    phase = phase - tf.reduce_mean(phase)
    phase = phase / (tf.math.reduce_std(phase) + 1e-5)
    image = tf.signal.irfft2d(tf.complex(tf.cos(phase) * magnitude, tf.sin(phase) * magnitude))
    image = tf.transpose(image, [1, 2, 0])[:h, :w]
    image = image - tf.reduce_mean(image)
    image = image / (tf.math.reduce_std(image) + 1e-5)
    return tf.sigmoid(tf.tensordot(image, MACO, 1))


def check_maco():
    for h, w in (16, 16), (10, 18):
        compare_image("MaCo", lambda x: maco_image(x, h, w, lucid_scale(h, w, 1)), real((3, h, w // 2 + 1)), h, w,
                      parametrization="phase", limit="sigmoid", colours="maco")


def resized(sizes, h, columns):
    """tf.image.resize: bilinear, pixels have their middle at 1/2. sizes: (h, columns)."""
    for axis, to in (0, h), (1, columns):
        count = sizes.shape[axis]
        at = (np.arange(to) + 0.5) * count / to - 0.5
        low = np.floor(at).astype(int)
        share = np.expand_dims(at - low, 1 - axis)
        sizes = (np.take(sizes, np.maximum(low, 0), axis) * (1 - share)
                 + np.take(sizes, np.minimum(low + 1, count - 1), axis) * share)
    return sizes


def mean_magnitudes(pictures, h, w):
    """init_maco_buffer of pictures whose colours are decorrelated, those of other sizes by the root of their pixels."""
    total = np.zeros((3, h, w // 2 + 1))
    for colours in pictures:
        colours = colours[:, : colours.shape[1] // 2 * 2]
        numbers = (colours - MEAN) @ np.linalg.inv(MACO)
        sizes = np.abs(np.fft.rfft2(numbers.transpose(2, 0, 1))) * np.sqrt(h * w / numbers[..., 0].size)
        total += [resized(channel, h, w // 2 + 1) for channel in sizes]
    return total / len(pictures)


def check_spectrum():
    maco = dict(parametrization="phase", limit="sigmoid", colours="maco")
    for h, w, sizes in (16, 16, [(16, 16)]), (12, 18, [(12, 18), (12, 18)]), (20, 14, [(9, 16), (33, 27), (20, 14)]):
        pictures = [rng.uniform(0, 1, (*size, 3)).cumsum(0).cumsum(1).astype("f") % 1 for size in sizes]
        wanted = mean_magnitudes([p.astype("d") for p in pictures], h, w)
        given = [np.concatenate([np.array(p.shape[:2], "f"), p.ravel()]) for p in pictures]
        ours = probe("spectrum", h, w, *given, **maco)
        check(f"magnitudes of {len(sizes)} pictures", ours, wanted)
        if sizes == [(h, w)]:
            tensorflow = tf.abs(tf.signal.rfft2d(tf.transpose((pictures[0].astype("d") - MEAN) @ np.linalg.inv(MACO),
                                                              [2, 0, 1])))
            check("the same by TensorFlow", ours, tensorflow)
        magnitude = np.float64(ours).reshape(wanted.shape)
        phase = real((3, h, w // 2 + 1))
        compare_image("MaCo of pictures", lambda x: maco_image(x, h, w, magnitude),
                      phase, h, w, given=np.float32(magnitude), spectrum_from="given", **maco)


def natural_magnitudes(h, w):
    """weights/natural_spectrum.txt read anew: bilinear in log2 of the frequency and the sine squared."""
    text = open(args.natural).read()
    numbers = np.array(" ".join(line for line in text.splitlines() if not line.startswith("#")).split(), float)
    fy, fx = np.abs(np.fft.fftfreq(h))[:, None], np.fft.rfftfreq(w)
    squared = fy ** 2 + fx ** 2
    squared[0, 0] = 1 / max(h, w) ** 2
    vertical = fy ** 2 / squared
    vertical[0, 0] = 0.5
    down, across = (np.log2(squared) / 2 + 9) / 0.5, vertical * 4
    f, d = np.clip(down.astype(int), 0, 16), np.clip(across.astype(int), 0, 3)
    u, v = down - f, across - d
    result = []
    for channel in numbers.reshape(3, 91):
        rows = channel[1:].reshape(18, 5)
        levels = ((1 - u) * ((1 - v) * rows[f, d] + v * rows[f, d + 1])
                  + u * ((1 - v) * rows[f + 1, d] + v * rows[f + 1, d + 1]))
        levels[0, 0] += channel[0]
        result.append(np.exp2(levels) * np.sqrt(h * w))
    return np.array(result)


def check_natural():
    for h, w in (16, 16), (40, 26), (1100, 8):
        check(f"magnitudes of photographs, {h} x {w}", probe("spectrum", h, w, spectrum_from="natural"),
              natural_magnitudes(h, w))


def check_start():
    """The parameters of a given image make that image."""
    image = rng.uniform(-0.9, 0.9, (12, 14, 3)).astype("f")
    for basis in "pixels", "fourier", "pyramid":
        options = dict(parametrization=basis, limit="sigmoid", colours="lucid")
        parameters = probe("start", 12, 14, image, **options)
        again = probe("parametrization", 12, 14, parameters, np.zeros_like(image), **options)
        check(f"start image in {basis}", again[: image.size], image)


# Transforms: bilinear interpolation in float64, and its matrix transposed.

def index(i, count, beyond):
    if beyond == "wrap":
        return i % count
    if beyond == "mirror":
        i = i % (2 * count)
        return i if i < count else 2 * count - 1 - i
    return i if 0 <= i < count else None


def sampling_matrix(s, h, w, vh, vw, beyond):
    """(vh * vw, h * w + 1): the last column is the fill colour."""
    m = np.zeros((vh * vw, h * w + 1))
    for i in range(vh):
        for j in range(vw):
            y, x = s[0] + i * s[1] + j * s[2], s[3] + i * s[4] + j * s[5]
            top, left = int(np.floor(y)), int(np.floor(x))
            for a in 0, 1:
                for b in 0, 1:
                    weight = (y - top if a else 1 - y + top) * (x - left if b else 1 - x + left)
                    r, c = index(top + a, h, beyond), index(left + b, w, beyond)
                    m[i * vw + j, h * w if r is None or c is None else r * w + c] += weight
    return m


def wanted_sampling(draws, h, w, vh, vw, jitter, late, low, high, count, rotate, rotations, zeros, flip):
    """Lucid's pad, jitter, scale, rotation and jitter as a map of points, by the draws in their order."""
    pick = lambda u, n: min(int(u * n), n - 1)
    shift = [pick(draws[i], jitter + 1) - jitter / 2 for i in (0, 1)]
    scale = low + (high - low) * pick(draws[2], count) / (count - 1)
    straight = pick(draws[3], rotations + zeros) >= rotations
    angle = 0 if straight else np.deg2rad(-rotate + 2 * rotate * pick(draws[4], rotations) / (rotations - 1))
    after = np.array([pick(draws[i], late + 1) - late / 2 for i in (6, 7)])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    matrix = np.diag([h / vh, w / vw]) @ turn
    if flip and draws[5] >= 0.5:
        matrix = matrix @ np.diag([1, -1])
    first = np.array([(h - 1) / 2, (w - 1) / 2]) + shift + matrix @ (after - [(vh - 1) / 2, (vw - 1) / 2])
    return [first[0], *matrix[0], first[1], *matrix[1]]


def check_transforms():
    for trial, beyond in enumerate(["fill", "wrap", "mirror", "fill"]):
        h, w, vh, vw = [(18, 15, 18, 15), (20, 17, 13, 12)][trial % 2]
        draws, image, dview = rng.uniform(0, 1, 16).astype("f"), real((h, w, 3)), real((vh, vw, 3))
        ours = probe("transform", h, w, draws, [0.5], image, dview, view=f"{vh}x{vw}", beyond=beyond, jitter=8,
                     late_jitter=4, scale_low=0.9, scale_high=1.1, scale_count=11, rotate=10, rotate_count=21,
                     rotate_zeros=5, flip="true")
        check(f"where the view lies, {beyond}", ours[:6],
              wanted_sampling(draws, h, w, vh, vw, 8, 4, np.float32(0.9), np.float32(1.1), 11, 10, 21, 5, True))
        exact = wanted_sampling(draws, h, w, vh, vw, 8, 4, np.float32(0.9), np.float32(1.1), 11, 10, 21, 5, True)
        m = sampling_matrix(exact, h, w, vh, vw, beyond)
        colours = np.vstack([image.reshape(-1, 3), np.full((1, 3), 0.25)])
        check(f"view, {beyond}", ours[6: 6 + dview.size], m @ colours)
        check(f"its gradient, {beyond}", ours[6 + dview.size:], (m.T @ dview.reshape(-1, 3))[:-1])


def check_boxes():
    """tf.image.crop_and_resize, in which what lies beyond is one colour."""
    h, w, vh, vw = 40, 40, 16, 16
    draws, image, dview = rng.uniform(0, 1, 16).astype("f"), real((h, w, 3)), real((vh, vw, 3))
    normal = lambda u, v: np.sqrt(-2 * np.log(1 - np.float64(u))) * np.array([np.cos(2 * np.pi * v), np.sin(2 * np.pi * v)])
    centre, size = normal(draws[12], draws[13]) * 0.15 + 0.5, normal(draws[14], draws[15])[0] * 0.05
    side = np.clip(np.float32(0.5) + (np.float32(0.1) - np.float32(0.5)) * 0.25 + size, 0.05, 1)
    ours = probe("transform", h, w, draws, [0.25], image, dview, view=f"{vh}x{vw}", box_first=0.5, box_last=0.1)
    x = tf.Variable(image[None])
    box = np.array([[*(centre - side / 2), *(centre + side / 2)]], "f")
    with tf.GradientTape() as tape:
        view = tf.image.crop_and_resize(x, box, [0], [vh, vw], extrapolation_value=0.25)
    check("crop box", ours[6: 6 + dview.size], view)
    gradient = tape.gradient(view, x, output_gradients=tf.constant(dview[None]))
    check("gradient of a crop box", ours[6 + dview.size:], gradient)


# Optimizers: Keras's own, which lower what is raised here.

def check_optimizers():
    steps, shape = 12, (4, 5, 3)
    x, gradients = real(shape), real((steps, *shape))
    cosine = keras.optimizers.schedules.CosineDecay(0.05, steps, alpha=0.1)
    exponential = keras.optimizers.schedules.ExponentialDecay(0.05, steps, 0.1)
    for name, optimizer, options in (
            ("SGD", keras.optimizers.SGD(0.05, momentum=0.8), dict(optimizer="sgd", momentum=0.8)),
            ("Adam", keras.optimizers.Adam(0.05), dict(optimizer="adam")),
            ("Adam, cosine", keras.optimizers.Adam(cosine), dict(optimizer="adam", rate_schedule="cosine", rate_last=0.1)),
            ("Adam, exponential", keras.optimizers.Adam(exponential),
             dict(optimizer="adam", rate_schedule="exponential", rate_last=0.1)),
            ("NAdam", keras.optimizers.Nadam(0.05), dict(optimizer="nadam")),
            ("RMSprop", keras.optimizers.RMSprop(0.05, rho=0.99), dict(optimizer="rmsprop", second_moment=0.99))):
        variable, wanted = tf.Variable(x), []
        for g in gradients:
            optimizer.apply_gradients([(tf.constant(-g), variable)])
            wanted.append(variable.numpy())
        check(name, probe("optimizer", *shape[:2], x, gradients, iterations=steps, learning_rate=0.05, **options), wanted)
    for name, norm in (("normalized", lambda g: tf.math.l2_normalize(g).numpy()),
                       ("standardized", lambda g: g / (g.std() + 1e-8))):
        wanted = x + np.cumsum([0.05 * norm(g) for g in gradients], 0)
        check(name, probe("optimizer", *shape[:2], x, gradients, iterations=steps, learning_rate=0.05, optimizer=name),
              wanted)


# tf-keras-vis: regularizers.py.

def check_regularizers():
    h, w = 9, 13
    x = real((h, w, 3))
    norm = lambda v, p: tf.norm(tf.reshape(v, [-1]), ord=p) / v.shape.num_elements() ** (1 / p)
    for name, formula, options in (
            ("variation", lambda v: 3 * tf.image.total_variation(v) / (h * w * 3), dict(variation=3)),
            ("l1", lambda v: 2 * norm(v, 1), dict(l1=2)), ("l2", lambda v: 2 * norm(v, 2), dict(l2=2)),
            ("lp", lambda v: 2 * norm(v, 6), dict(lp=2, lp_power=6)),
            ("all", lambda v: tf.image.total_variation(v) / (h * w * 3) + norm(v, 1) + 0.5 * norm(v, 2),
             dict(variation=1, l1=1, l2=0.5))):
        variable = tf.Variable(x.astype("d"))
        with tf.GradientTape() as tape:
            value = formula(variable)
        ours = probe("regularizer", h, w, x, **options)
        check(name, ours[:1], [value.numpy()])
        check(f"gradient of {name}", ours[1:], tape.gradient(value, variable))


def check_blur():
    """scipy.ndimage.gaussian_filter(mode="reflect"), written down: it is not installed with Keras."""
    for h, w, deviation in (12, 17, 0.7), (9, 5, 2.0):
        x = real((h, w, 3))
        radius = int(4 * deviation + 0.5)
        weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
        weights /= weights.sum()
        y = x.astype("d")
        for axis, count in (0, h), (1, w):
            places = [[index(i + d, count, "mirror") for i in range(count)] for d in range(-radius, radius + 1)]
            y = sum(weight * np.take(y, p, axis) for weight, p in zip(weights, places))
        check(f"blur {deviation}", probe("blur", h, w, x, gradient_blur=deviation), y)


args = checks.begin("probe", "natural")
for test in (check_fourier, check_pixels, check_pyramid, check_maco, check_spectrum, check_natural, check_start,
             check_transforms, check_boxes, check_optimizers, check_regularizers, check_blur):
    test()
checks.end()
