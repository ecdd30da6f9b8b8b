"""A job whose every kind of option differs from its recipe: the attributes of a layer's file alone, one option each,
render its pictures again.

Usage: attributes.py --program convviz-mpi --source DIR --work DIR, by an interpreter with h5py.
"""
import pathlib
import re
import shutil
import subprocess

import h5py
import numpy

from checks import begin, check, end

arguments = begin("program", "source", "work")
PROGRAM = pathlib.Path(arguments.program).resolve()
SOURCE = arguments.source.resolve()
WORK = arguments.work.resolve()
MODEL = SOURCE / "weights/inception_v3_imagenet_mixed5.h5"


def render(out, *words):
    subprocess.run([PROGRAM, *map(str, words), "--out", out, "--quiet"], check=True, cwd=WORK)


def origin(f):
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[:2]
    check("the program's version", f.attrs["program"].split() == version, (f.attrs["program"], version))
    check("the model's checksum", re.fullmatch("[0-9a-f]{16}", f.attrs["model_xxh64"]))


def again(first):
    """Every option that the file has an attribute of, and nothing else that was known of the job."""
    shown = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    options = set(re.findall(r"^\s+--([a-z0-9-]+)", shown, re.M))
    with h5py.File(first) as f:
        names = {key.replace("_", "-"): value for key, value in f.attrs.items() if key.replace("_", "-") in options}
        flags = {"flip", "lasting", "keep-repeats"}
        words = [f"--{key}={bool(value)}".lower() if key in flags else f"--{key}={value}" for key, value in names.items()]
        check("the file has its layer and the options", f.attrs["layer"] == "conv2d_5" and len(words) > 40, len(words))
        render("again", *words, "--isa", f.attrs["instruction_set"], "--filters", ",".join(map(str, f["filters"])),
               "--save-raw")
        with h5py.File(WORK / "again/layers/conv2d_5.h5") as g:
            for name in ("tiles", "raw", "loss", "score", "noise_mean", "variants/repeat_0/raw"):
                check(f"{name}: the same bytes again", numpy.array_equal(f[name], g[name], equal_nan=True))
            check("the same attributes", dict(f.attrs) == dict(g.attrs))


shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
(WORK / MODEL.name).symlink_to(MODEL)
render("first", "--model", MODEL, "--layer", "conv2d_5", "--filters", "3,40", "--size", "75x80", "--iterations", "4",
       "--recipe", "lucid", "--seed", "18446744073709551615", "--repeats", "2", "--keep-repeats", "--save-raw", "--jitter",
       "5", "--flip", "--variation", "0.125", "--rescue", "off", "--learning-rate", "0.07")
with h5py.File(WORK / "first/layers/conv2d_5.h5") as file:
    check("repeats have the datasets of the layer", set(file["variants/repeat_1"]) ==
          {"status", "repeat", "attempt", "score", "loss", "tiles", "raw"}, list(file["variants/repeat_1"]))
    origin(file)
again(WORK / "first/layers/conv2d_5.h5")
end()
