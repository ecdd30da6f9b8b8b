"""Checks with a line each, counted."""
import sys

failures = 0


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"), flush=True)


def end():
    print(f"{failures} failures")
    sys.exit(bool(failures))
