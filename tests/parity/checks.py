"""What the tests against Keras share: their arguments, and checks with a line each, counted.

Import it before Keras and TensorFlow, which read the environment that is set here.
"""
import argparse
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")

counts = {True: 0, False: 0}


def begin(*needed, more=None):
    """The arguments --NAME of `needed`, and those that more(parser) adds. `source` is the project, whose tests/model can
    be imported from then on; `work` is a folder, which is made."""
    parser = argparse.ArgumentParser()
    for name in needed:
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path if name in ("source", "work") else str)
    if more:
        more(parser)
    arguments = parser.parse_args()
    if "source" in needed:
        sys.path.insert(0, str(arguments.source / "tests/model"))
    if "work" in needed:
        arguments.work.mkdir(parents=True, exist_ok=True)
    return arguments


def check(name, holds, detail=""):
    """Prints the outcome of a check; true if it holds."""
    holds = bool(holds)
    counts[holds] += 1
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds or not detail else f": {detail}"), flush=True)
    return holds


def end():
    """Nothing checked is a failure as well."""
    print(f"{counts[True]} passed, {counts[False]} failed")
    sys.exit(counts[False] > 0 or not counts[True])
