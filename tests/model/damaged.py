"""Feeds damaged model files to the reader and, where a model comes out, climbs a layer of it: an error of one line or
numbers, never a crash, a sanitizer's report or a process that does not end.

Usage: damaged.py --probe PROGRAM --mutate PROGRAM --source PROJECT [--rounds N] [--seed N] [--keep FOLDER]

The files are those that versions of Keras wrote (tests/model/fixtures). A round changes one of them in one of these
ways, by random numbers of a fixed seed: a few bytes anywhere, or in a structure of HDF5, or a cut (in a legacy .h5, a
.keras and the weights inside one); a value of the configuration, of a .keras or a legacy .h5. --keep gets the files
that failed. Only the standard library is needed. Built with sanitizers, --rounds 3000 takes a quarter of an hour.
"""
import argparse
import copy
import gzip
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile

SECONDS = 120  # that a round may take
REPORTED = 66  # how a process ends of which a sanitizer has something to report
SIDES = ("29", "34")
SIGNATURES = [b"\x89HDF", b"TREE", b"HEAP", b"SNOD", b"GCOL", b"OHDR", b"OCHK", b"FRHP", b"BTHD"]
EDGES = [0, 1, 0x7F, 0x80, 0xFF]
VALUES = [None, True, False, 0, 1, 2, 3, 7, -1, 2**31, 2**53, 0.5, 1e300, -0.0, "", "same", "linear", "x" * 300, [], {},
          [0, 0], [3, 3], [-1, 2], [None, None, None, 3], [2, [3, {}]]]

parser = argparse.ArgumentParser()
parser.add_argument("--probe", required=True)
parser.add_argument("--mutate", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--rounds", type=int, default=300)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--keep", type=pathlib.Path)
arguments = parser.parse_args()
FOLDER = pathlib.Path(arguments.source) / "tests/model/fixtures"
ENGINE = subprocess.check_output([arguments.probe], text=True).split()[:2]
choose = random.Random(arguments.seed)


# ---- Damage

def near_a_structure(data):
    """A place in one of the structures of an HDF5 file."""
    starts = []
    for signature in SIGNATURES:
        at = data.find(signature)
        while at >= 0:
            starts.append(at)
            at = data.find(signature, at + 1)
    return min(choose.choice(starts or [0]) + choose.randrange(96), len(data) - 1)


def damaged_bytes(data, structure):
    data = bytearray(data)
    for _ in range(choose.randint(1, 4)):
        at = near_a_structure(bytes(data)) if structure else choose.randrange(len(data))
        data[at] = choose.choice(EDGES + [choose.randrange(256)])
    return bytes(data if choose.random() < 0.8 else data[:choose.randrange(len(data))])


def places(value, path=()):
    """Paths to every value inside nested lists and objects."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield path + (key,)
        yield from places(item, path + (key,))


def at_path(value, path):
    for key in path:
        value = value[key]
    return value


def damaged_configuration(config):
    """One to three values replaced, removed, doubled, or replaced by others of the configuration."""
    config = copy.deepcopy(config)
    for _ in range(choose.randint(1, 3)):
        path = choose.choice(list(places(config)))
        around, key = at_path(config, path[:-1]), path[-1]
        what = choose.randrange(5)
        if what == 0:
            del around[key]
        elif what == 1:
            around[key] = copy.deepcopy(at_path(config, choose.choice(list(places(config)))))
        elif what == 2 and isinstance(around, list):
            around.insert(key, copy.deepcopy(around[key]))
        else:
            around[key] = copy.deepcopy(choose.choice(VALUES))
    return config


# ---- Files

def members(path):
    with zipfile.ZipFile(io.BytesIO(unpacked(path))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_archive(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def unpacked(path):
    return gzip.decompress(path.read_bytes())


def make_bytes(model, suffix):
    model.write_bytes(damaged_bytes(unpacked(choose.choice(sorted(FOLDER.glob("*" + suffix)))), choose.random() < 0.7))
    return None


def make_weights_in_archive(model):
    files = members(choose.choice(sorted(FOLDER.glob("*.keras.gz"))))
    files["model.weights.h5"] = damaged_bytes(files["model.weights.h5"], choose.random() < 0.7)
    write_archive(model, files)
    return json.loads(files["config.json"])


def make_configuration_in_archive(model):
    files = members(choose.choice(sorted(FOLDER.glob("*.keras.gz"))))
    config = damaged_configuration(json.loads(files["config.json"]))
    files["config.json"] = json.dumps(config)
    write_archive(model, files)
    return config


def make_configuration_in_hdf5(model):
    full = [path for path in sorted(FOLDER.glob("*.h5.gz")) if ".weights." not in path.name]
    model.write_bytes(unpacked(choose.choice(full)))
    config = damaged_configuration(json.loads(subprocess.check_output([arguments.mutate, model, "show"], text=True)))
    text = model.with_suffix(".json")
    text.write_text(json.dumps(config))
    subprocess.run([arguments.mutate, model, "config", text], check=True)
    return config


KINDS = {"bytes of .h5": lambda model: make_bytes(model, "[0-9].h5.gz"),
         "bytes of .keras": lambda model: make_bytes(model, ".keras.gz"),
         "weights in .keras": make_weights_in_archive,
         "configuration in .keras": make_configuration_in_archive,
         "configuration in .h5": make_configuration_in_hdf5}


# ---- Reading

def layer_names(config):
    """Of the outermost model, those that are texts."""
    try:
        names = [layer["config"]["name"] for layer in config["config"]["layers"]]
    except (KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and "\0" not in name]


def environment(reports):
    """Sanitizers write to files: what is read first, in a process of its own, has no other output."""
    options = [os.environ.get("ASAN_OPTIONS", ""), f"log_path={reports / 'report'}", "allocator_may_return_null=1",
               f"exitcode={REPORTED}"]
    return os.environ | {"ASAN_OPTIONS": ":".join(filter(None, options))}


def take(reports):
    """What the sanitizers had to say."""
    texts = [path.read_text(errors="replace") for path in reports.iterdir()]
    for path in reports.iterdir():
        path.unlink()
    return texts


def leaks(text):
    return text.split("irect leak of")[1:]


def is_ours(text):
    """Whether a report is of code of this project. HDF5 1.10.8 has errors of its own, which is why a file is first read
    elsewhere, and does not free all that a damaged file made it take."""
    return ("runtime error" in text or ("ERROR: AddressSanitizer" in text and "libhdf5" not in text.split("#3")[0]) or
            any("libhdf5" not in leak.split("#2")[0] for leak in leaks(text)))


def probe(words, reports):
    """What is wrong with how the probe ended, None if nothing is; and whether it did what it was asked for."""
    try:
        result = subprocess.run([arguments.probe, *words], capture_output=True, timeout=SECONDS, env=environment(reports))
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s", False
    said = result.stderr.decode(errors="replace")
    texts = take(reports)
    for text in filter(is_ours, texts):
        return text, False
    if result.returncode == REPORTED and any(map(leaks, texts)):
        return None, False
    if result.returncode not in (0, 1):
        return f"ended with {result.returncode}: {said}", False
    if result.returncode == 1 and (said.count("\n") != 1 or not said.startswith("probe: ")):
        return f"said {said!r}, expected one line", False
    return None, result.returncode == 0


def read_and_climb(model, config, image, reports):
    """Reads the whole file, then asks for the gradient of one layer; returns what probe() does, of the reading."""
    wrong, read = probe([model, "-"], reports)
    names = layer_names(config or {})
    if wrong or not read or not names:
        return wrong, read
    words = [model, "-", choose.choice(names), "0", *SIDES, "1", *ENGINE, "1", image, model.with_suffix(".raw")]
    return probe(words, reports)[0], read


def main(scratch):
    counts = {kind: [0, 0, 0] for kind in KINDS}  # rounds, read, failures
    image, reports = scratch / "image", scratch / "reports"
    reports.mkdir()
    image.write_bytes(bytes(4 * 64 * int(SIDES[0]) * int(SIDES[1])))  # 64: channels that an image may turn out to have
    for index in range(arguments.rounds):
        kind = list(KINDS)[index % len(KINDS)]
        model = scratch / "model"
        config = KINDS[kind](model)
        wrong, read = read_and_climb(model, config, image, reports)
        counts[kind] = [a + b for a, b in zip(counts[kind], (1, read, wrong is not None))]
        if wrong:
            print(f"FAIL  round {index}, {kind}: {wrong}", flush=True)
            if arguments.keep:
                shutil.copy(model, arguments.keep / f"{arguments.seed}-{index}")
    for kind, (rounds, read, failures) in counts.items():
        print(f"{'FAIL' if failures else 'ok  '}  {kind}: {rounds} files, {read} still read, {failures} failures")
    return any(failures for _, _, failures in counts.values())


with tempfile.TemporaryDirectory(prefix="convviz-damaged-") as folder:
    sys.exit(main(pathlib.Path(folder)))
