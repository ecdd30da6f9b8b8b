"""Reads the files that versions of Keras from 2.2 to 3 wrote, and compares with what these versions computed.

Usage: fixtures.py --probe PROGRAM --source PROJECT

Each file is given a name that says nothing: its content tells what it is. A .weights.h5 has no configuration, so it is
packed with that of the .keras of its version, as Keras packs them. Bounds as in tests/parity: loss within
1e-5 * max(|loss|, 1e-3), gradient within 1e-4 (relative L2). Only the standard library is needed.
"""
import argparse
import array
import base64
import gzip
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import zipfile

LOSS, GRADIENT = 1e-5, 1e-4

parser = argparse.ArgumentParser()
parser.add_argument("--probe", required=True)
parser.add_argument("--source", required=True)
arguments = parser.parse_args()
FOLDER = pathlib.Path(arguments.source) / "tests/model/fixtures"
ENGINE = subprocess.check_output([arguments.probe], text=True).split()[:2]

passed = failed = 0


def floats(text):
    values = array.array("f", base64.b64decode(text))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def report(title, holds, said):
    global passed, failed
    passed, failed = passed + holds, failed + (not holds)
    print(f"{'ok   ' if holds else 'FAIL '} {title}: {said}", flush=True)


def compute(model, target, size, image, scratch):
    """Loss and gradient of ours, or the line of the failure."""
    image_file, result = scratch / "image.raw", scratch / "result.raw"
    image_file.write_bytes(base64.b64decode(image))
    done = subprocess.run(
        [arguments.probe, model, "-", target["layer"], str(target["channel"]), str(size), str(size), "1", *ENGINE, "1",
         image_file, result], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip() or f"the probe ended with {done.returncode}"
    values = array.array("f", result.read_bytes())
    return float(done.stdout), values[len(values) // 2:]


def compare(title, model, expected, scratch):
    for target in expected["targets"]:
        name = f"{title} {target['layer']}[{target['channel']}]"
        found = compute(model, target, expected["size"], expected["image"], scratch)
        if isinstance(found, str):
            report(name, False, found)
            continue
        wanted = floats(target["gradient"])
        loss = abs(found[0] - target["loss"]) / max(abs(target["loss"]), 1e-3)
        gradient = math.dist(found[1], wanted) / math.hypot(*wanted) if len(found[1]) == len(wanted) else math.inf
        report(name, loss <= LOSS and gradient <= GRADIENT, f"loss {loss:.1e}, gradient {gradient:.1e}")


def with_configuration(weights, archive, path):
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(path, "w") as packed:
        for name in ("config.json", "metadata.json"):
            packed.writestr(name, whole.read(name))
        packed.write(weights, "model.weights.h5")


def compare_version(description, scratch):
    expected = json.loads(description.read_text())
    unpacked = {}
    for suffix in (".h5", ".keras", ".weights.h5"):
        packed = FOLDER / (description.stem + suffix + ".gz")
        if packed.exists():
            unpacked[suffix] = scratch / f"file{len(unpacked)}"
            unpacked[suffix].write_bytes(gzip.decompress(packed.read_bytes()))
    for suffix, path in unpacked.items():
        if suffix == ".weights.h5":
            with_configuration(path, unpacked[".keras"], scratch / "packed")
            path = scratch / "packed"
        compare(f"{description.stem}{suffix}", path, expected, scratch)


with tempfile.TemporaryDirectory(prefix="convviz-fixtures-") as folder:
    for json_file in sorted(FOLDER.glob("*.json")):
        compare_version(json_file, pathlib.Path(folder))
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
