"""What a job tells of itself: the lines of --log and the summary at the end.

See harness.py for how to call it.
"""
import math
import os
import pathlib
import re

from harness import FAILED, MODEL, check, dataset, events, files, finish, floats, of_kind, run, scratch_folder

LAYERS, FILTERS, STEPS = ("conv2d_1", "mixed0"), 5, 3
JOB = ["--model", MODEL, "--layer", ",".join(LAYERS), "--size", "80", "--iterations", STEPS, "--filters",
       f"0-{FILTERS - 1}"]
UNIT = {"event", "time", "layer", "filter", "rank", "host", "seconds", "status", "steps", "first_loss", "loss"}
RANK = {"rank", "host", "filters", "taken", "computing", "waiting", "writing"}


def check_units(title, units, out, ranks, scratch):
    check(f"{title}: every filter of every layer once", sorted((unit["layer"], unit["filter"]) for unit in units) ==
          sorted((layer, filter) for layer in LAYERS for filter in range(FILTERS)), units)
    check(f"{title}: each with its keys", all(set(unit) == UNIT for unit in units), units[:1])
    check(f"{title}: by ranks of the job, on a host", all(0 <= unit["rank"] < ranks and unit["host"] and
                                                          unit["seconds"] > 0 for unit in units), units)
    alive = [unit for unit in units if unit["status"] == "ok"]
    check(f"{title}: some filters are alive", alive, units)
    for layer in LAYERS:
        losses = floats(dataset(out / f"layers/{layer}.h5", "loss", scratch))
        for unit in alive:
            if unit["layer"] != layer:
                continue
            row = losses[unit["filter"] * STEPS:(unit["filter"] + 1) * STEPS]
            check(f"{title}: losses of filter {unit['filter']} of {layer}", unit["steps"] == STEPS and
                  math.isclose(unit["first_loss"], row[0], rel_tol=1e-6) and
                  math.isclose(unit["loss"], row[-1], rel_tol=1e-6), (unit, row))


def check_summary(title, summary, ranks):
    check(f"{title}: the last line sums up", summary["event"] == "summary" and
          summary["filters"] == len(LAYERS) * FILTERS and 0 < summary["balance"] <= 1 and summary["gflops"] > 0 and
          math.isclose(summary["filters_per_second"], summary["filters"] / summary["seconds"], rel_tol=1e-6), summary)
    check(f"{title}: with every rank", [rank["rank"] for rank in summary["ranks"]] == list(range(ranks)) and
          all(set(rank) == RANK for rank in summary["ranks"]) and
          sum(rank["filters"] for rank in summary["ranks"]) == summary["filters"], summary)
    check(f"{title}: whose times are within the whole", all(
        0 <= rank["computing"] <= summary["seconds"] and rank["waiting"] >= 0 and rank["writing"] >= -1e-3
        for rank in summary["ranks"]), summary)


def logs_are_complete(scratch):
    for ranks in (0, 3):
        title, out, log = f"{ranks} ranks", scratch / f"out{ranks}", scratch / f"log{ranks}.jsonl"
        result = run(JOB + ["--out", out, "--log", log], ranks)
        check(f"{title}: ends well", result.code == 0, result)
        told = events(log)
        start = told[0]
        check(f"{title}: the first line tells of the job", start["event"] == "start" and
              (start["layers"], start["filters"], start["steps"], start["ranks"]) ==
              (len(LAYERS), len(LAYERS) * FILTERS, STEPS, ranks or 1) and start["job"]["size"] == "80x80" and
              0 < start["balance"] <= 1, start)
        times = [event["time"] for event in told]
        check(f"{title}: times go on", times == sorted(times) and times[0] > 1.6e9, times)
        check(f"{title}: every layer once", sorted(event["layer"] for event in of_kind(told, "layer")) ==
              sorted(LAYERS), of_kind(told, "layer"))
        check_units(title, of_kind(told, "unit"), out, ranks or 1, scratch)
        check_summary(title, told[-1], ranks or 1)
        check(f"{title}: two lines of it on the terminal", re.search(
            rf"^{len(LAYERS) * FILTERS} filters in \d+\.\d s: \d+\.\d\d/s, \d+\.\d GFLOP/s by direct counting, balance of "
            rf"{ranks or 1} ranks? \d+\.\d %\nseconds of a rank: computing \d+\.\d \(.*\), waiting \d+\.\d \(.*\), "
            rf"writing \d+\.\d \(.*\)$", result.err, re.M), result)


def logs_change_no_result(scratch):
    plain = scratch / "plain"
    check("quiet tells no summary", not run(JOB + ["--out", plain, "--quiet"]).err)
    check("with or without a log, the same bytes", files(plain) == files(scratch / "out3"))


def logs_are_appended_to(scratch):
    log = scratch / "log0.jsonl"
    before = events(log)
    check("again", run(JOB + ["--out", scratch / "out0", "--log", log, "--overwrite"]).code == 0)
    after = events(log)
    check("a second run adds to the log", after[:len(before)] == before and len(after) == 2 * len(before), len(after))


def logs_that_cannot_be_written(scratch):
    place = scratch / "none" / "log.jsonl"
    for ranks in (0, 3):
        refused = run(JOB + ["--out", scratch / f"refused{ranks}", "--log", place], ranks)
        check(f"no such directory, {ranks} ranks", refused.code == FAILED and len(refused.ours()) == 1 and
              str(place) in refused.ours()[0], refused)
        out = scratch / f"refused{ranks}"
        good = run(JOB + ["--out", out, "--log", out / "log.jsonl"], ranks)
        check(f"the same job with a better one begins, {ranks} ranks", good.code == 0, good)
    if os.path.exists("/dev/full"):
        full = run(JOB + ["--out", scratch / "full", "--log", "/dev/full"], 3)
        check("a full disk for the log loses no work", full.code == 0 and files(scratch / "full") ==
              files(scratch / "out3") and full.err.count("warning: --log: '/dev/full'") == 1, full)


with scratch_folder() as folder:
    root = pathlib.Path(folder)
    logs_are_complete(root)
    logs_change_no_result(root)
    logs_are_appended_to(root)
    logs_that_cannot_be_written(root)
finish()
