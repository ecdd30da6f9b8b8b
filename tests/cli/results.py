"""What is made of results that are there: --diff, --export, --similar; and the atlas after a stop, and on hostile paths.

See harness.py for how to call it. Its own arithmetic is the reference.
"""
import json
import math
import pathlib
import re
import struct
import zlib

from harness import (FAILED, MODEL, USAGE, check, dataset, files, finish, floats, manifest, png_chunks, png_size, run,
                     scratch_folder, unfilter)

JOB = ["--model", MODEL, "--layer", "conv2d_1,conv2d_5", "--size", "80", "--quiet", "--filters"]


def read_png(path):
    """Rows of a PNG of 8 bits RGB."""
    packed = b"".join(body for kind, body in png_chunks(path) if kind == "IDAT")
    return unfilter(zlib.decompress(packed), *png_size(path)[:2], 3)


def page_of(folder, layer):
    """What the atlas is told of a layer."""
    script = (folder / f"site/layers/{layer}.js").read_text()
    return json.loads(script[script.index(",") + 1:-3])


def tiles_of(folder, layer, scratch, count):
    data = dataset(folder / f"layers/{layer}.h5", "tiles", scratch)
    size = len(data) // count
    return [data[i * size:(i + 1) * size] for i in range(count)]


def diffs(scratch):
    a, b, out = scratch / "a", scratch / "b", scratch / "pairs"
    run(JOB + ["0-5", "--iterations", "3", "--out", a])
    run(JOB + ["2-7", "--iterations", "4", "--out", b])
    told = run(["--diff", a, b, "--out", out])
    lines = [line.split("\t") for line in told.out.splitlines()]
    check("--diff ends well", told.code == 0 and not told.ours(), told)
    check("it lists the filters of both", sorted((line[0], int(line[1])) for line in lines[1:]) ==
          [(layer, number) for layer in ("conv2d_1", "conv2d_5") for number in range(2, 6)], lines)
    distances = [float(line[2]) for line in lines[1:]]
    check("the most different first", distances == sorted(distances, reverse=True) and distances[0] > 0, distances)
    for layer in ("conv2d_1", "conv2d_5"):
        left, right = tiles_of(a, layer, scratch, 6), tiles_of(b, layer, scratch, 6)
        loss = [floats(dataset(place / f"layers/{layer}.h5", "loss", scratch)) for place in (a, b)]
        for number in range(2, 6):
            x, y = left[number], right[number - 2]
            wanted = math.sqrt(sum((p - q) ** 2 for p, q in zip(x, y)) / len(x)) / 255
            line = next(line for line in lines if line[:2] == [layer, str(number)])
            check(f"{layer} {number}: distance", abs(float(line[2]) - wanted) < 1e-6, (line, wanted))
            check(f"{layer} {number}: activations", math.isclose(float(line[3]), loss[0][3 * number + 2], rel_tol=1e-5)
                  and math.isclose(float(line[4]), loss[1][4 * (number - 2) + 3], rel_tol=1e-5), line)
    rows, x, y = read_png(out / "layers/conv2d_1.png"), tiles_of(a, "conv2d_1", scratch, 6)[2], \
        tiles_of(b, "conv2d_1", scratch, 6)[0]
    check("the atlas has A on the left and B on the right", all(
        rows[i][:90] == x[90 * i:90 * i + 90] and rows[i][96:186] == y[90 * i:90 * i + 90] for i in range(30)))
    check("and names them without their folders", (manifest(out)["job"]["compared_a"], str(scratch) in
                                                   (out / "site/job.js").read_text()) == ("a", False))
    check("the same list without an atlas", run(["--diff", a, b]).out == told.out)
    itself = [float(line.split("\t")[2]) for line in run(["--diff", a, a]).out.splitlines()[1:]]
    check("a job is the same as itself", itself == 12 * [0], itself)
    wide = scratch / "wide"
    run(["--model", MODEL, "--layer", "conv2d_1", "--size", "96", "--iterations", "1", "--filters", "0", "--quiet", "--out",
         wide])
    for name, words, said in (("one directory", [a], "two directories"), ("three", [a, b, a], "two directories"),
                              ("nothing there", [a, scratch / "none"], "manifest.json"),
                              ("another size", [a, wide], "same size"),
                              ("over results", [a, b, "--out", wide], "--overwrite"),
                              ("over one of them", [a, b, "--out", b, "--overwrite"], "--out as well"),
                              ("nothing there, over results", [a, scratch / "none", "--out", wide, "--overwrite"],
                               "manifest.json")):
        before = files(scratch)
        told = run(["--diff", *words], 2)
        check(f"--diff, {name}: refused", told.code == USAGE and len(told.ours()) == 1 and said in told.ours()[0], told)
        check(f"--diff, {name}: nothing is changed", files(scratch) == before, sorted(files(scratch)))


def exports(scratch):
    a, out = scratch / "a", scratch / "export"
    told = run(["--export", a, "--out", out, "--tiles"])
    check("--export ends well", told.code == 0 and not told.ours(), told)
    names = {f"{layer}.png" for layer in ("conv2d_1", "conv2d_5")} | {"contact+sheet.png"} | {
        f"{layer}/{number}.png" for layer in ("conv2d_1", "conv2d_5") for number in range(6)}
    check("a sheet a layer, a contact sheet, and the tiles", set(files(out)) == names, sorted(files(out)))
    tiles = tiles_of(a, "conv2d_5", scratch, 6)
    check("a tile is the tile", b"".join(read_png(out / "conv2d_5/4.png")) == tiles[4])
    sheet = read_png(out / "conv2d_5.png")
    found = all(sheet[40 + y][36 + 36 * 3:36 + 36 * 3 + 90] == tiles[1][90 * y:90 * y + 90] for y in range(30))
    check("the sheet has it, on white, with its label", found and sheet[0] == b"\xff" * len(sheet[0]) and any(
        byte < 100 for row in sheet[73:81] for byte in row[36:36 + 90]))
    contact = read_png(out / "contact+sheet.png")
    strip = read_png(a / "site/layers/conv2d_1.png")
    check("the contact sheet has the strips", all(contact[24 + y][36:36 + len(strip[0])] == strip[y]
                                                  for y in range(len(strip))))
    check("without --out it goes into the results", run(["--export", a]).code == 0 and
          (a / "export/contact+sheet.png").exists())
    told = run(["--export", scratch / "none"], 2)
    check("without results: refused", told.code == USAGE and len(told.ours()) == 1, told)


def similar(scratch):
    a = scratch / "a"
    for name, words, said in (
            ("before there is a job", JOB + ["0-5", "--out", scratch / "none"], "manifest.json"),
            ("another size", [*JOB, "0-5", "--size", "96", "--out", a], "30 x 30, expected 46 x 46"),
            ("no layer that is there", [*JOB, "0-5", "--layer", "conv2d_2", "--out", a], "conv2d_2")):
        words = [str(word) for word in words]
        if "--size" in words[words.index("--size") + 1:]:
            del words[words.index("--size"):words.index("--size") + 2]
        before = files(a)
        told = run([*words, "--similar"], 2)
        check(f"--similar, {name}: refused", told.code in (FAILED, USAGE) and len(told.ours()) == 1 and said in told.ours()[0],
              told)
        check(f"--similar, {name}: nothing has changed", files(a) == before)
    before = files(a)
    told = run([*JOB, "0-5", "--out", a, "--similar"], 2)
    changed = {name for name, data in files(a).items() if before.get(name) != data}
    check("--similar adds to each layer's data and page", told.code == 0 and changed == {
        f"{folder}/{layer}" for layer in ("conv2d_1", "conv2d_5") for folder, layer in (
            ("layers", f"{layer}.h5"), ("site/layers", f"{layer}.js"))}, (told, changed))
    layer = page_of(a, "conv2d_5")
    places = struct.unpack("<48i", dataset(a / "layers/conv2d_5.h5", "similar", scratch))
    check("the page has what the data have", [list(row) for row in layer["similar"]] ==
          [[place for place in places[8 * i:8 * i + 8] if place >= 0] for i in range(6)], layer["similar"])


def combined(scratch):
    """One job with repeats, and another recipe of some of its filters: one atlas, and one file a layer."""
    a, b, out = scratch / "keras", scratch / "lucid", scratch / "both"
    run(JOB + ["0-3", "--iterations", "3", "--repeats", "2", "--keep-repeats", "--out", a])
    run(["--model", MODEL, "--layer", "conv2d_5", "--size", "64", "--filters", "2,3,5", "--recipe", "lucid",
         "--iterations", "2", "--quiet", "--out", b])
    told = run(["--combine", a, b, "--out", out])
    check("--combine ends well", told.code == 0 and not told.ours(), told)
    for name in ("tiles", "loss", "score", "variants/repeat_1/tiles"):
        check(f"{name} of the first job", dataset(out / "layers/conv2d_5.h5", name, scratch) ==
              dataset(a / "layers/conv2d_5.h5", name, scratch))
    tiles = dataset(out / "layers/conv2d_5.h5", "variants/lucid/tiles", scratch)
    size = len(tiles) // 4
    other = dataset(b / "layers/conv2d_5.h5", "tiles", scratch)
    check("pictures of the second job, nothing where it has none", tiles == bytes(2 * size) + other[:2 * size])
    layer = page_of(out, "conv2d_5")
    check("the page has all of them", [(one["name"], one["statuses"], one["steps"]) for one in layer["variants"]] ==
          [(one["name"], one["statuses"], one["steps"]) for one in layer["variants"] if one["name"] != "lucid"] +
          [("lucid", "00" + layer["variants"][-1]["statuses"][2:], 2)] and len(layer["variants"]) == 3, layer["variants"])
    check("and sheets of them", all((out / "layers" / name).exists() for one in layer["variants"] for name in one["sheets"]))
    told = manifest(out)
    check("the manifest has both jobs", told["job"] == manifest(a)["job"] and
          told["variants"]["lucid"]["job"] == manifest(b)["job"])
    check("and what differs from their recipes", (told["changes"], told["variants"]["lucid"]["changes"]) ==
          ({"repeats": 2}, {}), told["changes"])
    check("a layer that the second has not is as it was", files(out)["layers/conv2d_1.h5"] ==
          files(a)["layers/conv2d_1.h5"])
    for name, words, said in (("one", [a], "at least two"), ("itself twice", [a, a, a], "different names"),
                              ("over one of them", [a, b, "--out", a, "--overwrite"], "--out as well")):
        words = [*words] if "--out" in words else [*words, "--out", scratch / "refused"]
        told = run(["--combine", *words], 2)
        check(f"--combine, {name}: refused", told.code == USAGE and len(told.ours()) == 1 and said in told.ours()[0], told)


def pages(scratch):
    """What a page is told agrees with the data."""
    a = scratch / "a"
    layer = page_of(a, "conv2d_5")
    loss = floats(dataset(a / "layers/conv2d_5.h5", "loss", scratch))
    ours, wanted = layer["first"] + layer["last"], loss[0::3] + loss[2::3]
    check("losses of a layer's page", len(ours) == len(wanted) == 12 and all(
        math.isclose(x, y, rel_tol=1e-5) for x, y in zip(ours, wanted)), layer)
    told = next(one for one in manifest(a)["layers"] if one["name"] == "conv2d_5")
    order = sorted(range(6), key=lambda i: (-loss[3 * i + 2], i))
    check("the best of a layer", told["best"] == order, (told["best"], order))
    job = (a / "site/job.js").read_text()
    check("the page's manifest is the manifest", json.loads(job[job.index("},") + 2:-3]) == manifest(a))
    check("every filter has a time", len(re.findall(r'^atlas\.addTime\("conv2d_[15]",[0-5],0,[\d.e-]+\);$',
                                                    (a / "site/times.js").read_text(), re.M)) == 12)


with scratch_folder() as folder:
    for part in (diffs, exports, similar, pages, combined):
        part(pathlib.Path(folder))
finish()
