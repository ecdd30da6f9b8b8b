"""When the submission scripts queue a job again, with programs in place of mpirun and Slurm's that only play their part.

Called as requeue.py --source DIR; prints a line per check and exits 1 if one failed. (A real Slurm: slurm.py.)
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--source", required=True)
scripts = pathlib.Path(parser.parse_args().source).resolve() / "slurm"
failures = 0

# exit code of mpirun, state of the job, SLURM_RESTART_COUNT (None: not set), seconds that it ran, queued again?
CASES = [(0, "RUNNING", None, 0, False), (1, "RUNNING", None, 0, False), (2, "RUNNING", 3, 0, False),
         (75, "RUNNING", None, 0, True), (75, "RUNNING", 1000, 0, True), (75, "COMPLETING", 0, 0, False),
         (205, "RUNNING", None, 0, True), (205, "RUNNING", 4, 0, True), (205, "RUNNING", 5, 0, False),
         (205, "RUNNING", 5, 700, True), (205, "CANCELLED", 0, 700, False)]


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def ends(folder, script, code, state, restarts, seconds):
    """Exit code, and what scontrol was told."""
    told = folder / "told"
    told.unlink(missing_ok=True)
    program(folder, "mpirun", f"exit {code}")
    program(folder, "squeue", f"echo {state}")
    program(folder, "scontrol", f"echo \"$@\" >> {told}")
    environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", SLURM_JOB_ID="17", SLURM_ARRAY_TASK_ID="2",
                       SECONDS=str(seconds))
    environment.pop("SLURM_RESTART_COUNT", None)
    if restarts is not None:
        environment["SLURM_RESTART_COUNT"] = str(restarts)
    words = {"job.sh": ["job.ini"], "array.sh": ["3", str(folder / "out"), "job.ini"]}[script]
    done = subprocess.run(["bash", str(scripts / script), *words], env=environment, capture_output=True, timeout=60)
    return done.returncode, told.read_text(encoding="utf-8") if told.exists() else ""


with tempfile.TemporaryDirectory(prefix="convviz-requeue-") as scratch:
    for script in ("job.sh", "array.sh"):
        for code, state, restarts, seconds, again in CASES:
            found = ends(pathlib.Path(scratch), script, code, state, restarts, seconds)
            holds = found == (code, "requeue 17\n" if again else "")
            failures += not holds
            print(f"{'ok    ' if holds else 'FAIL  '}{script}: exit {code} of a job {state} that was queued again "
                  f"{restarts} times and ran {seconds} s: {'queued again' if again else 'stays'}"
                  f"{'' if holds else f': {found}'}")
print(f"{failures} failures")
sys.exit(bool(failures))
