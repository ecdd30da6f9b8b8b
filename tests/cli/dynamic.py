"""Units that move between ranks (--schedule dynamic) change no byte, and a slow rank's are rendered by the others.

See harness.py for how to call it.
"""
import os
import pathlib
import signal
import threading
import time

from harness import (MODEL, STOPPED, USAGE, check, end, events, files, finish, in_shards, left_running, of_kind, ranks_of,
                     run, same, scratch_folder, start, until)

LAYERS, FILTERS = ("conv2d_1", "conv2d_5", "mixed0"), 9
JOB = ["--model", MODEL, "--size", "80", "--save-raw", "--layer", ",".join(LAYERS), "--filters", f"0-{FILTERS - 1}",
       "--iterations", "8"]
DYNAMIC = ["--schedule", "dynamic"]
# Of the test with a slow rank: some milliseconds a unit, so that a share lasts longer than the rank's breaks.
SLOW = ["--model", MODEL, "--size", "80", "--layer", "conv2d_5", "--filters", "0-47", "--iterations", "40"]
SHARE = 16  # of each of 3 ranks


def check_each_once(title, log, layers, filters):
    units = sorted((unit["layer"], unit["filter"]) for unit in of_kind(events(log), "unit"))
    check(f"{title}: every unit once", units == sorted((layer, k) for layer in layers for k in range(filters)), units)


def numbers_of_ranks(scratch):
    """ranks.py has the static schedule."""
    whole = None
    for schedule, ranks in [("static", 4), ("dynamic", 1), ("dynamic", 2), ("dynamic", 4), ("dynamic", 7)]:
        title = f"{schedule}, {ranks} ranks"
        out, log = scratch / f"{schedule}{ranks}", scratch / f"{schedule}{ranks}.jsonl"
        told = run(JOB + ["--schedule", schedule, "--out", out, "--log", log], ranks)
        check(f"{title}: ends well", told.code == 0, told)
        whole = whole or files(out)
        same(title, out, whole)
        check_each_once(title, log, LAYERS, FILTERS)
        if schedule == "static":
            taken = [rank["taken"] for rank in events(log)[-1]["ranks"]]
            check(f"{title}: no unit moves", len(taken) == ranks and not any(taken), taken)
    return whole


def interrupted(scratch):
    """In pieces, on changing numbers of ranks, now dynamic and now static."""
    long = JOB[:-1] + ["150"]
    told = run(long + DYNAMIC + ["--out", scratch / "long"], 2)
    check("longer units: an undisturbed run", told.code == 0, told)
    out, rendered, stops = scratch / "pieces", [], 0
    for piece, (ranks, schedule) in enumerate([(4, "dynamic"), (7, "dynamic"), (2, "static"), (1, "dynamic")]):
        log = scratch / f"piece{piece}.jsonl"
        process = start(long + ["--out", out, "--resume", "--log", log, "--schedule", schedule], ranks)
        until(lambda: process.poll() is not None or of_kind(events(log), "unit"))
        process.send_signal(signal.SIGUSR1)
        told = end(process)
        check(f"piece {piece + 1}, {schedule} on {ranks} ranks: stopped, or all was done", told.code in (0, STOPPED),
              told)
        stops += told.code == STOPPED
        rendered += [(unit["layer"], unit["filter"]) for unit in of_kind(events(log), "unit")]
    check("some pieces were stopped", stops >= 2, stops)
    told = run(long + DYNAMIC + ["--out", out, "--resume", "--log", scratch / "last.jsonl"], 4)
    check("in pieces: the job ends", told.code == 0, told)
    rendered += [(unit["layer"], unit["filter"]) for unit in of_kind(events(scratch / "last.jsonl"), "unit")]
    same("dynamic, interrupted and resumed", out, files(scratch / "long"))
    check("in pieces: no unit twice", len(rendered) == len(set(rendered)) > 4, rendered)


def fewer_units_than_ranks(scratch):
    options = ["--model", MODEL, "--size", "80", "--layer", "conv2d_1", "--filters", "0,2", "--iterations", "2"]
    told = run(options + ["--out", scratch / "few"])
    check("2 filters alone", told.code == 0, told)
    told = run(options + DYNAMIC + ["--out", scratch / "few7"], 7)
    check("2 filters on 7 ranks", told.code == 0, told)
    same("2 filters on 7 ranks", scratch / "few7", files(scratch / "few"))


def rank_number(pid):
    words = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next(int(word.split(b"=")[1]) for word in words if word.startswith(b"OMPI_COMM_WORLD_RANK="))


class Slowed:
    """A rank that gets a tenth of the time: stopped and let go from outside, again and again."""

    def __init__(self, process, rank):
        self.over = False
        self.thread = threading.Thread(target=self.pulse, args=(process, rank))
        self.thread.start()

    def pulse(self, process, rank):
        pid = None
        try:
            while not self.over and process.poll() is None:
                if not pid:
                    pid = next((pid for pid in ranks_of(process) if rank_number(pid) == rank), None)
                    time.sleep(0.005)
                    continue
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.045)
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.005)
        except (OSError, StopIteration):  # it has ended
            pass

    def stop(self):
        self.over = True
        self.thread.join()


def slow_ranks(scratch):
    told = run(SLOW + ["--out", scratch / "even"], 3)
    check("no rank is slow", told.code == 0, told)
    whole = files(scratch / "even")
    for rank in (0, 2):
        title = f"rank {rank} is slow"
        out, log = scratch / f"slow{rank}", scratch / f"slow{rank}.jsonl"
        process = start(SLOW + DYNAMIC + ["--out", out, "--log", log], 3)
        slowed = Slowed(process, rank)
        told = end(process)
        slowed.stop()
        check(f"{title}: ends well", told.code == 0, told)
        same(title, out, whole)
        check_each_once(title, log, ["conv2d_5"], 3 * SHARE)
        done = [sum(unit["rank"] == r for unit in of_kind(events(log), "unit")) for r in range(3)]
        check(f"{title}: others rendered units of its share", done[rank] < SHARE and sum(done) == 3 * SHARE, done)
        ranks = events(log)[-1]["ranks"]
        check(f"{title}: and the log counts them", sum(r["taken"] for r in ranks) >= SHARE - done[rank] and
              [r["filters"] for r in ranks] == done, (ranks, done))


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    os.environ["OMPI_MCA_btl_vader_backing_directory"] = folder
    os.environ["OMPI_MCA_orte_tmpdir_base"] = folder
    bytes_of_one = numbers_of_ranks(place)
    in_shards(place, "dynamic", JOB + DYNAMIC, bytes_of_one, (2, 4, 7))
    interrupted(place)
    fewer_units_than_ranks(place)
    slow_ranks(place)
    refused = run(JOB + ["--schedule", "random", "--out", place / "never"])
    check("another schedule is refused", refused.code == USAGE and "static|dynamic" in refused.err, refused)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
