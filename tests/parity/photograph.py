"""Classifies a photograph with the bundled EfficientNet-Lite0, here and in Keras.

Usage: photograph.py --probe PROGRAM --source PROJECT --work FOLDER

coffee.png is the picture `coffee` of scikit-image (Rachel Michetti, courtesy of Pikolo Espresso Bar; CC0): the square in
its middle, scaled to 224 x 224 (bilinear, antialiased). All 1000 probabilities must be Keras's, by every engine of the
program: within 1e-5, and relative to Keras's within 1e-4 where that is above 1e-4. So must be the
map before the classifier, where no softmax hides a difference, within 1e-5 (relative L2).
"""
import subprocess

from checks import begin, check, end

arguments = begin("probe", "source", "work")

import keras
import numpy as np
import tensorflow as tf

ESPRESSO = 967
source, work = arguments.source, arguments.work
path = source / "weights/efficientnet_lite0_imagenet.keras"
names = (source / "weights/imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
picture = tf.io.decode_png((source / "tests/parity/coffee.png").read_bytes(), 3).numpy()
image = (picture.astype("f4") / np.float32(127.5) - 1).astype("f4")
image.tofile(work / "image.raw")
model = keras.models.load_model(path)


def ours(layer, engine):
    size = map(str, picture.shape[:2])
    subprocess.run([arguments.probe, path, "-", layer, "0", *size, "0", *engine, "0", work / "image.raw", work / "out.raw"],
                   check=True)
    return np.fromfile(work / "out.raw", "f4")


def theirs(layer):
    extractor = keras.Model(model.inputs, model.get_layer(layer).output)
    return extractor([image[None]], training=False).numpy().ravel()


def best(probabilities):
    return ", ".join(f"{names[i]} {probabilities[i]:.4f}" for i in probabilities.argsort()[::-1][:3])


probabilities, features = theirs("predictions"), theirs("head_relu")
check(f"classes: {len(names)} names", len(names) == 1000 and names[ESPRESSO] == "espresso")
check(f"Keras: {best(probabilities)}", probabilities.argmax() == ESPRESSO and probabilities.max() > 0.93)
for engine in [line.split() for line in subprocess.check_output([arguments.probe], text=True).splitlines()]:
    found, large = ours("predictions", engine), probabilities > 1e-4
    apart = np.abs(found - probabilities)
    ratio = (apart[large] / probabilities[large]).max()
    check(f"{'/'.join(engine)}: {best(found)}; at most {apart.max():.1e} apart, {ratio:.1e} of a probability",
          found.argmax() == ESPRESSO and apart.max() <= 1e-5 and ratio <= 1e-4)
    found = ours("head_relu", engine)
    distance = np.linalg.norm(found - features) / np.linalg.norm(features)
    check(f"{'/'.join(engine)} head_relu: relative distance {distance:.1e}", distance <= 1e-5)
end()
