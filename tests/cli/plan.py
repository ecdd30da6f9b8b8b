"""What is told of a job before it runs: --plan and --dry-run, and whether memory and results turn out as told.

See harness.py for how to call it.
"""
import json
import math
import pathlib
import re
import time

from harness import MODEL, USAGE, check, end, files, finish, ranks_of, run, scratch_folder, skip, start

JOB = ["--model", MODEL, "--layer", "conv2d_1,conv2d_2", "--size", "80", "--iterations", "2", "--filters", "0-5"]
SAME_EVERYWHERE = ["--isa", "portable", "--gemm", "openblas"]

# Multiplications of the model's first two convolutions at 80 x 80, from the shapes that Keras's summary prints.
FIRST, SECOND = 39 * 39 * 32 * 27, 37 * 37 * 32 * 288


def told(result):
    return dict(line.split(": ", 1) for line in result.out.splitlines() if ": " in line)


def number(value):
    return float(value.split()[0])


def dry_run_is_complete(scratch):
    out = scratch / "dry"
    tflop = 1e-12 * 4 * 6 * 2000 * (2 * FIRST + SECOND)
    wanted = [r"model: inception_v3", r"weights: of the file", r"input range: tf", r"size: 80 x 80",
              r"layers: 2", r"filters: 12", r"steps: 2000", rf"TFLOP: {tflop:.3f} by direct counting, 0\.\d{{3}} planned", r"ranks: 6",
              r"filters a rank: 2 to 2", r"balance: 100\.0 %",
              r"step: \d+\.\d\d ms for conv2d_2, measured here \(portable, openblas\)", r"core hours: \S+",
              r"hours: \S+ \(\d+\.\d s\)",
              r"memory of a node: \d+\.\d MB of packed weights once, and \d+\.\d MB as read until they are packed",
              r"memory of a rank: \d+\.\d MB", rf"results: at most \d+\.\d MB in {re.escape(str(out))}"]
    job = JOB[:-4] + ["--iterations", "2000"] + JOB[-2:]
    for ranks in (0, 3):
        result = run(job + SAME_EVERYWHERE + ["--dry-run", "--ranks", "6", "--out", out], ranks)
        lines = result.out.splitlines()
        check(f"--dry-run ends well, {ranks} ranks", result.code == 0 and not result.err and not out.exists(), result)
        check(f"--dry-run prints its lines, {ranks} ranks", len(lines) == len(wanted) and all(
            re.fullmatch(pattern, line) for pattern, line in zip(wanted, lines)), result.out)
        check(f"--dry-run plans less than direct counting, {ranks} ranks",
              number(told(result)["TFLOP"].split(", ")[1]) < tflop, result.out)


def results_are_within_what_was_told(scratch):
    for raw in ([], ["--save-raw"]):
        out = scratch / f"results{len(raw)}"
        most = 1e6 * number(told(run(JOB + raw + ["--dry-run", "--out", out]))["results"].removeprefix("at most "))
        check("the job runs", run(JOB + raw + ["--out", out]).code == 0)
        size = sum(len(data) for name, data in files(out).items() if name.startswith("layers/"))
        check(f"its layers take at most what was told, {raw}", size <= most + 5e4 and size > most / 4, (size, most))


def an_architecture_is_enough():
    result = run(["--arch", "resnet50v2", "--layer", "conv", "--dry-run", "--ranks", "1024"])
    found = told(result)
    check("--dry-run of an architecture without weights", result.code == 0 and not result.err, result)
    check("the atlas of ResNet50V2 has 53 layers of 26560 filters",
          (found.get("layers"), found.get("filters"), found.get("weights")) ==
          ("53", "26560", "none, random ones are measured"), found)
    check("1024 ranks are in balance", number(found["balance"]) >= 95, found)
    check("hours are core hours over ranks and balance", math.isclose(
        number(found["hours"]), number(found["core hours"]) / 1024 / number(found["balance"]) * 100, rel_tol=0.01),
          found)
    check("and two ranks take longer", number(told(run(["--arch", "resnet50v2", "--layer", "conv", "--dry-run",
                                                        "--ranks", "2"]))["hours"]) > 100 * number(found["hours"]))
    for options, words in ((["--ranks", "7"], ["--ranks", "--dry-run"]), (["--dry-run", "--ranks", "0"], ["ranks", "0"])):
        refused = run(JOB + options)
        check(f"{options} is refused", refused.code == USAGE and len(refused.ours()) == 1 and
              all(word in refused.ours()[0] for word in words), refused)
    listed = run(["--arch", "VGG16", "--list-layers"])
    check("--list-layers of an architecture", listed.code == 0 and "block5_conv3" in listed.out, listed)


def without_times(text):
    """The table less its last column, which is measured."""
    return [line.rsplit(None, 1)[0] if re.search(r"\d\.\d{3}$", line) else line for line in text.splitlines()
            if not line.startswith("ms: ")]


def plan_is_a_table(scratch):
    out = scratch / "plan"
    options = JOB + SAME_EVERYWHERE + ["--plan", "--out", out]
    result = run(options)
    check("--plan ends well", result.code == 0 and not result.err and not out.exists(), result)
    tables = [block.splitlines() for block in result.out.split("\n\n")]
    check("--plan has a table for each layer and says what ms are", len(tables) == 3 and
          [table[0] for table in tables[:2]] == ["layer conv2d_1 at 80 x 80", "layer conv2d_2 at 80 x 80"] and
          tables[2][0].startswith("ms: expected at "), result.out)
    for table, multiplications in zip(tables, (FIRST, FIRST + SECOND)):
        rows = [row for row in table[2:] if re.search(r"(\s+\d+\.\d+){5}$", row)]
        check("every row ends in five numbers", len(rows) == len(table) - 4, table)
        *steps, total = ([float(word) for word in row.split()[-5:]] for row in rows)
        for column in (0, 1, 4):
            check("the total is the sum", math.isclose(sum(step[column] for step in steps), total[column],
                                                       abs_tol=6e-4 * len(steps)), (steps, total))
        check("GFLOP by direct counting", math.isclose(total[0], 4e-9 * multiplications, abs_tol=6e-5), total)
        check("fewer are planned", 0 < total[1] < total[0], total)
        check("every convolution has weights", all(step[2] > 0 for step in steps if step[0] > 0), steps)
    check("the same table on 2 ranks, printed once", without_times(run(options, 2).out) == without_times(result.out))


def shares(pid):
    """Bytes of memory by kind, each page divided by the number of processes that have it."""
    rows = re.findall(r"^(Pss\w*):\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return {name: 1024 * int(kilobytes) for name, kilobytes in rows}


def memory_of_ranks(scratch):
    """Packed weights are there once for all ranks, and each has little more than was told."""
    ranks, out = 4, scratch / "memory"
    job = ["--model", MODEL, "--layer", "mixed5", "--filters", "0-63", "--iterations", "1000000", "--out", out]
    plan = told(run(job + ["--dry-run"]))
    packed, own = (1e6 * number(plan[f"memory of a {what}"]) for what in ("node", "rank"))
    process = start(job, ranks)
    try:
        for line in process.stderr:
            if b"filters of" in line:
                break
        time.sleep(2)
        found = [shares(pid) for pid in ranks_of(process)]
    finally:
        process.terminate()
        end(process)
    if not check("all ranks were seen", len(found) == ranks, found):
        return
    if "Pss_Shmem" not in found[0]:
        skip("memory by kind", "this kernel does not tell")
        return
    shared = sum(rank["Pss_Shmem"] for rank in found)
    # Beside the weights lie Open MPI's own segments, some MB a rank.
    check("packed weights are in memory once", packed <= shared < packed + ranks * 12e6, (shared, packed, found))
    check("each rank has at most 64 MiB of its own beside its buffers",
          all(own / 2 < rank["Pss_Anon"] < own + (64 << 20) for rank in found), (own, found))
    print("      " + json.dumps({"packed": packed, "shared": shared, "a rank": own,
                                 "anonymous": [rank["Pss_Anon"] for rank in found]}))


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    dry_run_is_complete(place)
    results_are_within_what_was_told(place)
    an_architecture_is_enough()
    plan_is_a_table(place)
    memory_of_ranks(place)
finish()
