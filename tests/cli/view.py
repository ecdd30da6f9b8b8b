"""What the program shows: help, versions, lists, progress; and pictures of known size from known start images.

See harness.py for how to call it.
"""
import json
import pathlib
import re
import struct

from harness import (MODEL, USAGE, call, check, dataset, finish, floats, manifest, mutate, option_rows, png_size, run,
                     scratch_folder, to_float32, write_png)

SMALL = ["--model", MODEL, "--size", "80", "--iterations", "2", "--filters", "0-5"]


def help_text():
    result = run(["--help"])
    lines = result.out.splitlines()
    check("--help ends well, on stdout", result.code == 0 and lines and not result.err, result)
    check("--help has at most 80 columns", max(map(len, lines)) <= 80, max(lines, key=len))
    rows = option_rows()
    shown = [match.group(1) for match in re.finditer(r"^  --([a-z0-9-]+)", result.out, re.M)]
    wanted = [name for name, _, flags, _, _ in rows if "A" in flags]
    check("--help lists every option of the command line once, in order", shown == wanted, (shown, wanted))
    inner = [name for name, _, flags, _, _ in rows if not flags & {"A", "J"}]
    check("--help does not list what is no option", not [name for name in inner if f"--{name}" in result.out], inner)
    for name in inner[1:]:
        check(f"--{name} is no option", run([f"--{name}", "1"]).code == USAGE)
    for code in (0, 1, 2):
        check(f"--help tells of exit code {code}", re.search(rf"^  {code} +\S", result.out, re.M))
    under = run(["--help"], 3)
    check("--help is printed once on 3 ranks", under.code == 0 and under.out == result.out, under)
    check("--help wins over other options", run(["--help", "--model", "none.h5"]).out == result.out)


def versions():
    result = run(["--version"])
    check("--version ends well", result.code == 0 and not result.err, result)
    first = (result.out.splitlines() or [""])[0]
    check("--version starts with the program's own", re.fullmatch(r"convviz-mpi \d+\.\d+\.\d+\S*", first), first)
    for name in ("MPI", "OpenBLAS", "HDF5", "libpng", "zlib", "jansson"):
        check(f"--version names {name}", re.search(rf"^ +{name} +\S.*\d", result.out, re.M), result.out)
    check("--version is printed once on 2 ranks", run(["--version"], 2).out == result.out)


def table(options, ranks=0):
    result = run(["--model", MODEL, "--list-layers"] + options, ranks)
    return result, {line.split()[0]: line for line in result.out.splitlines() if line.strip()}


def list_of_layers():
    result, rows = table([])
    check("--list-layers ends well", result.code == 0 and not result.err, result)
    config = json.loads(mutate(MODEL, "show"))
    names = [layer["name"] for layer in config["config"]["layers"]]
    check("--list-layers has every layer of the model once, in order", list(rows) == ["layer"] + names, list(rows))
    for size, layer, shape, filters in (([], "conv2d_1", "(89, 89, 32)", 32), ([], "conv2d_5", "(41, 41, 192)", 192),
                                        ([], "mixed0", "(20, 20, 256)", 256),
                                        (["--size", "75x139"], "conv2d_1", "(37, 69, 32)", 32),
                                        (["--size", "75x139"], "max_pooling2d_1", "(17, 33, 64)", 64)):
        line = table(size)[1].get(layer, "") if size else rows.get(layer, "")
        check(f"{layer} at {size[-1:] or 180} is {shape}", shape in line and f" {filters} " in line, line)
    check("--list-layers is printed once on 3 ranks", table([], 3)[0].out == result.out)


def plans(scratch):
    out = scratch / "dry"
    for ranks in (0, 3):
        result = run(SMALL + ["--layer", "conv2d_1,mixed0", "--dry-run", "--out", out], ranks)
        told = dict(line.split(": ", 1) for line in result.out.splitlines() if ": " in line)
        check(f"--dry-run ends well, {ranks} ranks", result.code == 0 and not result.err, result)
        check(f"--dry-run counts, {ranks} ranks", (told.get("layers"), told.get("filters"), told.get("steps"),
                                                   told.get("ranks")) == ("2", "12", "2", str(ranks or 1)), told)
        check(f"--dry-run writes nothing, {ranks} ranks", not out.exists())
    refused = run(SMALL + ["--layer", "conv2d_1111", "--dry-run", "--out", out])
    check("--dry-run finds mistakes", refused.code == USAGE and len(refused.ours()) == 1, refused)


def progress(scratch):
    for ranks in (0, 3):
        result = run(SMALL + ["--layer", "conv2d_1,mixed0", "--out", scratch / f"progress{ranks}"], ranks)
        lines = result.err.splitlines()
        told = [line for line in lines if line.startswith("progress: ")]
        check(f"nothing on stdout, {ranks} ranks", result.code == 0 and not result.out, result)
        check(f"progress in lines, {ranks} ranks", told and re.match(r"progress: 100\.0 %, 12/12 filters", told[-1]),
              result)
        check(f"no bar without a terminal, {ranks} ranks", "\r" not in result.err and "\033" not in result.err, result)
        check(f"the first line tells of the job, {ranks} ranks", lines and f"{ranks or 1} rank" in lines[0] and
              "12 filters of 2 layers at 80 x 80" in lines[0], lines)
        check(f"the last line tells where to look, {ranks} ranks",
              lines and lines[-1] == str(scratch / f"progress{ranks}/index.html"), lines)
    result = run(["--model", MODEL, "--size", "80", "--layer", "conv2d_1", "--filters", "0", "--iterations", "1", "--out",
                  scratch / "one"])
    check("one of each is told of in the singular", "1 filter of 1 layer at 80 x 80, 1 step, on 1 rank (" in result.err
          and "1/1 filter, " in result.err, result)
    for ranks in (0, 3):
        result = run(SMALL + ["--layer", "conv2d_1", "--quiet", "--out", scratch / f"quiet{ranks}"], ranks)
        check(f"--quiet prints nothing, {ranks} ranks", result.code == 0 and not result.out and not result.err, result)
        check(f"--quiet renders, {ranks} ranks", (scratch / f"quiet{ranks}/layers/conv2d_1.png").exists())
    result = run(SMALL + ["--layer", "conv2d_1", "--verbose", "--out", scratch / "verbose"])
    check("--verbose tells of the layer", result.code == 0 and "conv2d_1" in result.err, result)


def start_images(scratch):
    """Without a step the last image is the start image: what arrives at the network can be seen in raw."""
    height, width = 72, 80
    count = height * width * 3
    pixels = bytes((i * 7 + i // 240) % 256 for i in range(count))
    mapped = struct.pack(f"<{count}f", *(to_float32(2 * to_float32(value / 255) - 1) for value in pixels))
    write_png(scratch / "start.png", height, width, pixels)
    (scratch / "start.raw").write_bytes(mapped)
    mutate(scratch / "start.h5", "image", scratch / "start.raw", height, width, 3)
    still = ["--model", MODEL, "--size", f"{height}x{width}", "--layer", "conv2d_1", "--filters", "0-2", "--save-raw",
             "--quiet"]
    for kind in ("png", "h5"):
        out = scratch / f"still-{kind}"
        result = run(still + ["--iterations", "1", "--learning-rate", "0", "--init", scratch / f"start.{kind}",
                              "--out", out], 2)
        check(f"--init with a .{kind} ends well", result.code == 0 and not result.err, result)
        check(f"a .{kind} arrives at every filter as it is",
              dataset(out / "layers/conv2d_1.h5", "raw", scratch) == 3 * mapped)
        check(f"the manifest names the .{kind}", manifest(out)["job"]["init"] == f"start.{kind}")
    for kind, seed, ranks in (("png", 0, 0), ("h5", 0, 3), ("h5", 5, 0)):
        out = scratch / f"climb-{kind}{seed}"
        run(still + ["--iterations", "2", "--init", scratch / f"start.{kind}", "--seed", seed, "--out", out], ranks)
    base = dataset(scratch / "climb-png0/layers/conv2d_1.h5", "raw", scratch)
    check("steps change it", len(base) == 3 * len(mapped) and base != 3 * mapped)
    for name, folder in (("an array", "climb-h50"), ("another seed", "climb-h55")):
        other = dataset(scratch / folder / "layers/conv2d_1.h5", "raw", scratch)
        check(f"{name} makes no difference to a given start image", other == base)


def random_start(scratch):
    """(U(0,1) - 0.5) * 0.25, by the keras recipe."""
    run(["--model", MODEL, "--size", "80", "--layer", "conv2d_1", "--filters", "0,1", "--iterations", "1",
         "--learning-rate", "0", "--save-raw", "--quiet", "--out", scratch / "noise"], 2)
    values = floats(dataset(scratch / "noise/layers/conv2d_1.h5", "raw", scratch))
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    check("the start image lies in +-1/8", -0.125 <= min(values) < -0.1249 and 0.1249 < max(values) <= 0.125,
          (min(values), max(values)))
    check("and is uniform", abs(mean) < 0.002 and abs(variance * 12 * 16 - 1) < 0.02, (mean, variance))


def grid_of_the_example(scratch):
    out = scratch / "grid"
    result = run(["--model", MODEL, "--layer", "conv2d_3", "--size", "180", "--iterations", "1", "--out", out], 2)
    grid = out / "layers/conv2d_3.png"
    check("64 filters at size 180 make a picture of 1075 x 1075 pixels, 8 bits, RGB",
          result.code == 0 and png_size(grid) == (1075, 1075, 8, 2), result)
    check("the last line names the picture", result.err.splitlines()[-1:] == [str(grid)], result)
    told = manifest(out)
    check("the defaults are those of the example", [told["job"][key] for key in (
        "recipe", "size", "learning_rate", "seed", "init", "loss_border", "picture_border")] ==
        ["keras", "180x180", 10.0, 0, "random", 2, 25], told["job"])
    check("30 steps unless told", "\nsteps: 30\n" in run(["--model", MODEL, "--layer", "conv2d_1", "--dry-run"]).out)
    check("8 columns, 64 filters", (told["layers"][0]["columns"], told["layers"][0]["filters"]) == (8, 64))
    shape = call(["h5dump", "-H", str(out / "layers/conv2d_3.h5")]).out
    for text in ("( 64, 130, 130, 3 )", "( 64, 1 )"):
        check(f"the layer's file has an array of {text}", text in shape, shape[-800:])
    few = scratch / "few"
    run(["--model", MODEL, "--layer", "conv2d_1", "--filters", "0-31", "--iterations", "1", "--quiet", "--out", few])
    side = 6 * 130 + 5 * 5
    check("32 tiles stand in 6 columns and 6 rows", png_size(few / "layers/conv2d_1.png") == (side, side, 8, 2))
    tiny = scratch / "tiny"
    result = run(["--model", MODEL, "--layer", "conv2d_1", "--filters", "0", "--size", "50", "--iterations", "1",
                  "--out", tiny])
    check("pictures of 50 pixels are not cropped", png_size(tiny / "layers/conv2d_1.png") == (50, 50, 8, 2), result)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    help_text()
    versions()
    list_of_layers()
    for part in (plans, progress, start_images, random_start, grid_of_the_example):
        part(place)
finish()
