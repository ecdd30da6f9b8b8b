"""--spectrum-from: pictures of every kind of pixel, folders of them, what is refused, what --resume holds to. See
harness.py for how to call it.
"""
import pathlib

from harness import (FAILED, MODEL, RGB, STOPPED, USAGE, check, compare, files, finish, manifest, render, run,
                     scratch_folder, write_png)

MACO = ["--model", MODEL, "--layer", "conv2d_5", "--filters", "0,3", "--recipe", "maco", "--size", "96", "--view", "75",
        "--views", "2", "--iterations", "3", "--isa", "portable", "--quiet"]
GRAY, PALETTE, GRAY_ALPHA, RGBA = 0, 3, 4, 6


def levels(height, width, step):
    """A gray picture that is not plain."""
    return bytes((x * x * step + y * 7 * step + x * y) % 256 for y in range(height) for x in range(width))


def every(samples, *offsets):
    """Each sample as a pixel: None stands for it, a number for itself."""
    return bytes(s if o is None else o for s in samples for o in offsets)


def same_colours(scratch):
    """One gray picture in every kind of pixel gives one spectrum; transparency is left out."""
    h, w = 40, 52
    gray = levels(h, w, 3)
    kinds = {
        "gray": (GRAY, gray, 8, b""),
        "rgb": (RGB, every(gray, None, None, None), 8, b""),
        "alpha": (GRAY_ALPHA, every(gray, None, 100), 8, b""),
        "rgba": (RGBA, every(gray, None, None, None, 7), 8, b""),
        "sixteen": (RGB, b"".join(bytes([s]) * 6 for s in gray), 16, b""),
        "palette": (PALETTE, gray, 8, bytes(i for i in range(256) for _ in range(3))),
    }
    hashes = {}
    for name, (kind, samples, bits, palette) in kinds.items():
        path = scratch / f"{name}.png"
        write_png(path, h, w, samples, kind, bits, palette)
        out = scratch / f"of-{name}"
        told = run(MACO + ["--spectrum-from", path, "--out", out])
        if check(f"{name}: ends well", told.code == 0, told):
            hashes[name] = manifest(out)["job"]["spectrum_xxh64"]
    check("one spectrum for every kind of pixel", len(hashes) == len(kinds) and len(set(hashes.values())) == 1, hashes)


def folders(scratch):
    folder = scratch / "pictures"
    folder.mkdir()
    write_png(folder / "a.png", 30, 41, every(levels(30, 41, 1), None, 30, None))
    write_png(folder / "B.PNG", 64, 96, every(levels(64, 96, 5), 9, None, None))
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_bytes(b"not a picture either")
    options = MACO + ["--spectrum-from", folder]
    whole = render(scratch / "whole", options)
    compare("3 ranks", render(scratch / "three", options, 3), whole)
    compare("with a slash behind", render(scratch / "slash", MACO + ["--spectrum-from", f"{folder}/"])
            | {name: whole[name] for name in whole if not name.endswith(".png")}, whole)
    one = render(scratch / "one", MACO + ["--spectrum-from", folder / "a.png"])
    natural = render(scratch / "natural", MACO)
    falling = render(scratch / "falling", MACO + ["--spectrum-from", "falling"])
    grids = [found["layers/conv2d_5.png"] for found in (whole, one, natural, falling)]
    check("each spectrum gives its own pictures", len(set(grids)) == 4)
    check("the folder's name is told", manifest(scratch / "whole")["job"]["spectrum_from"] == "pictures")
    return folder, whole


def stops(scratch, folder, whole):
    options = MACO + ["--spectrum-from", folder, "--out", scratch / "pieces", "--resume"]
    codes = []
    while not codes or (codes[-1] == STOPPED and len(codes) < 12):
        codes.append(run(options + ["--max-time", "0.01s"], 2 if len(codes) == 1 else 0).code)
        if len(codes) == 2:
            kept = (folder / "a.png").read_bytes()
            write_png(folder / "a.png", 30, 41, every(levels(30, 41, 2), None, 30, None))
            told = run(options)
            check("--resume refuses other pictures", told.code == USAGE and "spectrum_xxh64" in told.err, told)
            (folder / "a.png").write_bytes(kept)
    check("it was stopped, and ended", codes.count(STOPPED) >= 3 and codes[-1] == 0, codes)
    compare("after stops", files(scratch / "pieces"), whole)


def refusals(scratch):
    empty = scratch / "empty"
    empty.mkdir()
    damaged = scratch / "damaged"
    damaged.mkdir()
    write_png(damaged / "a.png", 30, 40, every(levels(30, 40, 1), None, None, None))
    whole = (damaged / "a.png").read_bytes()
    (damaged / "b.png").write_bytes(whole[: len(whole) // 2])
    (scratch / "text.png").write_text("no picture")
    write_png(scratch / "plain.png", 20, 20, b"\x50\x60\x70" * 400)
    write_png(scratch / "line.png", 1, 40, every(levels(1, 40, 1), None, None, None))
    for title, path, code, words in (
            ("no such file", scratch / "nowhere", FAILED, "spectrum-from: read '"),
            ("an empty folder", empty, USAGE, "has no pictures, expected some .png"),
            ("a damaged picture in a folder", damaged, FAILED, "b.png': damaged PNG"),
            ("what is no PNG", scratch / "text.png", FAILED, "text.png': not a PNG file"),
            ("one colour", scratch / "plain.png", FAILED, "is of one colour"),
            ("a line of pixels", scratch / "line.png", FAILED, "a picture of 1 x 40 pixels, expected at least 2")):
        for ranks in (0, 2):
            told = run(MACO + ["--spectrum-from", path, "--out", scratch / "never"], ranks)
            lines = told.ours()
            check(f"{title}, {ranks} ranks: exit {code} and one line that says so",
                  told.code == code and len(lines) == 1 and words in lines[0] and not (scratch / "never").exists(), told)
    told = run(["--model", MODEL, "--layer", "conv2d_5", "--recipe", "lucid", "--spectrum-from", scratch / "plain.png",
                "--out", scratch / "never"])
    check("a recipe that has no such spectrum", told.code == USAGE and "expected --parametrization phase" in told.err, told)


with scratch_folder() as scratch_name:
    place = pathlib.Path(scratch_name)
    same_colours(place)
    pictures, undisturbed = folders(place)
    stops(place, pictures, undisturbed)
    refusals(place)
finish()
