"""Files that are not Keras's, and damaged .keras archives: one line that tells what it is and what to do.

See harness.py for how to call it.
"""
import gzip
import pathlib
import struct
import zipfile

from harness import FAILED, SOURCE, USAGE, check, finish, run, scratch_folder

SMALL = SOURCE / "tests/model/fixtures/keras-3.15.1.keras.gz"


def refused(name, path, *words, options=("--model",), code=FAILED):
    result = run([*options, path, "--list-layers"])
    lines = result.ours()
    check(f"{name}: one line, exit {code}", result.code == code and not result.out and
          len(result.err.splitlines()) == len(lines) == 1, result)
    check(f"{name}: says {words}", lines and str(path) in lines[0] and all(word in lines[0] for word in words), lines)


def other_software(scratch):
    """Beginnings of real files, of which no more is looked at."""
    beginnings = {
        "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(100), "TensorFlow Lite", "model.save"),
        "saved_model.pb": (b"\x08\x01\x12\x88\xb5\x01\x0a\x81" + bytes(100), "SavedModel", "tf_keras"),
        "old.pth": (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02", "PyTorch", "onnx2tf"),
        "model.onnx": (b"\x08\x08\x12\x07pytorch\x1a\x05", "ONNX", "onnx2tf"),
        "graph.onnx": (b"\x08\x07\x3a\x88\x01", "ONNX", "onnx2tf"),
        "model.safetensors": (struct.pack("<Q", 40) + b'{"a":{"dtype":"F32"', "safetensors", "model.save"),
        "model.pkl": (b"\x80\x04\x95\x10\0\0\0", "pickle", "model.save"),
        "weights.npy": (b"\x93NUMPY\x01\0v\0{", "NumPy", "set_weights"),
        "model.json": (b'{"class_name": "Functional"}', "JSON", "model.save"),
        "model.h5.gz": (b"\x1f\x8b\x08\0", "gzip", "gunzip"),
        "pointer.h5": (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "Git LFS", "git lfs pull"),
        "page.h5": (b"<!DOCTYPE html><title>404</title>", "web page", "download"),
        "checkpoint": (b'model_checkpoint_path: "ck-1"\n', "checkpoint", "load_weights"),
    }
    for name, (content, *words) in beginnings.items():
        path = scratch / name
        path.write_bytes(content)
        refused(name, path, *words)
    with zipfile.ZipFile(scratch / "new.pth", "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02}q")
        file.writestr("archive/data/0", bytes(16))
    refused("new.pth", scratch / "new.pth", "PyTorch", "onnx2tf")
    with zipfile.ZipFile(scratch / "arrays.npz", "w") as file:
        file.writestr("arr_0.npy", b"\x93NUMPY")
    refused("arrays.npz", scratch / "arrays.npz", "NumPy", "set_weights")
    with zipfile.ZipFile(scratch / "any.zip", "w") as file:
        file.writestr("letter.txt", "dear")
    refused("any.zip", scratch / "any.zip", "without config.json")


def folders(scratch):
    for name, members, words in (("exported", ["saved_model.pb", "variables"], ["SavedModel", "tf_keras"]),
                                 ("unpacked", ["config.json", "model.weights.h5"], ["unpacked", "zip -0"]),
                                 ("training", ["checkpoint"], ["checkpoint", "load_weights"]),
                                 ("nothing", [], ["directory"])):
        (scratch / name).mkdir()
        for member in members:
            (scratch / name / member).touch()
        refused(name, scratch / name, *words)


def repack(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def archives(scratch, members):
    deflated = repack(scratch / "deflated.bin", members, zipfile.ZIP_DEFLATED)
    result = run(["--model", deflated, "--list-layers"])
    check("deflated, without metadata and under any name: read", result.code == 0 and "classes" in result.out, result)
    without = {name: content for name, content in members.items() if name != "metadata.json"}
    result = run(["--model", repack(scratch / "without", without), "--list-layers"])
    check("without metadata.json: read", result.code == 0 and "classes" in result.out, result)
    refused("without weights", repack(scratch / "a.keras", {"config.json": members["config.json"]}),
            "has no model.weights.h5")
    refused("weights as .npz", repack(scratch / "b.keras", {"config.json": members["config.json"],
                                                             "model.weights.npz": b""}), "model.weights.npz")
    refused("in a folder", repack(scratch / "c.keras", {"model/" + n: c for n, c in members.items()}), "in a folder")
    refused("compressed by bzip2", repack(scratch / "d.keras", members, zipfile.ZIP_BZIP2), "method 12")
    refused("no JSON", repack(scratch / "e.keras", {**members, "config.json": b"{'a': 1}"}), "not JSON")
    refused("weights that are no HDF5", repack(scratch / "f.keras", {**members, "model.weights.h5": bytes(9000)}),
            "model.weights.h5", "HDF5")
    refused("weights of another layout", repack(scratch / "g.keras", {**members, "model.weights.h5": (
        SOURCE / "weights/inception_v3_imagenet_mixed5.h5").read_bytes()}), "no group 'layers'")
    refused("a .keras with --arch", deflated, "is a full model", options=("--arch", "VGG16", "--weights"), code=USAGE)


def patched(whole, signature, offset, value):
    """`value` at `offset` of every record that starts with the signature."""
    data, at = bytearray(whole), whole.find(signature)
    while at >= 0:
        data[at + offset:at + offset + len(value)] = value
        at = whole.find(signature, at + 4)
    return bytes(data)


def damaged_archives(scratch, members):
    whole = repack(scratch / "whole.keras", members).read_bytes()
    path = scratch / "bad.keras"
    for length in (4, 30, 1000, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(f"truncated to {length} bytes", path, "ZIP")
    path.write_bytes(patched(patched(whole, b"PK\3\4", 6, b"\1"), b"PK\1\2", 8, b"\1"))
    refused("encrypted", path, "is encrypted")
    at = whole.find(b"\x89HDF")
    path.write_bytes(whole[:at + 3000] + b"\xff" + whole[at + 3001:])
    refused("a byte of the weights changed", path, "model.weights.h5", "damaged")
    sizes = struct.pack("<II", 1000, 0xfffffff0)
    path.write_bytes(patched(patched(whole, b"PK\3\4", 18, sizes), b"PK\1\2", 20, sizes))
    refused("sizes beyond measure", path, "damaged")
    bomb = repack(scratch / "bomb.keras", {**members, "model.weights.h5": bytes(200 << 20)}, zipfile.ZIP_DEFLATED)
    refused("a bomb", bomb, "would grow")
    refused("a bomb of text", repack(scratch / "text.keras", {**members, "config.json": bytes(300 << 20)},
                                     zipfile.ZIP_DEFLATED), "would grow")


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    (place / "small.keras").write_bytes(gzip.decompress(SMALL.read_bytes()))
    with zipfile.ZipFile(place / "small.keras") as small:
        content = {name: small.read(name) for name in small.namelist()}
    other_software(place)
    folders(place)
    archives(place, content)
    damaged_archives(place, content)
finish()
