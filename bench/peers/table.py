"""Reads lines "PROGRAM<tab>NET LAYER SIZE<tab>JSON" and prints a markdown table of the medians over all rounds.

Usage: table.py FILE
"""
import collections
import json
import statistics
import sys


def read(path):
    """{network: {program: [object of each round]}}, in the order of the file."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            program, network, text = line.rstrip("\n").split("\t")
            found[network][program].append(json.loads(text))
    return found


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def median(objects, key):
    values = [item[key] for item in objects if item[key] is not None]
    return statistics.median(values) if values else float("nan")


def least(objects):
    return min(item["step_ms_min"] for item in objects)


def row(network, programs):
    ours, keras = programs["convviz"], programs["keras"]
    step, work, peak = (median(ours, key) for key in ("step_ms_median", "gflop_direct", "peak_gflops"))
    steady, written = median(keras, "step_ms_median"), median(keras, "as_written_ms")
    cells = [network, f"{step:.1f} ({least(ours):.1f})", f"{steady:.1f} ({least(keras):.1f})", f"{written:.1f}",
             f"{steady / step:.2f}", f"{written / step:.2f}",
             f"{work / step * 1e3 / peak:.2f}", f"{work / steady * 1e3 / peak:.2f}", f"{work:.2f}", f"{peak:.0f}",
             "none" if ours[0]["density"] is None else f"{median(ours, 'density'):.2f}"]
    return "| " + " | ".join(cells) + " |"


def main(path):
    found = read(path)
    first = next(iter(found.values()))
    ours, keras = first["convviz"][0], first["keras"][0]
    print(f"{processor()}, one core, {ours['isa']}, {ours['gemm']}; Keras {keras['keras']}, TensorFlow "
          f"{keras['tensorflow']}; medians over {len(first['keras'])} rounds of medians, in brackets the shortest "
          "step\n")
    print("| network, layer, size | ms | Keras ms | as written ms | Keras / ours | as written / ours | ours x FMA peak "
          "| Keras x FMA peak | GFLOP | peak GFLOP/s | density |")
    print("|---|" + "---|" * 10)
    for network, programs in found.items():
        if programs["convviz"] and programs["keras"]:
            print(row(network, programs))


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
