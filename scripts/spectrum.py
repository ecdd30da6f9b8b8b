#!/usr/bin/env python3
"""Writes weights/natural_spectrum.txt: how strong waves are in photographs.

    scripts/spectrum.py PICTURE... > weights/natural_spectrum.txt

Needs NumPy and Pillow; weights/README.md tells of which pictures the file was made. Of each picture the colours are
brought to the decorrelated ones of xplique (as --colours maco has them), and the absolute values of their Fourier
transform divided by the root of the number of pixels. What the file has is their mean around each frequency and
direction, without the waves that run along an edge, which are stronger for the jump from one edge to the other: at
log2 frequencies -9, -8.5, ... -0.5 (cycles per pixel) a row, in it the directions in which the sine squared is 0, 1/4,
... 1 (0: from left to right), each as log2. Before it stands how much larger the mean of a channel is than its lowest
wave. The same pictures give the same bytes.
"""
import pathlib
import sys

import numpy as np
from PIL import Image

MEAN = np.array([0.48, 0.46, 0.41])
COLOURS = np.array([[0.56282854, 0.58447580, 0.58447580], [0.19482528, 0.0, -0.19482528],
                    [0.04329450, -0.10823626, 0.06494176]])
FREQUENCIES = np.arange(-9, -0.25, 0.5)
DIRECTIONS = np.linspace(0, 1, 5)
SIDE = 512


def waves(path):
    """The picture scaled to 512 x 512, as ImageNet's spectrum is of such: (3, 512, 257)."""
    picture = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    colours = (np.asarray(picture) / 255 - MEAN) @ np.linalg.inv(COLOURS)
    return np.abs(np.fft.rfft2(colours.transpose(2, 0, 1))) / SIDE


def hats(values, knots):
    """How much each value counts for each knot: (knots, values)."""
    return np.maximum(0, 1 - np.abs(values - knots[:, None]) / (knots[1] - knots[0]))


def table(sizes):
    """The rows of one channel."""
    fy, fx = np.meshgrid(np.abs(np.fft.fftfreq(SIDE)), np.fft.rfftfreq(SIDE), indexing="ij")
    kept = (fy > 0) & (fx > 0)
    squared = fx[kept] ** 2 + fy[kept] ** 2
    across, along = hats(np.log2(squared) / 2, FREQUENCIES), hats(fy[kept] ** 2 / squared, DIRECTIONS)
    rows = np.full((len(FREQUENCIES), len(DIRECTIONS)), np.nan)
    for i, a in enumerate(across):
        for k, b in enumerate(along):
            weights = a * b
            if weights.sum() > 0.5:
                rows[i, k] = np.log2((weights * sizes[kept]).sum() / weights.sum())
        missing = np.isnan(rows[i])
        if missing.all() or (i and not missing.any()):
            continue
        rows[i, missing] = np.interp(DIRECTIONS[missing], DIRECTIONS[~missing], rows[i, ~missing])
    for i in reversed(range(len(FREQUENCIES) - 1)):  # the lowest have too few waves: as steep as those above
        if np.isnan(rows[i]).any():
            rows[i] = 2 * rows[i + 1] - rows[i + 2]
    return rows


def main(paths):
    mean = np.mean([waves(path) for path in paths], 0)
    print("# How strong waves are in photographs; scripts/spectrum.py says what the numbers are, and makes them of:")
    print("# " + ", ".join(pathlib.Path(path).name for path in paths))
    for name, sizes in zip(("brightness", "red to blue", "green to purple"), mean):
        rows = table(sizes)
        print(f"# {name}")
        print(f"{np.log2(sizes[0, 0]) - rows[0].mean():.2f}")
        for row in rows:
            print(" ".join(f"{number:.2f}" for number in row))


main(sys.argv[1:])
