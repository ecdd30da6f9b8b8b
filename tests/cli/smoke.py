"""Whole runs of the program: the same bytes for any number of ranks, and errors that say what is wrong.

Usage: smoke.py --program PATH --source DIR
"""
import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--mutate")
arguments = parser.parse_args()
MODEL = str(pathlib.Path(arguments.source) / "weights/inception_v3_imagenet_mixed5.h5")
SMALL = ["--model", MODEL, "--size", "80", "--iterations", "2", "--filters", "0-4"]
failures = 0


def run(options, ranks=0):
    prefix = ["mpirun", "--oversubscribe", "-np", str(ranks)] if ranks else []
    return subprocess.run(prefix + [arguments.program] + options, capture_output=True, text=True, timeout=300)


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"))


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("layers/*"))}


def same_for_any_ranks(scratch):
    first = None
    for index, (ranks, layers) in enumerate([(0, "conv2d_5,mixed0"), (1, "mixed0,conv2d_5"), (2, "conv2d_5,mixed0"),
                                             (3, "mixed0,conv2d_5"), (5, "conv2d_5,mixed0"), (13, "mixed0,conv2d_5")]):
        out = scratch / f"ranks{index}"
        result = run(SMALL + ["--layer", layers, "--save-raw", "--out", str(out)], ranks)
        check(f"{ranks} ranks end well", result.returncode == 0, result.stderr)
        found = contents(out)
        first = first or found
        check(f"{ranks} ranks, layers {layers}: four files", len(found) == 4, sorted(found))
        check(f"{ranks} ranks, layers {layers}: the same bytes", found == first)
    other = scratch / "seed"
    run(SMALL + ["--layer", "conv2d_5", "--seed", "1", "--save-raw", "--out", str(other)])
    check("another seed gives another picture",
          contents(other)["conv2d_5.png"] != first["conv2d_5.png"])


def grid_of_the_example(scratch):
    out = scratch / "grid"
    run(["--model", MODEL, "--layer", "conv2d_1", "--filters", "0-31", "--iterations", "1", "--out", str(out)])
    png = (out / "layers/conv2d_1.png").read_bytes()
    check("32 tiles of 130 pixels with margins of 5 stand in 6 columns and 6 rows",
          struct.unpack(">II", png[16:24]) == (6 * 130 + 5 * 5, 6 * 130 + 5 * 5), struct.unpack(">II", png[16:24]))


def error(name, options, code, words, scratch, ranks=(0, 3)):
    out = scratch / "never"
    for count in ranks:
        result = run(options + ["--out", str(out)], count)
        ours = [line for line in result.stderr.splitlines() if line.startswith("convviz-mpi: ")]
        check(f"{name}, {count} ranks: exit {code}", result.returncode == code, f"{result.returncode} {result.stderr}")
        check(f"{name}, {count} ranks: one line", len(ours) == 1, result.stderr)
        check(f"{name}, {count} ranks: says {words}", all(word in ours[0] for word in words) if ours else False, ours)
        left = list(out.rglob("*")) if out.exists() else []
        check(f"{name}, {count} ranks: nothing is left", not [path for path in left if path.is_file()], left)


def bad_input(scratch):
    model = pathlib.Path(MODEL).read_bytes()
    cut = scratch / "cut.h5"
    cut.write_bytes(model[: len(model) // 2])
    text = scratch / "text.h5"
    text.write_text("not a model")
    layer = ["--layer", "conv2d_5"]
    error("missing file", ["--model", str(scratch / "none.h5")] + layer, 1, ["none.h5"], scratch)
    error("not HDF5", ["--model", str(text)] + layer, 1, ["text.h5"], scratch)
    error("truncated", ["--model", str(cut)] + layer, 1, ["cut.h5"], scratch)
    error("unknown layer", SMALL + ["--layer", "conv2d_555"], 2, ["conv2d_555"], scratch)
    error("filter out of range", ["--model", MODEL, "--filters", "0-999"] + layer, 2, ["999"], scratch)
    error("too small", ["--model", MODEL, "--size", "8"] + layer, 1, ["8"], scratch)
    error("unknown option", ["--modle", MODEL] + layer, 2, ["modle", "model"], scratch)
    error("a full model as weights", ["--weights", MODEL, "--arch", "VGG16"] + layer, 2, ["full model"], scratch, (0,))
    error("weights without arch", ["--weights", MODEL] + layer, 2, ["arch"], scratch)
    error("contradiction", ["--model", MODEL, "--weights", MODEL, "--arch", "VGG16"] + layer, 2, ["weights"], scratch)
    result = run(SMALL + layer + ["--out", "/dev/null/out"], 2)
    check("unwritable directory", result.returncode == 1 and "/dev/null/out" in result.stderr, result.stderr)


def results_are_kept(scratch):
    out = scratch / "kept"
    job = SMALL + ["--layer", "conv2d_5", "--out", str(out)]
    run(job)
    before = contents(out)
    refused = run(job, 2)
    check("a directory with results is refused", refused.returncode == 2, refused.stderr)
    check("and left alone", contents(out) == before)
    check("unless told to overwrite", run(job + ["--overwrite"], 2).returncode == 0)


def information():
    for options, words in ([["--help"], ["--model", "--layer", "Exit"]], [["--version"], ["HDF5", "OpenBLAS"]],
                           [["--model", MODEL, "--list-layers"], ["conv2d_5", "mixed5"]]):
        result = run(options)
        check(" ".join(options[-1:]), result.returncode == 0 and all(word.lower() in result.stdout.lower()
                                                                     for word in words), result.stdout[:200])


with tempfile.TemporaryDirectory() as folder:
    place = pathlib.Path(folder)
    same_for_any_ranks(place)
    grid_of_the_example(place)
    bad_input(place)
    results_are_kept(place)
    information()
print(f"{failures} failures")
sys.exit(bool(failures))
