"""Memory: packed weights exist once on a node, whoever has the layer of large images needs no more for more of them,
and shared memory that is too small is noticed first. Needs Linux's /proc. See harness.py for how to call it.
"""
import os
import pathlib
import re
import shutil
import signal

from harness import (MODEL, PROGRAM, call, check, end, files, finish, left_running, ranks_of, run, same,
                     scratch_folder, skip, start, until)

MEGA = 1 << 20
LAYER = ["--model", MODEL, "--size", "80", "--layer", "mixed5"]


def packed_bytes(options):
    """What --dry-run says of the weights of a node: packed, and as the file has them."""
    told = run(options + ["--dry-run"])
    found = re.search(r"([\d.]+) MB of packed weights once, and ([\d.]+) MB as read", told.out)
    if not check("--dry-run tells the memory of a node", told.code == 0 and found, told):
        return 0, 0
    return float(found[1]) * 1e6, float(found[2]) * 1e6


def memory_of(pid):
    """Of one process in bytes: the proportional size (PSS) and the resident size of the mapping that has the packed
    weights, and the PSS of the whole process."""
    largest, name, pss = (0, 0), "", 0
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            name = words[5] if len(words) > 5 else ""
        elif words[0] in ("Rss:", "Pss:") and name.startswith("/dev/shm/") and "osc" in name:
            sizes.setdefault(name, {}).setdefault(words[0], 0)
            sizes[name][words[0]] += int(words[1]) << 10
    for of_file in sizes.values():
        largest = max(largest, (of_file["Rss:"], of_file["Pss:"]))
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pss:"):
            pss = int(line.split()[1]) << 10
    return largest[1], largest[0], pss


def stopped_ranks(process, log, count):
    """The ranks of a job that has begun, held still."""
    until(lambda: process.poll() is not None or (log.exists() and log.stat().st_size), 120)
    pids = ranks_of(process)
    check(f"{count} ranks run", len(pids) == count, pids)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids


def weights_once(scratch, ranks, options, whole):
    """How much memory all ranks together have."""
    packed, _ = packed_bytes(options)
    log, out = scratch / f"log{ranks}.jsonl", scratch / f"out{ranks}"
    process = start(options + ["--out", out, "--log", log], ranks)
    pids = stopped_ranks(process, log, ranks)
    try:
        found = [memory_of(pid) for pid in pids]
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    told = end(process)
    title = f"{ranks} ranks"
    check(f"{title}: end well", told.code == 0, told)
    same(title, out, whole)
    shared, private = sum(pss for pss, _, _ in found), [pss - part for part, _, pss in found]
    print(f"      {packed / MEGA:.0f} MiB packed; all ranks: {shared / MEGA:.1f} MiB of weights, each "
          f"{min(private) / MEGA:.1f} to {max(private) / MEGA:.1f} MiB besides", flush=True)
    check(f"{title}: the weights are there once", packed and 0.5 * packed < shared < 1.05 * packed + MEGA, found)
    check(f"{title}: and nobody has them besides", max(private) < packed, [part / MEGA for part in private])


def few_and_many_ranks(scratch):
    options = LAYER + ["--filters", "0-63", "--iterations", "30"]
    told = run(options + ["--out", scratch / "alone"], 2)
    check("2 ranks: end well", told.code == 0, told)
    whole = files(scratch / "alone")
    for ranks in (4, 64):
        weights_once(scratch, ranks, options, whole)


def highest(process):
    """The most memory that any rank of a job had at any moment, as far as can be seen: it is asked for until the end."""
    most = 0
    while process.poll() is None:
        for pid in ranks_of(process):
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            except OSError:
                continue
            found = re.search(r"VmHWM:\s+(\d+) kB", status)
            most = max(most, int(found[1]) << 10 if found else 0)
    return most


def owner_of_large_images(scratch):
    """A file of a few and one of many images: the larger must not cost more memory."""
    side, most = 512, {}
    for filters in (8, 96):
        options = ["--model", MODEL, "--size", side, "--layer", "conv2d_5", "--filters", f"0-{filters - 1}",
                   "--iterations", "1", "--save-raw"]
        process = start(options + ["--out", scratch / f"large{filters}"], 3)
        most[filters] = highest(process)
        told = end(process)
        check(f"{filters} raw images of {side} x {side}: ends well", told.code == 0, told)
    length = (scratch / "large96/layers/conv2d_5.h5").stat().st_size
    print(f"      most memory of a rank: {most[8] / MEGA:.0f} MiB, and {most[96] / MEGA:.0f} MiB for a file of "
          f"{length / MEGA:.0f} MiB", flush=True)
    check("the file is large", length > 96 * side * side * 12, length)
    check("the memory of its owner is not", 0 < most[96] < most[8] + 0.15 * length, most)
    for filters in (8, 96):
        shutil.rmtree(scratch / f"large{filters}")


def small_shared_memory(scratch):
    """/dev/shm of many sizes, from room for MPI alone to room for all."""
    options = LAYER + ["--filters", "0-3", "--iterations", "2"]
    told = run(options + ["--out", scratch / "roomy"], 2)
    check("enough shared memory", told.code == 0 and "warning" not in told.err, told)
    whole = files(scratch / "roomy")
    packed, read = (int(size / MEGA) for size in packed_bytes(options))
    mpi = 24  # MiB that MPI itself takes of it for 3 ranks, at most
    outcomes = []
    for size in (mpi, mpi + (read + packed) // 2, mpi + packed, 2 * (mpi + read + packed)):
        out = scratch / f"shm{size}"
        inner = f"mount -t tmpfs -o size={size}m none /dev/shm && exec \"$@\""
        command = ["unshare", "--mount", "sh", "-c", inner, "sh", "mpirun", "--oversubscribe", "-np", "3", PROGRAM]
        if call(["unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o size={size}m none /dev/shm"]).code:
            skip("a small /dev/shm", "mounting is not permitted here")
            return
        told = call(command + [str(word) for word in options + ["--out", out]])
        check(f"/dev/shm of {size} MiB: the job ends well", told.code == 0 and not told.ours(), told)
        same(f"/dev/shm of {size} MiB", out, whole)
        outcomes.append("warning: shared memory: /dev/shm has no room" in told.err)
    check("of the small ones a warning tells, of the large one none", all(outcomes[:2]) and not outcomes[-1],
          outcomes)


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    few_and_many_ranks(place)
    owner_of_large_images(place)
    small_shared_memory(place)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
