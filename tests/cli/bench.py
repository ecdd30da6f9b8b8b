"""The command line of convviz-bench: what --json prints, usage errors, help. Speed is never asserted.

See harness.py for how to call it; --program is convviz-bench.
"""
import json
import math

from harness import FAILED, PROGRAM, USAGE, call, check, finish, run

STEP = ["step", "--arch", "mobilenet", "--layer", "conv_pw_3", "--size", "64", "--seconds", "0"]
NUMBERS = {"step_ms_median", "step_ms_min", "network_ms_median", "peak_gflops", "gflop_direct", "gflop_real", "ratio",
           "density"}
TEXTS = {"isa", "gemm", "precision"}


def pairs_once(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key is there twice: {keys}")
    return dict(pairs)


def done(result):
    """Success, and at most warnings: other processes may take the core."""
    return result.code == 0 and all(line.startswith("warning: ") for line in result.err.splitlines())


def measured(name, options):
    """The object that a run prints, checked; None if it did not."""
    result = run(STEP + ["--json"] + options)
    check(f"{name}: exit 0, no error", done(result), result)
    try:
        found = json.loads(result.out, object_pairs_hook=pairs_once)
    except ValueError as problem:
        check(f"{name}: exactly one object", False, f"{problem}: {result}")
        return None
    if not check(f"{name}: these keys", set(found) == NUMBERS | TEXTS, found):
        return None
    check(f"{name}: finite numbers above 0",
          all(isinstance(found[key], (int, float)) and math.isfinite(found[key]) and found[key] > 0
              for key in NUMBERS), found)
    check(f"{name}: the shortest is not above the median", found["step_ms_min"] <= found["step_ms_median"], found)
    check(f"{name}: a share of nonzero values", found["density"] < 1, found)
    check(f"{name}: the plan does not multiply more than direct counting",
          found["gflop_real"] <= found["gflop_direct"], found)
    rate = found["gflop_direct"] / found["step_ms_median"] * 1e3 / found["peak_gflops"]
    check(f"{name}: the ratio is work / median / peak", math.isclose(found["ratio"], rate, rel_tol=1e-3), found)
    return found


def objects():
    found = measured("random weights", [])
    again = measured("again, portable loops", ["--isa", "portable", "--gemm", "openblas", "--filter", "5"])
    if found and again:
        check("portable: named", again["isa"] == "portable" and again["gemm"] == "openblas", again)
        check("portable: the same work", again["gflop_direct"] == found["gflop_direct"], (found, again))
    # Multiplications of MobileNet's layers up to conv_pw_3 at 64 x 64, from the shapes that Keras's summary prints.
    forward = (32 * 32 * 32 * 27 + 32 * 32 * 32 * 9 + 32 * 32 * 32 * 64 + 16 * 16 * 64 * 9 + 16 * 16 * 64 * 128 +
               16 * 16 * 128 * 9 + 16 * 16 * 128 * 128)
    if found:
        check("direct counting", math.isclose(found["gflop_direct"], 4e-9 * forward, rel_tol=1e-5),
              (found["gflop_direct"], 4e-9 * forward))


def tables():
    result = run(STEP + ["--profile"])
    check("profile: exit 0", done(result), result)
    for layer in ("conv1", "conv_dw_2", "conv_pw_3"):
        rows = [line.split() for line in result.out.splitlines() if line.split()[:1] == [layer]]
        check(f"profile: one row of {layer}", len(rows) == 1, result)
    result = run(["gemm", "64", "32", "48"])
    rows = [line.split() for line in result.out.splitlines() if line.split()[:3] == ["64", "32", "48"]]
    check("gemm: one row of the shape", result.code == 0 and len(rows) == 1 and float(rows[0][3]) > 0, result)


def uneven_ranks():
    """Of four ranks of which the first has half the speed a static schedule uses about 4 / 7."""
    told = run(["scaling", "--arch", "vgg16", "--layer", "block1_conv1", "--size", "32", "--slow", "4", "1", "4"])
    rows = [line.replace("%", "").split() for line in told.out.splitlines() if line.strip()[:1].isdigit()]
    check("scaling: a row for each number of ranks", done(told) and [row[0] for row in rows] == ["1", "4"], told)
    numbers = [[float(word) for word in row[3:]] for row in rows]
    check("scaling: --slow adds both schedules", all(len(row) == 6 for row in numbers), numbers)
    check("scaling: dynamic uses slow ranks well", abs(numbers[1][4] - 400 / 7) < 1 and numbers[1][5] > 85, numbers)


def refusals():
    cases = [
        ("no command", [], USAGE, ["step, scaling, gemm or kernels"]),
        ("an unknown command", ["stop"], USAGE, ["stop"]),
        ("an unknown option", ["step", "--sizes", "2"], USAGE, ["sizes"]),
        ("an option of another command", ["kernels", "--json"], USAGE, ["json", "kernels"]),
        ("no network", ["step", "--layer", "x"], USAGE, ["--arch"]),
        ("no layer", ["step", "--arch", "VGG16"], USAGE, ["--layer"]),
        ("an unknown network", ["step", "--arch", "VGG17", "--layer", "x"], USAGE, ["VGG17", "VGG16"]),
        ("an unknown layer", ["step", "--arch", "VGG16", "--layer", "block4_conv9"], USAGE, ["block4_conv"]),
        ("the input", ["step", "--arch", "VGG16", "--layer", "input_layer"], USAGE, ["input"]),
        ("a filter too many", STEP + ["--filter", "128"], USAGE, ["128", "127"]),
        ("no number", STEP + ["--filter", "two"], USAGE, ["two"]),
        ("an empty size", STEP + ["--size", "0"], USAGE, ["size", "0"]),
        ("no value", ["step", "--size"], USAGE, ["size", "no value"]),
        ("an unknown backend", STEP + ["--gemm", "abacus"], USAGE, ["abacus", "openblas"]),
        ("an unknown instruction set", STEP + ["--isa", "mmx"], USAGE, ["mmx", "avx2"]),
        ("an unknown precision", STEP + ["--precision", "bf8"], USAGE, ["bf8", "bf16"]),
        ("bfloat16 without its instructions", STEP + ["--precision", "bf16", "--isa", "avx2"], FAILED,
         ["bf16", "avx2", "AVX512-BF16"]),
        ("a table beside an object", STEP + ["--json", "--profile"], USAGE, ["--profile"]),
        ("two networks", STEP + ["--model", "x.h5"], USAGE, ["--model"]),
        ("half a shape", ["gemm", "64", "32"], USAGE, ["M N K"]),
        ("too many numbers", ["gemm", "1", "2", "3", "4"], USAGE, ["4"]),
        ("a number too many", ["step", "7"], USAGE, ["7"]),
        ("no such file", ["step", "--model", "none.h5", "--layer", "x"], FAILED, ["none.h5"]),
        ("a size too large", STEP + ["--size", "1x100000"], USAGE, ["size"]),
    ]
    for name, options, code, words in cases:
        result = run(options)
        lines = result.err.splitlines()
        check(f"{name}: exit {code}", result.code == code, result)
        check(f"{name}: one line", len(lines) == 1 and lines[0].startswith("convviz-bench: ") and not result.out,
              result)
        check(f"{name}: says {words}", all(word in result.err for word in words), result)


def information():
    result = run(["--help"])
    check("help: exit 0", result.code == 0 and not result.err, result)
    for word in ("step", "gemm", "kernels", "--arch", "--layer", "--profile", "--json", "--isa"):
        check(f"help: names {word}", word in result.out, result)
    check("help: also behind a command", run(["step", "--help"]).out == result.out)
    result = run(["--version"])
    check("version", result.code == 0 and result.out.startswith("convviz-bench ") and not result.err, result)
    result = call(["sh", "-c", 'exec "$0" --help > /dev/full', PROGRAM])
    check("a full disk fails", result.code == FAILED and len(result.err.splitlines()) == 1, result)


objects()
tables()
uneven_ranks()
refusals()
information()
finish()
