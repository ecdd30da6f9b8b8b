"""The same bytes for any number of ranks, in any order, and again; see harness.py for how to call it."""
import math
import pathlib

import harness
from harness import (MODEL, SOURCE, call, check, compare, dataset, finish, floats, left_running, manifest, png_size,
                     scratch_folder)

SIZE = 80
SMALL = ["--model", MODEL, "--size", SIZE, "--iterations", "2", "--save-raw"]
JOB = SMALL + ["--filters", "0-4"]


def render(out, options, ranks):
    found = harness.render(out, options, ranks)
    check(f"{out.name}: no temporary files", not [name for name in found if "tmp" in name], found.keys())
    return found


def numbers_of_ranks(scratch):
    first = render(scratch / "alone", JOB + ["--layer", "conv2d_1,conv2d_5,mixed0"], 0)
    names = [f"{folder}/{layer}.{end}" for layer in ("conv2d_1", "conv2d_5", "mixed0")
             for folder, end in (("layers", "h5"), ("layers", "png"), ("site/layers", "js"), ("site/layers", "png"))]
    assets = {f"site/{path.name}" for path in (SOURCE / "src/site/assets").iterdir()} - {"site/index.html"}
    check("index, manifest, pages, and two files a layer for each of data and pages",
          set(first) == set(names) | assets | {"index.html", "manifest.json", "site/job.js"}, sorted(first))
    for ranks in (1, 2, 4, 5, 7):
        compare(f"{ranks} ranks", render(scratch / f"ranks{ranks}", JOB + ["--layer", "conv2d_1,conv2d_5,mixed0"],
                                         ranks), first)
    compare("4 ranks again", render(scratch / "again", JOB + ["--layer", "conv2d_1,conv2d_5,mixed0"], 4), first)
    return first


def tools_agree(scratch):
    for name in ("conv2d_5.h5", "mixed0.png"):
        a, b = (scratch / folder / "layers" / name for folder in ("alone", "ranks5"))
        check(f"cmp finds {name} equal", call(["cmp", str(a), str(b)]).code == 0)
    a, b = (str(scratch / folder / "layers/conv2d_5.h5") for folder in ("alone", "ranks4"))
    check("h5diff finds the arrays equal", call(["h5diff", a, b]).code == 0)


def orders_of_layers(scratch, first):
    """The order of --layer may be the page's: the layers' files and each layer's entry do not depend on it."""
    entries = {layer["name"]: layer for layer in manifest(scratch / "alone")["layers"]}
    for index, (order, ranks) in enumerate([(["--layer", "mixed0,conv2d_1,conv2d_5"], 2),
                                            (["--layer", "conv2d_5", "--layer", "mixed0,conv2d_1"], 5),
                                            (["--layer", "mixed0,conv2d_5,mixed0,conv2d_1"], 0)]):
        out = scratch / f"order{index}"
        found = render(out, JOB + order, ranks)
        compare(f"{out.name}, {' '.join(order)}", {name: data for name, data in found.items() if "layers/" in name},
                {name: data for name, data in first.items() if "layers/" in name})
        told = manifest(out)
        check(f"{out.name}: the manifest says the same of each layer",
              {layer["name"]: layer for layer in told["layers"]} == entries and len(told["layers"]) == 3, told)
        check(f"{out.name}: the manifest says the same of the job",
              told["job"] == manifest(scratch / "alone")["job"], told["job"])


def units_stand_alone(scratch):
    """A filter's picture does not depend on which others are rendered with it."""
    raw = SIZE * SIZE * 3 * 4
    whole = dataset(scratch / "alone/layers/conv2d_5.h5", "raw", scratch)
    check("raw has five images", len(whole) == 5 * raw, len(whole))
    for ranks in (0, 5):
        out = scratch / f"one{ranks}"
        render(out, SMALL + ["--filters", "3", "--layer", "conv2d_5"], ranks)
        check(f"filter 3 alone on {ranks} ranks, fewer units than ranks: the same image",
              dataset(out / "layers/conv2d_5.h5", "raw", scratch) == whole[3 * raw:4 * raw])
    check("the numbers of filters are kept",
          dataset(scratch / "one5/layers/conv2d_5.h5", "filters", scratch) == b"\3\0\0\0")


def more_ranks_than_units(scratch):
    options = SMALL + ["--filters", "0,2", "--layer", "conv2d_1"]
    first = render(scratch / "few0", options, 0)
    compare("2 filters on 3 ranks", render(scratch / "few3", options, 3), first)
    compare("2 filters on 8 ranks", render(scratch / "few8", options, 8), first)


def seeds(scratch, first):
    other = render(scratch / "seed1", JOB + ["--layer", "conv2d_5", "--seed", "1"], 2)
    for name in ("layers/conv2d_5.png", "layers/conv2d_5.h5"):
        check(f"another seed gives another {name}", other.get(name) not in (None, first[name]))
    zero = render(scratch / "seed0", JOB + ["--layer", "conv2d_5", "--seed", "0"], 2)
    check("the seed is 0 unless given", zero.get("layers/conv2d_5.h5") == first["layers/conv2d_5.h5"])
    raw = dataset(scratch / "alone/layers/conv2d_5.h5", "raw", scratch)
    images = {raw[i:i + len(raw) // 5] for i in range(0, len(raw), len(raw) // 5)}
    check("every filter has an image of its own", len(images) == 5, len(images))


def instruction_sets(scratch):
    options = JOB + ["--layer", "conv2d_1,mixed0", "--isa", "portable"]
    first = render(scratch / "portable0", options, 0)
    compare("portable on 3 ranks", render(scratch / "portable3", options, 3), first)
    check("the manifest names the instruction set",
          manifest(scratch / "portable0")["job"]["instruction_set"] == "portable")
    for layer in ("conv2d_1", "mixed0"):
        widest, portable = (floats(dataset(scratch / folder / f"layers/{layer}.h5", "loss", scratch))
                            for folder in ("alone", "portable0"))
        firsts = list(zip(widest[::2], portable[::2]))
        check(f"{layer}: the first losses of portable and of the widest are close", len(firsts) == 5 and all(
            math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-7) for a, b in firsts), firsts)


def sizes(scratch):
    out = scratch / "oblong"
    options = ["--model", MODEL, "--size", "72x100", "--iterations", "2", "--layer", "conv2d_1", "--filters", "1-6"]
    first = render(out, options, 0)
    compare("an oblong image on 3 ranks", render(scratch / "oblong3", options, 3), first)
    check("6 tiles of 22 x 50 stand in 3 columns and 2 rows",
          png_size(out / "layers/conv2d_1.png") == (3 * 50 + 2 * 5, 2 * 22 + 5, 8, 2),
          png_size(out / "layers/conv2d_1.png"))


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    results = numbers_of_ranks(place)
    tools_agree(place)
    orders_of_layers(place, results)
    units_stand_alone(place)
    more_ranks_than_units(place)
    seeds(place, results)
    instruction_sets(place)
    sizes(place)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
