"""Dead filters are rescued, repeats are compared and kept: the same bytes for any number of ranks, after a stop and in
shards. See harness.py for how to call it.
"""
import pathlib
import re

from harness import (MODEL, STOPPED, call, check, compare, dataset, files, finish, floats, in_shards, manifest, render,
                     run, scratch_folder)

JOB = ["--model", MODEL, "--layer", "mixed5", "--filters", "0-3", "--size", "120", "--save-raw"]


def in_mixed5(out, name, scratch):
    return dataset(out / "layers/mixed5.h5", name, scratch)


def statuses(out):
    dump = call(["h5dump", "-d", "status", str(out / "layers/mixed5.h5")]).out
    return re.findall(r"[a-z]+", dump.partition("(0):")[2].partition("}")[0])


def dead_filters(scratch):
    plain, rescued = scratch / "plain", scratch / "rescued"
    render(plain, JOB + ["--rescue", "off"], 2)
    render(rescued, JOB, 2)
    before, after = (statuses(out) for out in (plain, rescued))
    check("some filters are dead without rescue, some are not", "dead" in before and "ok" in before, before)
    check("none are with it", after == ["rescued" if status == "dead" else "ok" for status in before], after)
    attempts = list(in_mixed5(rescued, "attempt", scratch))
    check("attempts tell the same", [attempt > 0 for attempt in attempts] == [s == "dead" for s in before], attempts)
    images = [in_mixed5(out, "raw", scratch) for out in (plain, rescued)]
    size = len(images[0]) // len(before)
    same = [images[0][i:i + size] == images[1][i:i + size] for i in range(0, len(images[0]), size)]
    check("the others keep their bits", same == [status == "ok" for status in before], same)
    scores = floats(in_mixed5(rescued, "score", scratch))
    noise = list(zip(floats(in_mixed5(rescued, "noise_mean", scratch)),
                     floats(in_mixed5(rescued, "noise_deviation", scratch))))
    check("scores stand out of noise", all(s > m + 2 * d for s, (m, d) in zip(scores, noise)), (scores, noise))
    check("the manifest counts", manifest(rescued)["layers"][0]["status"]["rescued"] == before.count("dead"))


def repeats(scratch):
    options = JOB + ["--repeats", "3", "--keep-repeats", "--iterations", "12"]
    first = render(scratch / "repeats0", options)
    best = floats(in_mixed5(scratch / "repeats0", "score", scratch))
    chosen = in_mixed5(scratch / "repeats0", "repeat", scratch)[::4]
    each = [floats(in_mixed5(scratch / "repeats0", f"variants/repeat_{i}/score", scratch)) for i in range(3)]
    check("the best is shown", list(best) == [max(scores) for scores in zip(*each)], (best, each))
    check("and named", list(chosen) == [scores.index(max(scores)) for scores in zip(*each)], (list(chosen), each))
    check("repeats differ", all(len(set(scores)) == 3 for scores in zip(*each)), each)
    render(scratch / "one", JOB + ["--iterations", "12"])
    for name in ("raw", "tiles", "loss", "score"):
        check(f"repeat 0 is what there is without repeats: {name}", in_mixed5(scratch / "one", name, scratch) ==
              in_mixed5(scratch / "repeats0", f"variants/repeat_0/{name}", scratch))
    compare("3 ranks", render(scratch / "repeats3", options, 3), first)
    render(scratch / "best", JOB + ["--repeats", "3", "--iterations", "12"])
    for name in ("raw", "tiles", "loss", "score"):
        check(f"the best is the same if the others are not kept: {name}",
              in_mixed5(scratch / "best", name, scratch) == in_mixed5(scratch / "repeats0", name, scratch))
    return options, first


def stopped(scratch, options, first):
    """Each time twice as long; the first ends in the first steps."""
    out, times = scratch / "stopped", 0
    for times in range(10):
        result = run(options + ["--out", out, "--resume", "--max-time", 0.5 * 2**times], 1 + times % 2)
        if result.code != STOPPED:
            break
    check("stopped, and resumed to the end", result.code == 0 and times > 0, (times, result))
    compare(f"stopped {times} times", files(out), first)


with scratch_folder() as folder:
    scratch = pathlib.Path(folder)
    dead_filters(scratch)
    options, first = repeats(scratch)
    stopped(scratch, options, first)
    in_shards(scratch, "repeats", options, first, (0, 1))
finish()
