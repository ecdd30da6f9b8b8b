"""Killed, stopped, cut into shards: what comes out has the bytes of one run that nobody disturbed, and nothing that was
finished is done again. See harness.py for how to call it.
"""
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import time
import zlib

from harness import (MODEL, STOPPED, USAGE, call, check, end, files, finish, left_running, manifest, ranks_of, run, same,
                     scratch_folder, skip, start, until)

KILLS = 50
BASE = ["--model", MODEL, "--size", "80", "--save-raw"]
JOB = BASE + ["--layer", "conv2d_1,conv2d_5", "--filters", "0-23", "--iterations", "150"]
STEPS = 5000  # of a unit: some seconds, so that a signal that mpirun hands on late still finds it begun
LONG = BASE + ["--layer", "conv2d_5", "--filters", "0-2", "--iterations", STEPS]
MEDIUM = LONG[:-1] + [1000]
SHORT = LONG[:-1] + [150]
AT_ONCE = ["--max-time", "0.01"]  # stops every rank at its first step

HEAD = struct.Struct("<IIiiQII")  # mark, kind, unit, step, bytes, checksum, 0
MARK, UNIT, STATE = 0x4A5A5643, 2, 3


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def records(path):
    """(kind, unit, step) of the whole records of a journal file; none if a rank without its mpirun removes it just now."""
    try:
        data, at, found = path.read_bytes(), 0, []
    except FileNotFoundError:
        return []
    while at + HEAD.size <= len(data):
        mark, kind, unit, step, size, checksum, _ = HEAD.unpack_from(data, at)
        content = data[at + HEAD.size:at + HEAD.size + size]
        if mark != MARK or len(content) < size:
            break
        if zlib.crc32(content, zlib.crc32(HEAD.pack(mark, kind, unit, step, size, 0, 0))) != checksum:
            break
        found.append((kind, unit, step))
        at += HEAD.size + size
    return found


def journal(out):
    return [record for path in sorted((out / "journal").glob("*.journal")) for record in records(path)]


def units(out):
    return [unit for kind, unit, _ in journal(out) if kind == UNIT]


def states(out):
    return {unit: step for kind, unit, step in journal(out) if kind == STATE}


def resumed(told):
    """Of how many units the run found a state; one that ended meanwhile is done."""
    found = re.search(r"going on: (\d+) of \d+ filters are done, (\d+) begun", told.err)
    return sum(map(int, found.groups())) if found else 0


def undisturbed(scratch, name, options):
    out = scratch / name
    done = run(options + ["--out", out])
    check(f"{name}: an undisturbed run", done.code == 0, done)
    check(f"{name}: leaves neither journal nor lock",
          not [path for path in out.iterdir() if path.name not in ("layers", "site", "manifest.json", "index.html")])
    return files(out)


def finished(out, filters):
    """Units that need not be rendered: in the journal, or in a layer that is final. Layers have `filters` units each."""
    layers = ["conv2d_1", "conv2d_5"]
    final = [all((out / f"layers/{layer}.{end}").exists() for end in ("h5", "png")) for layer in layers]
    return {unit for unit in units(out) if not final[unit // filters]} | {
        layer * filters + k for layer, there in enumerate(final) if there for k in range(filters)}


def killed_at_random(scratch):
    """Every run but the last of each job is killed. The moment is random, from before the first step to past the last;
    so is whom it hits."""
    whole = undisturbed(scratch, "calm", JOB)
    dice = random.Random(20240811)
    kills, jobs, twice, wrong, broken = 0, 0, [], [], []
    hit = {"a rank": 0, "mpirun": 0, "all": 0}
    out = scratch / "killed0"
    while kills < KILLS:
        known = len(finished(out, 24)) if out.exists() else 0
        ranks = dice.choice([1, 2, 3, 3])
        process = start(JOB + ["--out", out, "--resume", "--schedule", dice.choice(["static", "dynamic"])], ranks)
        until(lambda: process.poll() is not None or ranks_of(process))
        time.sleep(dice.uniform(0.0, 1.6))
        whom = dice.choice(list(hit))
        pids = ranks_of(process)
        if process.poll() is None and pids:
            for pid in {"a rank": [dice.choice(pids)], "mpirun": [process.pid], "all": pids + [process.pid]}[whom]:
                kill(pid)
            kills += 1
            hit[whom] += 1
        told = end(process)
        goes_on = [line for line in told.err.splitlines() if line.startswith("going on: ")]
        if goes_on and int(goes_on[0].split()[2]) < known:
            wrong.append((known, goes_on))
        if len(told.ours()) > 1 or (told.code == 0 and files(out) != whole):
            broken.append(str(told))
        if told.code == 0:
            jobs += 1
            shutil.rmtree(out)
            out = scratch / f"killed{jobs}"
            continue
        found = units(out) if out.exists() else []
        twice += [unit for unit in set(found) if found.count(unit) > 1]
    check(f"{KILLS} kills ({', '.join(f'{count} of {whom}' for whom, count in hit.items())}) in {jobs + 1} jobs: "
          "no finished unit was rendered again", not twice and not wrong, (twice, wrong))
    check("no run ended well with other bytes, none told more than one error", not broken, broken[:3])
    check("some jobs had time to end", jobs > 0 or len(units(out)) > 0)
    told = run(JOB + ["--out", out, "--resume"], 3)
    check("after the kills the job ends", told.code == 0, told)
    same("after the kills", out, whole)
    check("no rank is left running", until(lambda: not left_running(str(scratch)), 10), left_running(str(scratch)))


def stop_with(out, name, ranks, strike, reason, before):
    """Stops LONG in the middle of units, again: exit 75. `before` are the states of the last time; returns those of
    this time."""
    known = len(journal(out))
    process = start(LONG + ["--out", out, "--resume"], ranks)
    begun_anew = until(lambda: (out / ".lock").exists() and len(journal(out)) >= max(known, 1), 30)
    check(f"{name}: it starts", begun_anew and until(lambda: ranks_of(process), 30))
    time.sleep(0.2)
    strike(process)
    told = end(process)
    check(f"{name}: exit 75", told.code == STOPPED, told)
    check(f"{name}: one line with the reason", len(told.ours()) == 1 and reason in told.ours()[0] and
          "--resume" in told.ours()[0], told)
    check(f"{name}: what had begun goes on", not before or resumed(told) >= len(before), (before, told))
    begun = states(out)
    check(f"{name}: it stopped within units", begun and all(0 < step < STEPS for step in begun.values()), begun)
    check(f"{name}: none is further back", all(begun[unit] >= step for unit, step in before.items()) and
          sum(begun.values()) > sum(before.values()), (before, begun))
    check(f"{name}: the lock is given back", not (out / ".lock").exists())
    return begun


def stopped_in_the_middle(scratch):
    """One job, stopped in many ways, one after the other."""
    whole = undisturbed(scratch, "long", LONG)
    out, begun = scratch / "stopped", {}

    def one_rank(process):
        kill(ranks_of(process)[-1], signal.SIGUSR1)

    for name, ranks, strike, reason in [
            ("SIGUSR1 to mpirun", 3, lambda p: p.send_signal(signal.SIGUSR1), "signal 10"),
            ("SIGUSR2 to mpirun", 2, lambda p: p.send_signal(signal.SIGUSR2), "signal 12"),
            ("SIGUSR1 to one rank", 3, one_rank, "signal 10"),
            ("SIGUSR1 without mpirun", 0, lambda p: p.send_signal(signal.SIGUSR1), "signal 10"),
            ("SIGINT without mpirun", 0, lambda p: p.send_signal(signal.SIGINT), "signal 2"),
            ("SIGTERM without mpirun", 0, lambda p: p.send_signal(signal.SIGTERM), "signal 15")]:
        begun = stop_with(out, name, ranks, strike, reason, begun)
    process = start(LONG + ["--out", out, "--resume"], 2)
    until(lambda: (out / ".lock").exists() and len(ranks_of(process)) == 2, 30)
    time.sleep(0.4)
    process.terminate()
    end(process)
    left = states(out)
    check("SIGTERM to mpirun: the units' states are saved", sum(left.values()) > sum(begun.values()), (begun, left))
    told = run(LONG + ["--out", out, "--resume"], 2)
    check("after all of them it ends", told.code == 0 and resumed(told) >= len(left), (left, told))
    same("after all of them", out, whole)


def time_limits(scratch):
    """One job in short pieces, each on another number of ranks."""
    whole = undisturbed(scratch, "medium", MEDIUM)
    out = scratch / "pieces"
    furthest, lost = {}, []
    for piece in range(25):
        ranks = [1, 3, 2, 5, 0][piece % 5]
        told = run(MEDIUM + ["--out", out, "--resume", "--max-time", "0.9s"], ranks)
        if told.code == 0:
            break
        if not check(f"piece {piece + 1}, {ranks} ranks: exit 75", told.code == STOPPED and
                     "time limit" in told.err, told):
            break
        for unit, step in states(out).items():
            if step < furthest.get(unit, 0):
                lost.append((unit, step, furthest[unit]))
            furthest[unit] = max(step, furthest.get(unit, 0))
    if told.code:
        told = run(MEDIUM + ["--out", out, "--resume"], 3)
    check("pieces of 0.9 s on 1, 3, 2, 5 and no ranks: the job ends", told.code == 0, told)
    check("pieces: no unit goes back", not lost and furthest, lost)
    same("pieces", out, whole)
    told = run(MEDIUM + ["--out", out, "--resume"], 2)
    check("with everything done --resume has nothing to do", told.code == 0 and "all 3 filters are done" in told.err,
          told)
    same("with everything done", out, whole)
    told = run(SHORT + ["--out", scratch / "new", "--resume"])
    check("with nothing there --resume starts anew", told.code == 0 and "going on" not in told.err, told)
    (out / "manifest.json").unlink()
    (out / "index.html").unlink()
    told = run(MEDIUM + ["--out", out, "--resume"])
    check("without a manifest --resume writes it", told.code == 0, told)
    same("without a manifest", out, whole)


def stopped_job(scratch, name):
    """A directory in which MEDIUM was stopped, with two units begun."""
    out = scratch / name
    told = run(MEDIUM + ["--out", out, *AT_ONCE], 2)
    check(f"{name}: stopped", told.code == STOPPED and len(states(out)) == 2, told)
    return out


def other_jobs(scratch):
    out = stopped_job(scratch, "parameters")
    ended = scratch / "medium"
    model = scratch / "other.h5"
    shutil.copy(MODEL, model)
    with open(model, "ab") as stream:
        stream.write(b"\0")

    def changed(name, value):
        place = MEDIUM.index(f"--{name}")
        return MEDIUM[:place + 1] + [value] + MEDIUM[place + 2:]

    renamed = scratch / "renamed" / pathlib.Path(MODEL).name
    renamed.parent.mkdir()
    shutil.copy(model, renamed)
    cases = [("seed", MEDIUM + ["--seed", "1"]), ("iterations", changed("iterations", "3999")),
             ("size", changed("size", "81")), ("learning_rate", MEDIUM + ["--learning-rate", "9"]),
             ("layer", changed("layer", "conv2d_1")), ("filters", changed("filters", "0-1")),
             ("save_raw", [word for word in MEDIUM if word != "--save-raw"]), ("model", changed("model", model)),
             ("model_xxh64", changed("model", renamed)), ("instruction_set", MEDIUM + ["--isa", "portable"]),
             ("shard", MEDIUM + ["--shard", "1/2"])]
    if "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text():
        cases.append(("precision", MEDIUM + ["--precision", "bf16"]))
    for place, title in ((out, "a stopped job"), (ended, "an ended job")):
        before = files(place)
        for key, options in cases:
            told = run(options + ["--out", place, "--resume"], 2 if key in ("seed", "layer") else 0)
            wanted = "filters" if key == "shard" and place is ended else key
            check(f"{title}, other {key}: refused by name", told.code == USAGE and len(told.ours()) == 1 and
                  wanted in told.ours()[0] and str(place) in told.ours()[0], told)
        check(f"{title}: nothing has changed", files(place) == before)
    for ranks in (0, 2):
        told = run(MEDIUM + ["--out", out], ranks)
        check(f"a journal is not written over, {ranks} ranks", told.code == USAGE and "--resume" in told.err, told)
    told = run(MEDIUM + ["--out", out, "--resume", "--overwrite"])
    check("--resume and --overwrite exclude each other", told.code == USAGE and "--overwrite" in told.err, told)
    told = run(MEDIUM + ["--out", out, "--overwrite"])
    check("--overwrite removes the journal", told.code == 0, told)
    same("--overwrite", out, files(ended))


def instruction_sets(scratch):
    """A job that was begun on older processors goes on with what they have."""
    narrow = SHORT + ["--isa", "portable"]
    whole = undisturbed(scratch, "portable", narrow)
    out = scratch / "older"
    told = run(narrow + ["--out", out, *AT_ONCE], 2)
    check("a portable job is stopped", told.code == STOPPED and states(out), told)
    told = run(SHORT + ["--out", out, "--resume"], 2)
    check("without --isa it goes on as it was", told.code == 0, told)
    same("without --isa", out, whole)


def damaged_journals(scratch):
    whole = files(scratch / "medium")

    def cut(path, data):
        path.write_bytes(data[:-7])

    def flip(path, data):
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])

    def add(path, data):
        path.write_bytes(data + b"CVZJ" + bytes(60))

    def shorten(path, data):
        path.write_bytes(data[:20])

    def empty(path, data):
        path.write_bytes(b"")

    def noise(path, data):
        path.write_bytes(random.Random(1).randbytes(1000))

    for damage in (cut, flip, add, shorten, empty, noise):
        out = stopped_job(scratch, f"damage {damage.__name__}")
        path = out / "journal/1-0.journal"
        before = len(states(out))
        damage(path, path.read_bytes())
        told = run(MEDIUM + ["--out", out, "--resume"], 2)
        kept = before if damage is add else before - 1
        check(f"{damage.__name__}: what is whole counts", told.code == 0 and f" {kept} begun" in told.err, (kept, told))
        same(f"damage {damage.__name__}", out, whole)


def one_job_at_a_time(scratch):
    out = scratch / "busy"
    endless = LONG[:-1] + ["1000000", "--out", out]
    process = start(endless, 2)
    check("a job starts", until(lambda: list(out.glob("journal/*.journal")), 30))
    for name, options, least in [("another", [], 0), ("with --overwrite", ["--overwrite"], 0),
                                 ("with --resume, after 10 s", ["--resume"], 10)]:
        began = time.monotonic()
        told = run(endless + options)
        check(f"a second job {name}: refused", told.code == USAGE and len(told.ours()) == 1 and
              "in use" in told.ours()[0] and time.monotonic() - began >= least, told)
    check("the first goes on", process.poll() is None and ranks_of(process))
    for pid in ranks_of(process) + [process.pid]:
        kill(pid)
    end(process)
    check("its lock file is still there", (out / ".lock").exists())
    told = run(endless + ["--resume", "--max-time", "1"], 3)
    check("a dead job locks nobody out", told.code == STOPPED, told)


def no_locks_in_the_file_system(scratch):
    """A file system without record locks, as a library makes it seem."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    source, library = scratch / "nolock.c", scratch / "nolock.so"
    source.write_text("""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        static int pass(const char *name, int file, int what, void *more)
        {
          if (what == F_SETLK) return errno = ENOLCK, -1;
          return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, name))(file, what, more);
        }
        #define WRAP(name) int name(int file, int what, ...) { va_list list; va_start(list, what); \\
          void *more = va_arg(list, void *); va_end(list); return pass(#name, file, what, more); }
        WRAP(fcntl)
        WRAP(fcntl64)
    """)
    if not compiler or call([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]).code:
        skip("a file system without locks", "no compiler here that makes a library")
        return
    without = ["env", f"LD_PRELOAD={library}"]
    out = scratch / "nolock"
    endless = LONG[:-1] + ["1000000", "--out", out]
    process = start(endless, 2, without)
    check("without locks a job starts", until(lambda: list(out.glob("journal/*.journal")), 30))
    told = run(endless + ["--overwrite"], wrapper=without)
    check("without locks a second job is refused", told.code == USAGE and "in use" in told.err, told)
    for pid in ranks_of(process) + [process.pid]:
        kill(pid)
    end(process)
    told = run(endless + ["--resume", "--max-time", "1"], wrapper=without)
    check("without locks a dead job locks nobody out", told.code == STOPPED, told)
    (out / ".lock").write_text("another.host.example 1\n")
    told = run(endless + ["--overwrite"], wrapper=without)
    check("without locks another host's job counts for a while", told.code == USAGE and
          "another.host.example" in told.err, told)
    old = time.time() - 3600
    os.utime(out / ".lock", (old, old))
    told = run(endless + ["--resume", "--max-time", "1"], wrapper=without)
    check("and not when it has been silent for long", told.code == STOPPED, told)


def shards(scratch):
    whole = files(scratch / "calm")
    parts = [scratch / f"part{i}" for i in (1, 2, 3)]
    for i, out in enumerate(parts):
        told = run(JOB + ["--out", out, "--shard", f"{i + 1}/3"], i)
        check(f"shard {i + 1} of 3 on {i} ranks", told.code == 0, told)
    check("a shard has its share of every layer", [layer["filters"] for layer in manifest(parts[1])["layers"]] == [8, 8],
          manifest(parts[1])["layers"])
    for ranks, order in ((0, parts), (2, parts[::-1])):
        out = scratch / f"merged{ranks}"
        told = run(["--merge", *order, "--out", out], ranks)
        check(f"merge, {ranks} ranks", told.code == 0, told)
        same(f"merge, {ranks} ranks", out, whole)
    told = run([f"--merge={parts[0]},{parts[1]}", "--merge", parts[2], "--out", scratch / "merged2", "--overwrite"])
    check("merge with commas over an old one", told.code == 0, told)
    same("merge with commas over an old one", scratch / "merged2", whole)
    narrow = BASE + ["--layer", "conv2d_1,mixed0,conv2d_5", "--filters", "0-2", "--iterations", "2"]
    for i in range(1, 8):
        told = run(narrow + ["--out", scratch / f"thin{i}", "--shard", f"{i}/7"])
        check(f"shard {i} of 7 of 9 filters", told.code == 0, told)
    told = run(["--merge", *(scratch / f"thin{i}" for i in range(1, 8)), "--out", scratch / "thick"])
    check("a merge of shards that lack layers", told.code == 0, told)
    same("a merge of shards that lack layers", scratch / "thick", undisturbed(scratch, "narrow", narrow))


def merges_that_are_refused(scratch):
    parts = [scratch / f"part{i}" for i in (1, 2, 3)]
    seeded, other = scratch / "seeded", scratch / "quarter"
    run(JOB + ["--seed", "5", "--out", seeded, "--shard", "2/3"])
    run(JOB + ["--out", other, "--shard", "2/4"])
    open_one = scratch / "open"
    run(JOB + ["--out", open_one, "--shard", "2/3", "--max-time", "0.01s"])
    before = files(parts[0])
    for name, options, code, words in [
            ("a part is missing", parts[:2], USAGE, ["part 3 of 3"]),
            ("a part twice", [parts[0], parts[1], parts[1]], USAGE, ["part 2 of 3"]),
            ("another seed", [parts[0], seeded, parts[2]], USAGE, ["seed"]),
            ("another cutting", [parts[0], other, parts[2]], USAGE, [str(other)]),
            ("a whole job", [scratch / "calm"], USAGE, ["calm", "--shard"]),
            ("a part that has not ended", [parts[0], open_one, parts[2]], USAGE, [str(open_one), "manifest"]),
            ("nothing there", [scratch / "nowhere"], USAGE, ["nowhere"])]:
        for ranks in (0, 2):
            told = run(["--merge", *options, "--out", scratch / "refused"], ranks)
            check(f"merge, {name}, {ranks} ranks: refused", told.code == code and len(told.ours()) == 1 and
                  all(word in told.ours()[0] for word in words), told)
    told = run(["--merge", *parts, "--out", parts[0], "--overwrite"])
    check("merge into one of the parts: refused", told.code == USAGE and files(parts[0]) == before, told)
    for value in ("0/3", "4/3", "3", "1/0", "a/b", "1/3/3"):
        told = run(JOB + ["--out", scratch / "never", f"--shard={value}"])
        check(f"--shard={value}: refused", told.code == USAGE and value in told.err and "I/N" in told.err, told)
    told = run(JOB + ["--out", scratch / "never", "--shard", "1/100"])
    check("more shards than filters: refused", told.code == USAGE and "1/100" in told.err, told)
    for value in ("0", "-1", "soon", "1:99", "1:2:3:4", "1e3", "5x"):
        told = run(JOB + ["--out", scratch / "never", f"--max-time={value}"])
        check(f"--max-time={value}: refused", told.code == USAGE and "max-time" in told.err, told)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    os.environ["OMPI_MCA_btl_vader_backing_directory"] = folder  # ranks that are killed leave their segments there
    os.environ["OMPI_MCA_orte_tmpdir_base"] = folder
    for part in (killed_at_random, stopped_in_the_middle, time_limits, other_jobs, instruction_sets, damaged_journals,
                 one_job_at_a_time, no_locks_in_the_file_system, shards, merges_that_are_refused):
        print(f"--- {part.__name__.replace('_', ' ')}")
        part(place)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
