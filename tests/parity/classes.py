"""Class pictures of the bundled EfficientNet-Lite0, classified by Keras and by the engine.

Usage: classes.py --program convviz-mpi --embedded PROGRAM --source PROJECT --work FOLDER [--whole]

The classes are 7, 27, ... 987. Each picture is classified under eight random shifts of up to 16 pixels, wrapped, which
the ascent did not have. That must give its class, and with confidence, the more so for the best of three repeats; for
these every fourth class is rendered, with --whole all of them. Both must find the same probabilities within 5e-5, which
is what float32 leaves of logits near 30.
"""
import subprocess
import time

from checks import begin, check, end

arguments = begin("program", "embedded", "source", "work",
                  more=lambda parser: parser.add_argument("--whole", action="store_true"))

import h5py
import keras
import numpy as np

SIZE, SHIFTS, SHIFT = 128, 8, 16
CLASSES = list(range(7, 1000, 20))
path = arguments.source / "weights/efficientnet_lite0_imagenet.keras"
work = arguments.work
rng = np.random.RandomState(0)


def rendered(name, classes, options):
    """The pictures (classes, SIZE, SIZE, 3) as they are shown, uint8."""
    out = work / name.replace(" ", "_")
    subprocess.run(["mpirun", "--oversubscribe", "-np", "2", arguments.program, "--model", path, "--layer",
                    "predictions", "--filters", ",".join(map(str, classes)), "--size", str(SIZE), "--quiet", "--overwrite",
                    "--out", out, *options], check=True, timeout=2000)
    with h5py.File(out / "layers/predictions.h5") as file:
        assert list(file["filters"]) == classes
        return file["tiles"][()]


def shifted(tiles):
    """Each picture SHIFTS times, elsewhere, as the network reads it."""
    images = [np.roll(tile, rng.randint(-SHIFT, SHIFT + 1, 2), (0, 1)) for tile in tiles for _ in range(SHIFTS)]
    return np.stack(images).astype("f4") / np.float32(127.5) - 1


def ours(images):
    """By the functions of include/convviz."""
    images.tofile(work / "images.raw")
    subprocess.run([arguments.embedded, path, "predictions", "-1", f"{SIZE}x{SIZE}", work / "images.raw",
                    work / "found.raw", "classes=probabilities"], check=True, timeout=2000)
    return np.fromfile(work / "found.raw", "f4").reshape(len(images), -1)


def judge(name, classes, least_top, least_mean, *options):
    began = time.time()
    tiles = rendered(name, classes, options)
    seconds = time.time() - began
    check(f"{name}: pictures of {SIZE} x {SIZE}", tiles.shape == (len(classes), SIZE, SIZE, 3), tiles.shape)
    images, wanted = shifted(tiles), np.repeat(classes, SHIFTS)
    found = {"Keras": model.predict(images, verbose=0), "engine": ours(images)}
    for who, probabilities in found.items():
        top = np.mean(probabilities.argmax(1) == wanted)
        mean = probabilities[np.arange(len(wanted)), wanted].mean()
        said = f"{name}, by {who}: {len(classes)} classes, top 1 in {top:.1%}, mean probability {mean:.3f}"
        check(f"{said} ({seconds:.0f} s)", top >= least_top and mean >= least_mean,
                     f"expected {least_top:.0%} and {least_mean}")
    apart = np.abs(found["Keras"] - found["engine"]).max()
    check(f"{name}: the same probabilities, {apart:.1e} apart", apart <= 5e-5)


model = keras.models.load_model(path, compile=False)
judge("lucid", CLASSES, 0.94, 0.92, "--recipe", "lucid", "--iterations", "128")
judge("fast", CLASSES, 0.94, 0.92, "--recipe", "fast")
judge("lucid, best of 3", CLASSES if arguments.whole else CLASSES[::4], 0.98, 0.97, "--recipe", "lucid", "--iterations",
      "128", "--repeats", "3")
end()
