"""Every recipe, and parts that no recipe has: the same bytes for any number of ranks, and after stops in the middle of
units; pictures of the size that was asked for; parts that do not go together are refused. See harness.py."""
import pathlib

from harness import (MODEL, SOURCE, USAGE, check, compare, dataset, finish, floats, in_pieces, png_size, render, run,
                     scratch_folder)

SMALL = ["--model", MODEL, "--layer", "conv2d_5", "--filters", "0,3", "--save-raw", "--isa", "portable"]
STEPS = 3

RECIPES = {
    "keras": ["--size", 80],
    "lucid": ["--size", 80],
    "fast": ["--size", 80],
    "deepdream": ["--size", 90, "--octaves", 3],
    "tf-keras-vis": ["--size", 80],
    "maco": ["--size", 96, "--view", 75, "--views", 2],
}
PARTS = {
    "pyramid": ["--parametrization", "pyramid", "--limit", "clip", "--colours", "lucid", "--optimizer", "sgd",
                "--flip", "--decay", 0.01, "--lp", 0.1, "--rate-schedule", "exponential", "--size", "77x81"],
    "blurred": ["--optimizer", "nadam", "--blur-every", 2, "--gradient-blur", 0.8, "--l2", 0.1, "--size", "80x78",
                "--limit", "clip", "--jitter", 6, "--beyond", "wrap", "--learning-rate", 0.05, "--noise", 0.02],
}


def recipe(scratch, name, options):
    options = SMALL + options + ["--iterations", STEPS]
    whole = render(scratch / name, options)
    compare(f"{name}: 3 ranks", render(scratch / f"{name}-3", options, 3), whole)
    in_pieces(scratch, name, options, whole)
    losses = floats(dataset(scratch / name / "layers/conv2d_5.h5", "loss", scratch))
    check(f"{name}: every step has a loss", len(losses) == 2 * STEPS and all(x == x for x in losses), losses)


def sizes(scratch):
    width, height = png_size(scratch / "maco/layers/conv2d_5.png")[:2]
    check("maco: the pictures have the size of the image, not of the view", (width, height) == (2 * 96 + 5, 96),
          (width, height))
    raw = floats(dataset(scratch / "lucid/layers/conv2d_5.h5", "raw", scratch))
    check("lucid: a sigmoid stays inside of the range", -1 <= min(raw) and max(raw) <= 1, (min(raw), max(raw)))


def plateau(scratch):
    out = scratch / "plateau"
    told = run(SMALL + ["--size", 80, "--iterations", 30, "--learning-rate", 0, "--patience", 4, "--out", out])
    losses = floats(dataset(out / "layers/conv2d_5.h5", "loss", scratch))[:30]
    check("an ascent that does not climb stops after twice its patience",
          told.code == 0 and all(x == x for x in losses[:8]) and all(x != x for x in losses[8:]), losses)


def refusals(scratch):
    for title, options, words in (
            ("a lasting transform of a spectrum", ["--recipe", "lucid", "--lasting"], "parametrization by pixels"),
            ("a blur of a spectrum", ["--recipe", "lucid", "--blur-every", 3], "parametrization by pixels"),
            ("a lasting transform of a larger image", ["--recipe", "tf-keras-vis", "--view", 75], "expected an image"),
            ("an unknown recipe", ["--recipe", "lucia"], "expected one of: keras, lucid"),
            ("an unknown part", ["--optimizer", "adamw"], "normalized|standardized|sgd|adam|nadam|rmsprop")):
        told = run(SMALL + options + ["--out", scratch / "refused"])
        lines = told.ours()
        check(f"{title} is refused", told.code == USAGE and len(lines) == 1 and words in lines[0], told)


def every_recipe_is_here():
    table = (SOURCE / "src/job/recipe.c").read_text(encoding="utf-8")
    names = [line.split('"')[1] for line in table.splitlines() if line.strip().startswith('{"')]
    check("every recipe is tested", sorted(names) == sorted(RECIPES), names)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    every_recipe_is_here()
    for key, value in RECIPES.items():
        recipe(place, key, ["--recipe", key] + value)
    for key, value in PARTS.items():
        recipe(place, key, value)
    sizes(place)
    plateau(place)
    refusals(place)
finish()
