"""Objectives: errors that point at the place; results that say what they are of, with the same bytes for any number of
ranks, after a stop, in shards, in both signs. See harness.py for how to call it.
"""
import pathlib

from harness import (FAILED, MODEL, STOPPED, USAGE, check, compare, dataset, finish, in_shards, manifest, render, run,
                     scratch_folder)

QUICK = ["--model", MODEL, "--size", "80", "--iterations", "3", "--quiet"]
DIFFERENT = ("neuron:mixed1:12; channel:mixed1:3 + -0.5 channel:mixed0:7; layer:mixed0; -channel:mixed0:2; "
             "direction:mixed0:1^2; channel:mixed0:12 to channel:mixed1:40 in 4")
STEMS = ["channel_mixed0_12_to_channel_mixed1_40_in_4", "channel_mixed1_3_-0.5_channel_mixed0_7",
         "direction_mixed0_1_2", "layer_mixed0", "-channel_mixed0_2", "neuron_mixed1_12"]


def refused(scratch, text, words, more=()):
    for ranks in (0, 2):
        out = scratch / "never"
        result = run([*QUICK, "--objective", text, *more, "--out", out], ranks)
        lines = result.ours()
        check(f"'{text}', {ranks} ranks: exit 2 and one line",
              result.code == USAGE and len(lines) == 1 and not result.out and not out.exists(), result)
        check(f"'{text}', {ranks} ranks: says {words}", lines and words in lines[0], lines)


def errors(scratch):
    layer = ["--layer", "mixed0"]
    refused(scratch, "chanel:mixed0:1", "--objective: column 1: 'chanel:mixed0:1', expected channel, neuron,")
    refused(scratch, "channel:mixed0:1 + ", "--objective: column 20: the end, expected channel,")
    refused(scratch, "channel:mixed0:1 + channel:mixd1:2",
            "objective: 'channel:mixed0:1 + channel:mixd1:2', column 28: layer: 'mixd1' is not in the model, closest:")
    refused(scratch, "channel:mixed0:256", "column 16: 256, expected at most 255")
    refused(scratch, "layer:mixed0; neuron:mixed0:1@7,0",
            "objective: 'neuron:mixed0:1@7,0', column 1: pixel 7,0, expected at most 6,6")
    refused(scratch, "logit:mixed0:1", "column 1: layer 'mixed0' has a map")
    refused(scratch, "probability:mixed0:1", "column 1: layer 'mixed0' does not end in a softmax")
    refused(scratch, "channel:mixed0:dog", "column 16: 'dog', expected a number, or --labels FILE")
    refused(scratch, "direction:mixed0:1", "column 1: no directions, expected --directions FILE")
    refused(scratch, "neuron", "no layer, expected --layer LIST")
    refused(scratch, "layer:mixed0", "--layer: 'mixed0', expected none", layer)
    refused(scratch, "neuron", "filters: '300', expected at most 255", [*layer, "--filters", "300"])
    job = scratch / "job.ini"
    job.write_text("layer = mixed0\nobjective = channel - chanel\n")
    result = run([job, *QUICK, "--out", scratch / "never"])
    check("a job file's line and column", result.code == USAGE and len(result.ours()) == 1 and
          "job.ini:2: objective: column 11: 'chanel', expected channel" in result.err, result)


def bad_directions(scratch):
    path = scratch / "bad.txt"
    for text, words in [("", "no numbers"), ("1 2\n3\n", "line 2: 1 numbers, expected 2"),
                        ("1 x\n", "line 1: 'x', expected a finite number"), ("0 0\n", "direction 0 is zero"),
                        ("1e99 1\n", "line 1: '1e99', expected a finite number")]:
        path.write_text(text)
        result = run([*QUICK, "--objective", "direction:mixed0:0", "--directions", path, "--out", scratch / "never"], 2)
        check(f"directions {text!r}: {words}", result.code == FAILED and len(result.ours()) == 1 and words in result.err, result)
    path.write_text("1 2 3\n")
    refused(scratch, "direction:mixed0:0", "column 1: directions of 3 numbers, expected 256", ["--directions", path])


def directions_file(scratch):
    path = scratch / "directions.txt"
    path.write_text("# two directions\n" + " ".join(["1"] * 256) + "\n" + ",".join(str(i % 5 - 2) for i in range(256)))
    return path


def any_ranks(scratch):
    job = QUICK + ["--directions", directions_file(scratch), "--objective", DIFFERENT]
    first = render(scratch / "one", job)
    for ranks in 2, 3:
        compare(f"{ranks} ranks", render(scratch / f"ranks{ranks}", job, ranks), first)
    again = scratch / "again"
    render(again, job + ["--max-time", "0.05s"], 2, STOPPED)
    compare("stopped and resumed", render(again, job + ["--resume"], 3), first)
    in_shards(scratch, "one", job, first, (1, 2))
    other = run(job[:-1] + [DIFFERENT.replace(":12", ":13")] + ["--out", again, "--resume"])
    check("another objective is another job", other.code == USAGE and "objective" in other.err, other)


def together(scratch):
    """Repeats that depend on each other: stopped within the steps that they take together."""
    refused(scratch, "channel:mixed0:3 - diversity:mixed0", "has a diversity, expected --repeats 2 or more")
    for recipe in "keras", "fast":
        job = ["--model", MODEL, "--size", "80", "--recipe", recipe, "--iterations", "12", "--quiet", "--repeats", "3",
               "--keep-repeats", "--sign", "both", "--layer", "mixed1", "--filters", "3,40",
               "--objective", "channel - 0.1 diversity:mixed0"]
        first = render(scratch / f"{recipe}-together", job)
        stopped = scratch / f"{recipe}-stopped"
        for limit, codes in ("0.01s", [STOPPED]), ("0.2s", [0, STOPPED]):
            result = run([*job, "--out", stopped, "--resume", "--max-time", limit], 2)
            check(f"{recipe}: a limit of {limit}", result.code in codes, result)
        compare(f"{recipe}: together, stopped and resumed", render(stopped, [*job, "--resume"], 1), first)


def results(scratch):
    one = scratch / "one"
    told = manifest(one)
    check("the manifest has the objective", told["job"]["objective"] == DIFFERENT, told["job"])
    names = sorted(layer["name"] for layer in told["layers"])
    check("and each by its name", names == sorted(text.strip() for text in DIFFERENT.split(";")), names)
    stems = sorted(path.stem for path in (one / "layers").glob("*.h5"))
    check("file names are sound", stems == sorted(stem.replace("-channel", "_channel", 1) if stem[0] == "-" else stem
                                                  for stem in STEMS), stems)


def short_forms(scratch):
    plain, bound = scratch / "plain", scratch / "bound"
    render(plain, QUICK + ["--layer", "mixed0", "--filters", "2,12"], 2)
    render(bound, QUICK + ["--objective", "channel:mixed0:12; -channel:mixed0:12"])
    tiles = dataset(plain / "layers/mixed0.h5", "tiles", scratch)
    size = len(tiles) // 2
    check("channel:L:K is filter K of --layer L",
          dataset(bound / "layers/channel_mixed0_12.h5", "tiles", scratch) == tiles[size:])
    lowered = scratch / "lowered"
    render(lowered, QUICK + ["--layer", "mixed0", "--filters", "12", "--sign", "negative"])
    check("a sign is a minus", dataset(bound / "layers/_channel_mixed0_12.h5", "tiles", scratch) ==
          dataset(lowered / "layers/mixed0.h5", "tiles", scratch))


def signs(scratch):
    job = QUICK + ["--layer", "mixed0", "--filters", "2,12,30", "--repeats", "2"]
    both, lowered = scratch / "both", scratch / "negatives"
    first = render(both, job + ["--sign", "both"], 2)
    render(lowered, job + ["--sign", "negative"])
    for name in "tiles", "loss", "score", "status":
        check(f"negative pictures are variants of the positive: {name}",
              dataset(both / "layers/mixed0.h5", f"variants/negative/{name}", scratch) ==
              dataset(lowered / "layers/mixed0.h5", name, scratch))
    in_shards(scratch, "both", job + ["--sign", "both"], first)


with scratch_folder() as name:
    folder = pathlib.Path(name)
    errors(folder)
    bad_directions(folder)
    any_ranks(folder)
    together(folder)
    results(folder)
    short_forms(folder)
    signs(folder)
finish()
