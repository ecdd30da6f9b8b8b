"""--frames: films of the ascents, in the layers' files and as animations of their grids; the same bytes for any number of
ranks, after stops and in shards; each picture of the animation read back. See harness.py for how to call it.
"""
import pathlib
import struct
import zlib

from harness import (MODEL, USAGE, check, compare, dataset, files, finish, in_pieces, in_shards, png_chunks, png_size,
                     render, run, scratch_folder, unfilter)

SMALL = ["--model", MODEL, "--layer", "conv2d_5", "--filters", "0,3,7", "--isa", "portable", "--quiet", "--size", "80"]
MARGIN, STEPS = 5, 6
HOW = {
    "lucid": ["--recipe", "lucid", "--iterations", STEPS, "--frames", 4],
    "keras": ["--iterations", STEPS, "--frames", 7, "--alpha", "--repeats", 2, "--keep-repeats"],
    "together": ["--recipe", "fast", "--iterations", STEPS, "--frames", 3, "--repeats", 2, "--objective",
                 "channel - 2 diversity:conv2d_5"],
}


def animation(path):
    """(width, height, [rows of each picture], [milliseconds]), as the specification of APNG says."""
    found = png_chunks(path)
    if not found:
        return None
    width, height = struct.unpack(">II", found[0][1][:8])
    pixel = {0: 1, 2: 3, 6: 4}[found[0][1][9]]
    count = [struct.unpack(">II", body) for kind, body in found if kind == "acTL"]
    numbers, streams, delays = [], [], []
    for kind, body in found:
        if kind in ("fcTL", "fdAT"):
            numbers.append(struct.unpack(">I", body[:4])[0])
        if kind == "fcTL":
            w, h, x, y, delay, unit, dispose, blend = struct.unpack(">IIIIHHBB", body[4:])
            if (w, h, x, y, dispose, blend) != (width, height, 0, 0, 0, 0):
                return None
            delays.append(1000 * delay // unit)
            streams.append(b"")
        elif kind in ("IDAT", "fdAT"):
            streams[-1] += body[4:] if kind == "fdAT" else body
    order = [kind for kind, _ in found]
    sound = (order[0] == "IHDR" and order[-1] == "IEND" and order.count("IEND") == 1 and
             order.index("acTL") < order.index("IDAT") and numbers == list(range(len(numbers))) and
             count == [(len(streams), 0)])
    return (width, height, [unfilter(zlib.decompress(s), width, height, pixel) for s in streams], delays) if sound else None


def tile(rows, index, side, columns):
    x, y = index % columns * (side + MARGIN) * 3, index // columns * (side + MARGIN)
    return b"".join(row[x:x + side * 3] for row in rows[y:y + side])


def read_back(scratch, name, out, end="", group=""):
    """The pictures of the animation are those of the dataset, and the last is the filter's picture."""
    h5 = out / "layers/conv2d_5.h5"
    read = animation(out / f"layers/conv2d_5{end}.apng")
    if not check(f"{name}{end}: a sound animation", read is not None):
        return
    width, height, pictures, delays = read
    frames, side = len(pictures), (width - MARGIN) // 2
    film, tiles = dataset(h5, f"{group}frames", scratch), dataset(h5, f"{group}tiles", scratch)
    bytes_of, alpha = side * side * 3, len(tiles) // (3 * side * side) == 4
    wanted = [film[i * bytes_of:(i + 1) * bytes_of] for i in range(3 * frames)]
    shown = [tile(rows, unit, side, 2) for unit in range(3) for rows in pictures]
    check(f"{name}{end}: its pictures are those of the file", shown == wanted and len(film) == 3 * frames * bytes_of)
    colours = bytes(b for i, b in enumerate(tiles) if not alpha or i % 4 < 3)
    ends = b"".join(wanted[unit * frames + frames - 1] for unit in range(3))
    check(f"{name}{end}: the last is the end", ends == colours)
    check(f"{name}{end}: it moves", all(len(set(wanted[u * frames:(u + 1) * frames])) == frames for u in range(3)))
    check(f"{name}{end}: the last stays", delays == [100] * (frames - 1) + [2000], delays)
    check(f"{name}{end}: as large as the grid", png_size(out / f"layers/conv2d_5{end}.png")[:2] == (width, height))


def on_its_way(scratch):
    """A film's pictures are those of shorter ascents."""
    whole = dataset(scratch / "lucid/layers/conv2d_5.h5", "frames", scratch)
    frame = len(whole) // 12
    for i, steps in (1, 2), (2, 4):
        out = scratch / f"lucid-{steps}"
        render(out, SMALL + ["--recipe", "lucid", "--iterations", steps])
        tiles = dataset(out / "layers/conv2d_5.h5", "tiles", scratch)
        ours = b"".join(whole[(4 * unit + i) * frame:(4 * unit + i + 1) * frame] for unit in range(3))
        check(f"picture {i} is what {steps} steps leave", ours == tiles)


def joined(scratch, options, whole):
    in_shards(scratch, "lucid", options, whole)
    told = run(["--combine", scratch / "lucid", scratch / "lucid-2", "--out", scratch / "both", "--quiet"])
    check("--combine keeps those that are there", told.code == 0 and (scratch / "both/layers/conv2d_5.apng").exists() and
          not (scratch / "both/layers/conv2d_5@lucid-2.apng").exists(), told)


def of_the_dead(scratch):
    """An ascent that stops early stays at its end."""
    out = scratch / "early"
    render(out, SMALL + ["--iterations", 20, "--learning-rate", 0, "--patience", 2, "--frames", 6])
    film = dataset(out / "layers/conv2d_5.h5", "frames", scratch)
    frame = len(film) // 18
    check("an ascent that stays where it is has one picture", len({film[i * frame:(i + 1) * frame] for i in range(6)}) == 1)


def refusals(scratch):
    for frames, words in (1, "expected 0 or at least 2"), (STEPS + 2, f"expected at most {STEPS + 1}"):
        told = run(SMALL + ["--iterations", STEPS, "--frames", frames, "--out", scratch / "never"])
        check(f"{frames} frames are refused", told.code == USAGE and len(told.ours()) == 1 and words in told.err, told)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    for key, how in HOW.items():
        wanted = SMALL + how
        undisturbed = render(place / key, wanted)
        compare(f"{key}: 3 ranks", render(place / f"{key}-three", wanted, 3), undisturbed)
        in_pieces(place, key, wanted, undisturbed)
        read_back(place, key, place / key)
        if key == "keras":
            read_back(place, key, place / key, "@repeat_1", "variants/repeat_1/")
    on_its_way(place)
    joined(place, SMALL + HOW["lucid"], files(place / "lucid"))
    of_the_dead(place)
    refusals(place)
finish()
