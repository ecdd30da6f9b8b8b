"""A layer's file as docs/format.md has it, read with h5py; a picture made again from what the file tells; and
--similar against Keras and NumPy.

Usage: layer_file.py --program convviz-mpi --source PROJECT
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from checks import begin, check, end

import h5py
import keras
import numpy as np

from bundled import bundled_model

arguments = begin("program", "source")
SOURCE = arguments.source
MODEL = SOURCE / "weights/inception_v3_imagenet_mixed5.h5"


def run(*words, ranks=0):
    launcher = ["mpirun", "--oversubscribe", "-np", str(ranks)] if ranks else []
    done = subprocess.run([*launcher, arguments.program, *map(str, words), "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words}: exit {done.returncode}: {done.stderr[-500:]}")


def documented():
    """{dataset: (type, shape, axes)} from the tables of docs/format.md, but for the one that only --labels makes."""
    text = (SOURCE / "docs/format.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \| \(([^|]+)\) \| ([^|]+) \|", text, re.M)
    return {name: (kind.strip(), shape.split(", "), axes.strip().split(", "))
            for names, kind, shape, axes in rows for name in re.findall(r"\w+", names) if name != "labels"}


def datasets(file):
    table = documented()
    check("every dataset is documented, and is there", set(file) == set(table), (set(file), set(table)))
    sizes = {"n": 6, "steps": 4, "h": 78, "w": 78, "c": 3, "H": 128, "W": 128, "C": 3, "m": 8, "f": 3}
    for name, (kind, shape, axes) in table.items():
        data = file[name]
        wanted = np.uint8 if kind.startswith("enum") else kind
        check(f"{name}: type {kind}", data.dtype == wanted, data.dtype)
        check(f"{name}: shape", data.shape == tuple(sizes[letter] for letter in shape), data.shape)
        check(f"{name}: axes", [dim.label for dim in data.dims] == axes, [dim.label for dim in data.dims])
        check(f"{name}: says what it is", isinstance(data.attrs["description"], str) and data.attrs["description"])
    check("the states have names", h5py.check_enum_dtype(file["status"].dtype) ==
          {"missing": 0, "ok": 1, "dead": 2, "nan": 3, "rescued": 4, "weak": 5}, h5py.check_enum_dtype(file["status"].dtype))


def made_again(path, out):
    """The attributes alone are enough to make the same bytes."""
    with h5py.File(path) as file:
        told = dict(file.attrs)
        filters, tiles, loss, raw = (file[name][:] for name in ("filters", "tiles", "loss", "raw"))
    check("program, model and checksum are told", all(told.get(key) for key in ("program", "model", "model_xxh64",
                                                                               "instruction_set", "gemm")), told)
    run("--model", SOURCE / "weights" / told["model"], "--layer", told["layer"], "--filters",
        ",".join(map(str, filters)), "--recipe", told["recipe"], "--size", told["size"], "--iterations",
        told["iterations"], "--learning-rate", told["learning_rate"], "--seed", told["seed"], "--init", told["init"],
        "--isa", told["instruction_set"], "--gemm", told["gemm"], "--save-raw", "--out", out)
    with h5py.File(out / "layers" / path.name) as file:
        same = [np.array_equal(a, file[name][:], equal_nan=a.dtype.kind == "f")
                for name, a in (("tiles", tiles), ("loss", loss), ("raw", raw))]
    check("from the file's own attributes the same bytes are made", all(same), same)


def standard_tools(path):
    listed = subprocess.run(["h5ls", str(path)], capture_output=True, text=True).stdout
    check("h5ls lists it", all(f"{name} " in listed for name in documented()), listed)


def answers(file, model, layer, name):
    """Every picture through Keras; correlations with NumPy."""
    part = keras.Model(model.inputs, model.get_layer(layer).output)
    images = file["tiles"][:].astype(np.float32) / np.float32(127.5) - 1
    wanted = part.predict(images, verbose=0).mean((1, 2))[:, file["filters"][:]]
    error = np.abs(file["responses"][:] - wanted).max() / np.abs(wanted).max()
    check(f"{name}: responses are Keras's", error < 1e-4, error)
    ok = np.isin(file["status"][:], (1, 4, 5))  # ok, rescued, weak: they have pictures
    columns = file["responses"][:][ok]
    with np.errstate(invalid="ignore", divide="ignore"):
        table = np.nan_to_num(np.corrcoef(columns.astype(np.float64).T))
    similar, similarity = file["similar"][:], file["similarity"][:]
    for place in range(len(ok)):
        others = [other for other in range(len(ok)) if other != place and ok[other]] if ok[place] else []
        best = sorted((table[place, other] for other in others), reverse=True)[:8]
        found = [other for other in similar[place] if other >= 0]
        check(f"{name}: neighbours of {place}", len(found) == len(best) and
              np.allclose([table[place, other] for other in found], best, atol=1e-5) and
              np.allclose(similarity[place][:len(best)], best, atol=1e-5), (found, best))


with tempfile.TemporaryDirectory(prefix="convviz-file-") as folder:
    out = pathlib.Path(folder) / "out"
    job = ["--model", MODEL, "--layer", "conv2d_5,mixed0", "--filters", "0,2,5,7,11,60", "--size", "128", "--iterations",
           "4", "--out"]
    run(*job, out, "--save-raw", "--frames", "3")
    made_again(out / "layers/conv2d_5.h5", pathlib.Path(folder) / "again")
    shutil.copytree(out, pathlib.Path(folder) / "other")
    run(*job, out, "--similar")
    run(*job, pathlib.Path(folder) / "other", "--similar", ranks=2)
    for layer in ("conv2d_5", "mixed0"):
        paths = [place / "layers" / f"{layer}.h5" for place in (out, pathlib.Path(folder) / "other")]
        check(f"{layer}: --similar gives the same bytes on 2 ranks", paths[0].read_bytes() == paths[1].read_bytes())
        with h5py.File(paths[0]) as file:
            datasets(file)
    standard_tools(out / "layers/conv2d_5.h5")
    before = (out / "layers/conv2d_5.h5").read_bytes()
    run(*job, out, "--similar")
    check("--similar again changes nothing", (out / "layers/conv2d_5.h5").read_bytes() == before)
    model, names = bundled_model(MODEL)
    names = {name: layer for layer, name in names.items()}
    for layer in ("conv2d_5", "mixed0"):
        with h5py.File(out / f"layers/{layer}.h5") as file:
            answers(file, model, names[layer], layer)
end()
