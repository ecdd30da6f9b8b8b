"""--alpha: pictures with transparency, the same bytes for any number of ranks, after stops and in shards; what is there
beside it stays as it was. See harness.py for how to call it.
"""
import pathlib

from harness import (MODEL, check, compare, dataset, finish, floats, in_pieces, in_shards, png_size, render, run,
                     scratch_folder)

SMALL = ["--model", MODEL, "--layer", "conv2d_5", "--filters", "0,3,7", "--save-raw", "--isa", "portable", "--quiet",
         "--iterations", "3"]
HOW = {
    "keras": ["--size", 80, "--repeats", 2, "--keep-repeats"],
    "maco": ["--recipe", "maco", "--size", 96, "--view", 75, "--views", 2],
    "diversity": ["--recipe", "fast", "--size", 80, "--repeats", 2, "--objective", "channel - 2 diversity:conv2d_5"],
}


def is_what_it_was(scratch, name, options):
    """But for the fourth channel of the pictures nothing has changed."""
    plain, alpha = (scratch / f"{name}{end}/layers/conv2d_5.h5" for end in ("-plain", ""))
    render(scratch / f"{name}-plain", options)
    for what in "loss", "raw", "score":
        check(f"{name}: {what} as without alpha", dataset(plain, what, scratch) == dataset(alpha, what, scratch))
    rgb, rgba = dataset(plain, "tiles", scratch), dataset(alpha, "tiles", scratch)
    colours = bytes(b for i, b in enumerate(rgba) if i % 4 < 3)
    check(f"{name}: the colours as without alpha", colours == rgb and len(rgba) == len(rgb) // 3 * 4)
    opaque = [rgba[3 + 4 * i] for i in range(len(rgba) // 4)]
    share = sum(a == 255 for a in opaque) / len(opaque)
    cropped = name == "keras"  # to the middle, where most of it is
    check(f"{name}: about a fifth of the image is opaque, and some is not",
          0.15 < share < (0.9 if cropped else 0.35) and min(opaque) < 128, share)
    check(f"{name}: the grid is RGBA", png_size(alpha.with_suffix(".png"))[2:] == (8, 6))


def others(scratch):
    told = run(SMALL + HOW["keras"] + ["--alpha", "--out", scratch / "keras", "--similar"])
    check("--similar reads them", told.code == 0 and
          any(floats(dataset(scratch / "keras/layers/conv2d_5.h5", "responses", scratch))), told)
    told = run(["--export", scratch / "keras", "--tiles", "--out", scratch / "sheets"])
    check("--export --tiles keeps them transparent", told.code == 0 and
          png_size(scratch / "sheets/conv2d_5/3.png") == (30, 30, 8, 6), told)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    for key, how in HOW.items():
        wanted = SMALL + how + ["--alpha"]
        undisturbed = render(place / key, wanted)
        compare(f"{key}: 3 ranks", render(place / f"{key}-three", wanted, 3), undisturbed)
        in_pieces(place, key, wanted, undisturbed)
        is_what_it_was(place, key, SMALL + how)
        if key == "keras":
            in_shards(place, key, wanted, undisturbed)
    others(place)
finish()
