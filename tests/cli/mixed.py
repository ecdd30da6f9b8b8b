"""Ranks that are not alike: another build, another core of OpenBLAS. One line names rank and host, and all leave.
(Another instruction set: tests/parallel/agreement_test.c.) See harness.py for how to call it.
"""
import pathlib
import shutil
import socket
import struct

from harness import (FAILED, MODEL, PROGRAM, STOPPED, USAGE, call, check, files, finish, left_running, run, same,
                     scratch_folder, skip)

JOB = ["--model", MODEL, "--size", "80", "--layer", "conv2d_1", "--filters", "0-5", "--iterations", "2", "--quiet"]
LONG = JOB[:-2] + ["5000"]
CORES = ("Haswell", "Sandybridge")  # the second has no FMA: other bits


def with_core(core):
    return ["env", f"OPENBLAS_CORETYPE={core}"]


def mixed(groups, options):
    """A run on groups of ranks, each with its own command in place of the program."""
    command = ["mpirun", "--oversubscribe"]
    for count, program in groups:
        command += ([":"] if len(command) > 2 else []) + ["-np", str(count), *program, *map(str, options)]
    return call(command)


def refused(title, told, out, code, words):
    check(f"{title}: exit {code}", told.code == code, told)
    check(f"{title}: one line with {words}", len(told.ours()) == 1 and all(word in told.ours()[0] for word in words),
          told)
    check(f"{title}: nothing is left", not out.exists() or not files(out), out)


def another_build(scratch):
    """A copy whose checksum, which the linker made, differs in one bit."""
    data = pathlib.Path(PROGRAM).read_bytes()
    note = struct.pack("<III4s", 4, 20, 3, b"GNU\0")
    place = data.find(note) + len(note)
    if not check("the program has a checksum", note in data):
        return None
    path = scratch / "convviz-mpi"
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
    path.chmod(0o755)
    return str(path)


def builds(scratch):
    other = another_build(scratch)
    if not other:
        return
    host = f"host {socket.gethostname()}"
    out = scratch / "never"
    refused("rank 2 of another build", mixed([(2, [PROGRAM]), (1, [other])], JOB + ["--out", out]), out, FAILED,
            ["program", "rank 2", "rank 0", host, "0.1"])
    refused("rank 0 of another build", mixed([(1, [other]), (2, [PROGRAM])], JOB + ["--out", out]), out, FAILED,
            ["program", "rank 1", "rank 0", host])
    check("all of the other build", mixed([(2, [other])], JOB + ["--out", scratch / "other"]).code == 0)
    check("and all of this one", run(JOB + ["--out", scratch / "this"], 2).code == 0)
    same("another build with the same code", scratch / "other", files(scratch / "this"))
    begun = scratch / "begun"
    told = run(LONG + ["--out", begun, "--max-time", "0.01"], 2)
    check("a job is stopped", told.code == STOPPED, told)
    before = files(begun)
    told = mixed([(2, [other])], LONG + ["--out", begun, "--resume"])
    check("another build does not go on with it", told.code == USAGE and len(told.ours()) == 1 and
          "build" in told.ours()[0] and files(begun) == before, told)


def cores(scratch):
    openblas = JOB + ["--gemm", "openblas"]
    each = [(1, with_core(core) + [PROGRAM]) for core in CORES]
    alone = [call(each[i][1] + [str(word) for word in openblas + ["--out", scratch / f"core{i}"]]) for i in (0, 1)]
    if any(told.code for told in alone) or files(scratch / "core0") == files(scratch / "core1"):
        skip("OpenBLAS's cores", f"this OpenBLAS has not both {' and '.join(CORES)}")
        return
    out = scratch / "never"
    told = mixed([(2, with_core(CORES[0]) + [PROGRAM]), each[1]], openblas + ["--out", out])
    refused("two cores of OpenBLAS", told, out, FAILED,
            ["OpenBLAS", *CORES, "rank 2", "rank 0", f"host {socket.gethostname()}", "OPENBLAS_CORETYPE"])
    told = mixed([(2, with_core(CORES[1]) + [PROGRAM])], openblas + ["--out", scratch / "agreed"])
    check("one core for all", told.code == 0, told)
    same("one core for all", scratch / "agreed", files(scratch / "core1"))
    begun = scratch / "begun by one core"
    stopped = [str(word) for word in LONG + ["--gemm", "openblas", "--out", begun]]
    told = call(each[0][1] + stopped + ["--max-time", "0.01"])
    check("a job on one core is stopped", told.code == STOPPED, told)
    told = call(each[1][1] + stopped + ["--resume"])
    check("the other core does not go on with it", told.code == USAGE and len(told.ours()) == 1 and
          all(word in told.ours()[0] for word in ("gemm_core", *CORES)), told)
    for i in (0, 1):
        told = call(each[i][1] + [str(word) for word in openblas + ["--shard", f"{i + 1}/2", "--out",
                                                                    scratch / f"part{i}"]])
        check(f"a part on core {CORES[i]}", told.code == 0, told)
    told = run(["--merge", scratch / "part0", scratch / "part1", "--out", scratch / "merged"])
    check("parts of two cores are not merged", told.code == USAGE and len(told.ours()) == 1 and
          all(word in told.ours()[0] for word in ("gemm_core", *CORES)), told)
    if "not in this build" in call([PROGRAM, "--version"]).out:
        skip("differing cores with libxsmm", "it is not in this build")
        return
    told = mixed(each, JOB + ["--gemm", "libxsmm", "--out", scratch / "xsmm"])
    check("libxsmm does not mind the cores", told.code == 0, told)
    check("libxsmm on one rank", run(JOB + ["--gemm", "libxsmm", "--out", scratch / "xsmm1"]).code == 0)
    same("libxsmm with differing cores", scratch / "xsmm", files(scratch / "xsmm1"))


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    builds(place)
    shutil.rmtree(place / "never", ignore_errors=True)
    cores(place)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
