"""Bad input, full disks and refusals: one clear line, the right exit code, nothing left behind, no rank left waiting.

See harness.py for how to call it.
"""
import json
import os
import pathlib
import re
import resource
import shutil

from harness import (FAILED, MODEL, USAGE, call, check, files, finish, left_running, manifest, mutate, run,
                     scratch_folder, skip, write_png)

LAYER = ["--layer", "conv2d_5"]
QUICK = ["--size", "80", "--iterations", "2", "--filters", "0-3", "--quiet"]
SMALL = ["--model", MODEL] + QUICK
FORBIDDEN = ("HDF5-DIAG", "Assertion", "MPI_ABORT", "terminate called", "Segmentation", "exited on signal", "corrupt")
KERNEL = "/model_weights/conv2d_2/conv2d_2/kernel:0"

used = 0  # numbers the output directories


def refused(name, options, code, words, scratch, ranks=(0, 3), **more):
    """The job fails with one line that has all the words, and leaves nothing."""
    global used
    for count in ranks:
        used += 1
        out = scratch / f"never{used}"
        title = f"{name}, {count} ranks"
        result = run(list(options) + ["--out", out], count, **more)
        lines = result.ours()
        check(f"{title}: exit {code}", result.code == code, result)
        check(f"{title}: one line", len(lines) == 1 and not result.out and
              (count or len(result.err.splitlines()) == 1), result)
        check(f"{title}: says {words}", lines and all(word in lines[0] for word in words), lines)
        check(f"{title}: no library or launcher tells of a crash",
              not [word for word in FORBIDDEN if word in result.err], result)
        check(f"{title}: nothing is left", not out.exists() or not files(out), out)


def not_a_model(scratch):
    text = scratch / "text.h5"
    text.write_text("not a model\n" * 1000)
    refused("no such file", ["--model", scratch / "none.h5"] + LAYER, FAILED, ["none.h5", "No such file"], scratch)
    refused("a directory", ["--model", scratch] + LAYER, FAILED, [str(scratch), "directory"], scratch)
    refused("not HDF5", ["--model", text] + LAYER, FAILED, ["text.h5", "HDF5"], scratch)
    refused("a device", ["--model", "/dev/null"] + LAYER, FAILED, ["/dev/null"], scratch)
    picture = scratch / "picture.h5"
    write_png(picture, 4, 4, bytes(48))
    refused("a picture", ["--model", picture] + LAYER, FAILED, ["picture.h5", "HDF5"], scratch)
    archive = scratch / "archive.keras"
    archive.write_bytes(b"PK\3\4" + bytes(500))
    refused("a ZIP archive", ["--model", archive] + LAYER, FAILED, ["archive.keras"], scratch)


def truncated(scratch):
    whole = pathlib.Path(MODEL).read_bytes()
    cut = scratch / "cut.h5"
    lengths = [0, 1, 8, 95, 96, 511, 512, 2048, 4096, 100000, len(whole) // 2, len(whole) - 4096, len(whole) - 1]
    for length in lengths:
        cut.write_bytes(whole[:length])
        refused(f"truncated to {length} bytes", ["--model", cut] + LAYER + QUICK, FAILED, ["cut.h5"], scratch,
                (0, 3) if length in (96, len(whole) // 2, len(whole) - 1) else (0,))


def edit(config, path, value):
    """A copy of nested lists and objects with one place changed; DELETE removes it."""
    copy = json.loads(json.dumps(config))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if value is DELETE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


DELETE = object()


def bad_configuration(scratch):
    text = mutate(MODEL, "show")
    config = json.loads(text)
    layers = config["config"]["layers"]
    second = next(i for i, layer in enumerate(layers) if layer["name"] == "conv2d_2")
    at = ["config", "layers", second]
    twins = edit(config, at + ["name"], "conv2d_1")
    nameless = edit(edit(layers[second], ["name"], DELETE), ["config", "name"], DELETE)  # either one is enough
    cases = [(f"cut to {length} bytes", text[:length], ["JSON"])
             for length in (1, 50, len(text) // 2, len(text) - 1)]
    cases += [("empty", "", ["configuration"]), ("a list", "[]", []), ("a number", "3", []), ("a text", '"x"', []),
              ("an empty object", "{}", ["class_name"]), ("null", "null", []), ("deep", "[" * 100000, []),
              ("no config", json.dumps({"class_name": "Model"}), []),
              ("two of a name", json.dumps(twins), ["conv2d_1"])]
    for name, path, value, words in [
            ("no layers", ["config", "layers"], [], []), ("layers a number", ["config", "layers"], 3, []),
            ("a layer that is null", at, None, []), ("a layer without a name", at, nameless, ["name"]),
            ("a layer without a class", at + ["class_name"], DELETE, ["conv2d_2"]),
            ("a layer without config", at + ["config"], DELETE, ["conv2d_2"]),
            ("no inbound_nodes", at + ["inbound_nodes"], DELETE, ["conv2d_2"]),
            ("input from nowhere", at + ["inbound_nodes"], [[["nowhere", 0, 0, {}]]], ["nowhere"]),
            ("input from itself", at + ["inbound_nodes"], [[["conv2d_2", 0, 0, {}]]], ["conv2d_2"]),
            ("input from behind", at + ["inbound_nodes"], [[["conv2d_5", 0, 0, {}]]], ["own output"]),
            ("unknown class", at + ["class_name"], "Wormhole", ["Wormhole"]),
            ("filters a text", at + ["config", "filters"], "many", ["conv2d_2"]),
            ("filters negative", at + ["config", "filters"], -1, ["conv2d_2"]),
            ("filters 0", at + ["config", "filters"], 0, ["conv2d_2"]),
            ("filters huge", at + ["config", "filters"], 2**40, ["conv2d_2"]),
            ("other filters than weights", at + ["config", "filters"], 48, ["conv2d_2"]),
            ("kernel 0", at + ["config", "kernel_size"], [0, 0], ["conv2d_2"]),
            ("kernel of three sides", at + ["config", "kernel_size"], [3, 3, 3], ["conv2d_2"]),
            ("strides 0", at + ["config", "strides"], [0, 0], ["conv2d_2"]),
            ("unknown activation", at + ["config", "activation"], "magic", ["conv2d_2", "magic"]),
            ("unknown padding", at + ["config", "padding"], "odd", ["conv2d_2", "odd"])]:
        cases.append((name, json.dumps(edit(config, path, value)), words))
    for index, (name, words_of_config, words) in enumerate(cases):
        model, words_file = scratch / "edited.h5", scratch / "config.json"
        shutil.copy(MODEL, model)
        words_file.write_text(words_of_config)
        mutate(model, "config", words_file)
        refused(f"model_config: {name}", ["--model", model] + LAYER + QUICK, FAILED, words, scratch,
                (0, 3) if index % 6 == 0 else (0,))
    shutil.copy(MODEL, model)
    mutate(model, "delete", "@model_config")
    refused("model_config: none", ["--model", model] + LAYER + QUICK, FAILED, ["edited.h5", "model_config"], scratch)
    shutil.copy(MODEL, model)
    words_file.write_text(text)
    mutate(model, "config", words_file)
    check("model_config: replaced by itself, it works", run(["--model", model, *LAYER, *QUICK, "--out",
                                                             scratch / "itself"]).code == 0)


def bad_weights(scratch):
    model = scratch / "weights.h5"
    for name, operation, words in [
            ("missing", ["delete", KERNEL], ["conv2d_2", "kernel"]),
            ("of another shape", ["reshape", KERNEL], ["conv2d_2", "kernel", "4", "3"]),
            ("not listed", ["shorten", "/model_weights/batch_normalization_2"], ["batch_normalization_2"]),
            ("without their group", ["delete", "/model_weights/conv2d_2"], ["conv2d_2"]),
            ("all missing", ["delete", "/model_weights"], ["model_weights"])]:
        shutil.copy(MODEL, model)
        mutate(model, *operation)
        refused(f"weights {name}", ["--model", model] + LAYER + QUICK, FAILED, words, scratch)


def weights_that_are_not_numbers(scratch):
    model = scratch / "nan.h5"
    shutil.copy(MODEL, model)
    mutate(model, "nan", KERNEL)
    for ranks in (0, 3):
        out = scratch / f"nan{ranks}"
        result = run(["--model", model, *LAYER, *QUICK, "--out", out], ranks)
        title = f"NaN weights, {ranks} ranks"
        warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
        check(f"{title}: the job ends", result.code == 0 and not result.ours(), result)
        check(f"{title}: one warning names the weight", len(warnings) == 1 and "conv2d_2" in warnings[0] and
              "NaN" in warnings[0], result)
        told = manifest(out)["layers"][0] if result.code == 0 else {}
        counts = told.get("status", {})
        check(f"{title}: the manifest counts them", counts.get("nan") == 4 == sum(counts.values()) and
              told.get("best_loss", 0) is None, told)
        dump = call(["h5dump", "-d", "status", str(out / "layers/conv2d_5.h5")]).out
        check(f"{title}: status is nan", "(0): nan, nan, nan, nan" in dump, dump)
    out = scratch / "before"
    result = run(["--model", model, "--layer", "conv2d_1", *QUICK, "--out", out])
    check("NaN weights behind the layer do not matter", result.code == 0 and not result.err and
          manifest(out)["layers"][0]["status"]["nan"] == 0, result)


def bad_choice_of_layers(scratch):
    refused("unknown layer", SMALL + ["--layer", "conv2d_55"], USAGE, ["'conv2d_55'", "closest", "conv2d_5"], scratch)
    refused("one unknown of two", SMALL + ["--layer", "conv2d_1,mixd0"], USAGE, ["'mixd0'", "mixed0"], scratch)
    refused("a pattern that fits nothing", SMALL + ["--layer", "nothing*"], USAGE, ["nothing*"], scratch)
    refused("the input", SMALL + ["--layer", "input_1"], USAGE, ["input_1", "input"], scratch)
    refused("filter out of range", ["--model", MODEL, "--filters", "0-192"] + LAYER, USAGE,
            ["0-192", "191", "conv2d_5"], scratch)
    refused("filters backwards", ["--model", MODEL, "--filters", "7-3"] + LAYER, USAGE, ["7-3"], scratch, (0,))
    refused("size too small", ["--model", MODEL, "--size", "8"] + LAYER, FAILED, ["8"], scratch)
    refused("size 1", ["--model", MODEL, "--size", "1"] + LAYER, FAILED, ["1"], scratch, (0,))
    refused("no layer", ["--model", MODEL], USAGE, ["--layer"], scratch)


def bad_options(scratch):
    job = ["--model", MODEL] + LAYER
    refused("no model", LAYER, USAGE, ["--model"], scratch)
    refused("unknown option", ["--modle", MODEL] + LAYER, USAGE, ["--modle", "closest", "model"], scratch)
    refused("unknown short option", job + ["-x"], USAGE, ["-x"], scratch, (0,))
    refused("weights without arch", ["--weights", MODEL] + LAYER, USAGE, ["--weights", "--arch"], scratch)
    refused("arch without weights", ["--arch", "VGG16"] + LAYER, USAGE, ["--arch", "--weights"], scratch)
    mutate(MODEL, "weights", scratch / "weights.h5")
    refused("a weights file as model", ["--model", scratch / "weights.h5"] + LAYER, USAGE, ["weights.h5", "--arch"],
            scratch)
    refused("weights of another architecture", ["--weights", scratch / "weights.h5", "--arch", "VGG16"] + LAYER,
            FAILED, ["weights.h5", "VGG16"], scratch)
    refused("unknown arch", ["--weights", scratch / "weights.h5", "--arch", "ResNet51"] + LAYER, USAGE,
            ["ResNet51", "ResNet50"], scratch)
    refused("a full model as weights", ["--weights", MODEL, "--arch", "InceptionV3"] + LAYER, USAGE,
            ["full model", "--model"], scratch)
    refused("model and weights", job + ["--weights", MODEL, "--arch", "VGG16"], USAGE, ["--model", "--weights"],
            scratch)
    refused("model and arch", job + ["--arch", "VGG16"], USAGE, ["--model", "--arch"], scratch, (0,))
    refused("bfloat16 without its instructions", job + ["--isa", "portable", "--precision", "bf16"], FAILED,
            ["bf16", "portable", "AVX512-BF16", "rank 0", "host"], scratch)
    refused("quiet and verbose", job + ["--quiet", "--verbose"], USAGE, ["--quiet", "--verbose"], scratch, (0,))
    refused("given twice", job + ["--seed", "1", "--seed", "2"], USAGE, ["seed", "twice"], scratch, (0,))
    refused("two job files", ["a.ini", "b.ini"], USAGE, ["a.ini", "b.ini"], scratch, (0,))
    for option, value in [("size", "0"), ("size", "-80"), ("size", "16385"), ("size", "80x"), ("size", "80x80x3"),
                          ("iterations", "0"), ("iterations", "1.5"), ("iterations", "99999999999999999999"),
                          ("learning-rate", "fast"), ("learning-rate", "nan"), ("learning-rate", "-1"),
                          ("seed", "-1"), ("seed", "18446744073709551616"), ("isa", "sse9"), ("precision", "bf8"), ("recipe", "soup"),
                          ("filters", "a"), ("filters", "1,,2"), ("layer", ","), ("init", "noise"),
                          ("overwrite", "perhaps"), ("quiet", "x\ny")]:
        options = job if option != "layer" else ["--model", MODEL]
        refused(f"--{option}={value!r}", options + [f"--{option}={value}"], USAGE, [option], scratch,
                (0, 3) if option == "isa" else (0,))


def bad_start_images(scratch):
    small, broken, empty = scratch / "small.png", scratch / "broken.png", scratch / "empty.h5"
    write_png(small, 10, 10, bytes(300))
    broken.write_bytes(small.read_bytes()[:40])
    empty.write_bytes(pathlib.Path(MODEL).read_bytes())
    (scratch / "raw").write_bytes(bytes(4 * 10 * 10 * 3))
    mutate(scratch / "small.h5", "image", scratch / "raw", 10, 10, 3)
    mutate(scratch / "flat.h5", "image", scratch / "raw", 100, 1, 3)
    for name, path, words in [("missing picture", scratch / "none.png", ["none.png"]),
                              ("missing array", scratch / "none.h5", ["none.h5"]),
                              ("small picture", small, ["small.png", "10", "80"]),
                              ("broken picture", broken, ["broken.png"]),
                              ("small array", scratch / "small.h5", ["small.h5", "10", "80"]),
                              ("flat array", scratch / "flat.h5", ["flat.h5", "100"]),
                              ("a file without an image", empty, ["empty.h5", "image"]),
                              ("a directory", scratch / "folder.png", ["folder.png"])]:
        if name == "a directory":
            path.mkdir()
        refused(f"init: {name}", SMALL + LAYER + ["--init", path], FAILED, words, scratch,
                (0, 3) if "small" in name else (0,))


def bad_job_files(scratch):
    def job(name, text):
        path = scratch / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    start = f"model = {MODEL}\nlayer = conv2d_5\n"
    refused("missing job file", [scratch / "none.ini"], FAILED, ["none.ini", "No such file"], scratch)
    for name, text, words in [
            ("unknown", start + "\niteratons = 3\n", [":4:", "iteratons", "iterations"]),
            ("long", start + "# a comment\nfilters = " + ",".join(["1"] * 300) + "\n", [":4:"]),
            ("value", start + "size = big\n", [":3:", "size", "big"]),
            ("twice", start + "seed = 1\nseed = 2\n", [":4:", "seed"]),
            ("line", start + "quiet\n", [":3:", "key = value"]),
            ("only", start + "dry-run = true\n", [":3:", "dry-run", "command line"]),
            ("section", "[other]\n" + start, ["other"]),
            ("model", "layer = conv2d_5\n", ["--model"])]:
        refused(f"job file: {name}", [job(f"{name}.ini", text)], USAGE, words + ([f"{name}.ini"] if ":" in words[0]
                                                                                else []), scratch,
                (0, 3) if name in ("unknown", "long") else (0,))
    refused("job file: binary", [job("binary.ini", b"model = x\0\n")], FAILED, ["binary.ini"], scratch, (0,))
    refused("job file: a directory", [scratch], FAILED, [str(scratch)], scratch, (0,))
    refused("job file: its paths start from its folder", [job("relative.ini", "model = none.h5\nlayer = conv2d_5\n")],
            FAILED, [str(scratch / "none.h5")], scratch, (0,), cwd="/")
    good = job("good.ini", start + "size = 8\niterations = 2\nfilters = 0\nout = fromjob\nquiet = yes\n")
    result = run([good, "--size", "80"], cwd="/")
    check("the command line wins over a job file", result.code == 0 and not result.err and
          manifest(scratch / "fromjob")["job"]["size"] == "80x80", result)


def results_are_kept(scratch):
    out = scratch / "kept"
    job = SMALL + LAYER + ["--out", out]
    check("a first run", run(job).code == 0)
    (out / "note.txt").write_text("mine")
    before = files(out)
    for ranks in (0, 3):
        again = run(job + ["--seed", "1"], ranks)
        check(f"results are not replaced, {ranks} ranks", again.code == USAGE and len(again.ours()) == 1 and
              "--overwrite" in again.ours()[0] and str(out) in again.ours()[0], again)
        check(f"and stay as they are, {ranks} ranks", files(out) == before)
    (out / "manifest.json").unlink()
    check("nor those without a manifest", run(job).code == USAGE)
    for ranks, seed in ((0, 1), (3, 2)):
        (out / "layers/.mixed0.h5.tmp").write_text("left by a run that was killed")
        (out / "layers/old.png").write_text("of an older job")
        told = run(job + ["--seed", seed, "--overwrite"], ranks)
        after = files(out)
        check(f"with --overwrite they are, {ranks} ranks", told.code == 0 and
              manifest(out)["job"]["seed"] == seed and after["layers/conv2d_5.h5"] != before["layers/conv2d_5.h5"],
              told)
        check(f"by those of the job alone, {ranks} ranks", sorted(after) == sorted(before), sorted(after))
        check(f"and other files are left alone, {ranks} ranks", after.get("note.txt") == b"mine")
    kept = files(out)
    for name, wrong, code in (("a mistake", ["--filters", "999"], USAGE), ("a bad model", [], FAILED)):
        options = ["--model", scratch / "none.h5" if not wrong else MODEL, *LAYER, "--size", "80", "--overwrite",
                   "--out", out, *wrong]
        told = run(options, 3)
        check(f"{name} with --overwrite removes nothing", told.code == code and files(out) == kept, told)


def places_that_cannot_be_written(scratch):
    plain = scratch / "plain"
    plain.write_text("a file")
    cases = [("below a file", plain / "out", "Not a directory"), ("below a device", "/dev/null/x", "Not a directory"),
             ("a file itself", plain, "Not a directory"), ("a long name", scratch / ("x" * 300), "too long")]
    locked = scratch / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):
        skip("a directory without permission to write", "permissions do not bind this user")
    else:
        cases.append(("without permission", locked / "out", "denied"))
    for name, out, words in cases:
        for ranks in (0, 3):
            told = run(SMALL + LAYER + ["--out", out], ranks)
            check(f"output {name}, {ranks} ranks", told.code == FAILED and len(told.ours()) == 1 and
                  words in told.ours()[0] and str(out) in told.ours()[0], told)
    check("the file is left alone", plain.read_text() == "a file")


def mounted(folder, size):
    """A small file system in memory at `folder`, or false."""
    folder.mkdir(exist_ok=True)
    return call(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]).code == 0


def check_stopped(title, told, out, whole, cause):
    """A run that could not write: everything under a final name is whole, and nothing else is there."""
    check(f"{title}: exit 1", told.code == FAILED, told)
    check(f"{title}: one line with the cause", len(told.ours()) == 1 and cause in told.ours()[0] and
          ("write" in told.ours()[0] or "create" in told.ours()[0]), told)
    check(f"{title}: nothing crashed", not [word for word in FORBIDDEN if word in told.err], told)
    left = files(out) if out.exists() else {}
    found = {name: data for name, data in left.items() if not name.startswith("journal/")}
    job = found.pop("site/job.js", b"").decode()
    check(f"{title}: the atlas tells that the job has not ended", not job or re.match(
        r'atlas\.setJob\({"done":\d+,"total":\d+},{"format".*}\);\n\Z', job, re.S), job[:200])
    check(f"{title}: no part of a file is left", all(whole.get(name) == data for name, data in found.items()),
          {name: len(data) for name, data in found.items()})
    check(f"{title}: no manifest of a job that has not ended", "manifest.json" not in found, sorted(found))


BIG = SMALL + ["--layer", "conv2d_1,conv2d_5,mixed0", "--save-raw"]
# What one rank writes for it beside the results, at least: a record for each of 12 units with a head of 48 bytes,
# 2 losses, a tile of 30 x 30 and an image of 80 x 80; and its lock.
RECORDS = 12 * (48 + 2 * 4 + 30 * 30 * 3 + 80 * 80 * 3 * 4)


def goes_on(title, disk, size, whole):
    """Once there is room, nothing that was finished is done again."""
    call(["mount", "-o", f"remount,size={size}", str(disk)])
    told = run(BIG + ["--out", disk / "out", "--resume"])
    check(f"{title}: with room, --resume ends it", told.code == 0 and files(disk / "out") == whole, told)


def full_disk(scratch):
    whole_out, disk = scratch / "whole", scratch / "disk"
    check("a run with room", run(BIG + ["--out", whole_out]).code == 0)
    whole = files(whole_out)
    page = os.sysconf("SC_PAGESIZE")
    needed = (sum(-(-len(data) // page) for data in whole.values()) + -(-RECORDS // page) + 1) * page
    if not mounted(disk, "1m"):
        skip("a full disk", "mounting is not allowed here")
        return whole
    call(["umount", str(disk)])
    outcomes = []
    # The last sizes of one rank lack a few pages: then the small files at the end find no room.
    for size, ranks in [(page, 0), (8 * page, 0), (8 * page, 3), (needed // 3, 0), (needed // 3, 3),
                        (2 * needed // 3, 0), (2 * needed // 3, 3), (needed - 4 * page, 0), (needed - 2 * page, 0),
                        (needed - page, 0), (needed + 40 * page, 3)]:
        if not mounted(disk, size):
            skip(f"a disk of {size} bytes", "could not be mounted")
            continue
        told = run(BIG + ["--out", disk / "out"], ranks)
        title = f"a disk of {size} bytes, {ranks} ranks"
        if size > needed:
            check(f"{title}: suffices", told.code == 0 and files(disk / "out") == whole, told)
        else:
            check_stopped(title, told, disk / "out", whole, "No space left")
            outcomes.append([name for name in files(disk / "out") if name.startswith("layers/")])
            goes_on(title, disk, 2 * needed, whole)
        call(["umount", str(disk)])
    check("some disks had room for some layers", any(outcomes), outcomes)
    if mounted(disk, "1m,ro"):
        told = run(BIG + ["--out", disk / "out"], 3)
        check("a read-only file system", told.code == FAILED and len(told.ours()) == 1 and
              "Read-only" in told.ours()[0], told)
        call(["umount", str(disk)])
    return whole


def limit_of_file_size(scratch):
    """The files of MPI itself are smaller than the limit here; shared weights are not, and then no longer shared."""
    wide = ["--model", MODEL, "--layer", "conv2d_1", "--size", "256", "--iterations", "1", "--filters", "0-19",
            "--save-raw", "--quiet"]
    limit = 12 << 20
    check("a run without a limit", run(wide + ["--out", scratch / "unlimited"]).code == 0)
    whole = files(scratch / "unlimited")
    length = len(whole.get("layers/conv2d_1.h5", b""))
    check("its file is larger than the limit", length > limit, length)
    told = run(wide + ["--out", scratch / "limited0"],
               preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    check_stopped("a limit of file size, 0 ranks", told, scratch / "limited0", whole, "File too large")
    prlimit = shutil.which("prlimit")
    if not prlimit:
        skip("a limit of file size under mpirun", "there is no prlimit")
        return
    told = run(wide + ["--out", scratch / "limited3"], 3, wrapper=[prlimit, f"--fsize={limit}"])
    check_stopped("a limit of file size, 3 ranks", told, scratch / "limited3", whole, "File too large")
    told = run(SMALL + ["--layer", "conv2d_1", "--out", scratch / "few"], 2, wrapper=[prlimit, f"--fsize={limit}"])
    check("weights that pass the limit are not shared, and the warning says why", told.code == 0 and
          "warning: shared memory: the limit of file size (ulimit -f)" in told.err and "/dev/shm" not in told.err, told)


def clean(scratch):
    """Gives back what the parts left: models are megabytes."""
    for path in scratch.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    for part in (not_a_model, truncated, bad_configuration, bad_weights, weights_that_are_not_numbers,
                 bad_choice_of_layers, bad_options, bad_start_images, bad_job_files, results_are_kept,
                 places_that_cannot_be_written, full_disk, limit_of_file_size):
        print(f"--- {part.__name__.replace('_', ' ')}")
        part(place)
        clean(place)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
