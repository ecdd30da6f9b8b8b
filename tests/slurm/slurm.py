"""slurm/ under a real Slurm: two nodes on this machine, with daemons, ports and directories of their own. Skipped aloud
where Slurm is not installed or does not start.

    slurm.py --program PATH --source DIR --work DIR
"""
import argparse
import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--work", required=True, help="a directory that this test may empty")
arguments = parser.parse_args()

PROGRAM = pathlib.Path(arguments.program).resolve()
SCRIPTS = pathlib.Path(arguments.source).resolve() / "slurm"
MODEL = SCRIPTS.parent / "weights/inception_v3_imagenet_mixed5.h5"
WORK = pathlib.Path(arguments.work).resolve()
NODES = ("n1", "n2")
LIMIT = 270  # seconds for all, below the limit that ctest has for this test
JOB = ["--model", MODEL, "--size", "80", "--save-raw", "--layer", "conv2d_1,conv2d_5", "--filters", "0-11",
       "--iterations", "1500"]
JOB = [str(word) for word in JOB]

failures = 0
daemons = {}


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"), flush=True)
    return bool(holds)


def skip(why):
    print(f"skipped: {why}", flush=True)
    sys.exit(0)


def marked(*also):
    """Processes that Slurm's daemons of this test, its jobs and their ranks are: all have its configuration in their
    environment, and nothing else has."""
    words = [f"SLURM_CONF={WORK}/slurm.conf".encode(), *also]
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if all(word in environment for word in words):
            found.append(int(entry.parent.name))
    return found


def kill_marked(*also):
    """Kills until none is left: what is killed may just have started another."""
    deadline = time.monotonic() + 10
    while (found := marked(*also)) and time.monotonic() < deadline:
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def guard():
    """A process that outlives this one, whatever ends it, and then kills what is left. Returns how to call it."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        if os.fork():
            os._exit(0)
        os.setsid()
        ours.close()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        theirs.recv(1)
        kill_marked()
        os._exit(0)
    os.waitpid(child, 0)
    theirs.close()

    def release():
        ours.shutdown(socket.SHUT_WR)
        ours.recv(1)

    return release


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def configure():
    shutil.rmtree(WORK, ignore_errors=True)
    for folder in ("state", "munge", *(f"spool.{node}" for node in NODES)):
        (WORK / folder).mkdir(parents=True, mode=0o755)
    words = {"HOST": socket.gethostname().split(".")[0], "USER": pwd.getpwuid(os.getuid()).pw_name, "FOLDER": WORK}
    words.update({f"PORT{i}": port for i, port in enumerate(free_ports(3))})
    configuration = (pathlib.Path(__file__).parent / "slurm.conf.in").read_text(encoding="utf-8")
    for word, value in words.items():
        configuration = configuration.replace(f"@{word}@", str(value))
    (WORK / "slurm.conf").write_text(configuration, encoding="utf-8")
    key = WORK / "munge/key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(name, command, **environment):
    with open(WORK / f"{name}.out", "ab") as log:
        daemons[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         env=dict(os.environ, **environment), preexec_fn=die_with_parent)


def start_node(node):
    start(node, ["slurmd", "-D", "-N", node], CONVVIZ_NODE=node)


def start_slurm():
    munge = WORK / "munge"
    start("munged", ["munged", "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={munge}/key",
                     f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed"])
    wait_for(lambda: (munge / "socket").exists(), 5)
    start("slurmctld", ["slurmctld", "-D", "-c"])
    for node in NODES:
        start_node(node)
    if not wait_for(nodes_ready, 20):
        logs = "".join((WORK / f"{name}.out").read_text(errors="replace")[-300:] for name in daemons)
        skip(f"Slurm does not start here: {logs}")


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


def command(*words):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, cwd=WORK)
    return done.stdout.decode("utf-8", "replace").strip()


def nodes_ready():
    return command("sinfo", "-h", "-N", "-o", "%T").split() == ["idle", "idle"]


def submit(script, options, words):
    answer = command("sbatch", "--parsable", *options, SCRIPTS / script, *words)
    if not answer.isdigit():
        sys.exit(f"sbatch {script}: {answer}")
    return answer


def submit_job(out, *options):
    return submit("job.sh", ["--ntasks-per-node=1", f"--output={out}.log", *options], [*JOB, "--out", out])


def state(job, field="JobState"):
    for word in command("scontrol", "show", "job", "-o", job).split():
        if word.startswith(field + "="):
            return word.split("=", 1)[1]
    return ""


def hurry(job):
    """Whether a job is over; one that was queued again need not wait its two minutes."""
    for entry in command("scontrol", "show", "job", "-o", job).splitlines():
        words = dict(word.split("=", 1) for word in entry.split() if "=" in word)
        if words["JobState"] == "PENDING" and words["Reason"] == "BeginTime":
            time.sleep(2)  # slurmd refuses a job in the second in which it ended it
            command("scontrol", "update", f"jobid={words['JobId']}", "starttime=now")
    return state(job) not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "")


def ranks_of(job):
    found = []
    for process in marked(f"SLURM_JOB_ID={job}".encode()):
        try:
            if os.readlink(f"/proc/{process}/exe") == str(PROGRAM):
                found.append(process)
        except OSError:
            pass
    return found


def under_way(job, out):
    """Waits until a job's ranks have finished some filters."""
    def finished():
        return sum(path.stat().st_size for path in (WORK / out / "journal").glob("*")) > 200000

    check(f"{out}: two ranks are under way", wait_for(finished, 60) and len(ranks_of(job)) == 2, state(job))


def is_asked_to_stop(process):
    """Whether SIGUSR1 waits for a process that is halted."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True
    pending = next(line for line in status.splitlines() if line.startswith("ShdPnd:"))
    return int(pending.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1


def submission():
    ends("whole", submit_job("whole"), "whole.log")


def time_limit(meanwhile):
    """Slurm looks at time limits every 30 s. So that the job is not over before, its ranks are halted until then."""
    job = submit_job("limited", "--time=1", "--signal=B:USR1@50")
    under_way(job, "limited")
    ranks = ranks_of(job)
    for rank in ranks:
        os.kill(rank, signal.SIGSTOP)
    meanwhile()
    check("limited: Slurm's signal comes to every rank", wait_for(lambda: all(map(is_asked_to_stop, ranks)), 60))
    for rank in ranks:
        os.kill(rank, signal.SIGCONT)
    ends("limited", job, "limited.log")
    check("limited: was queued again once", state(job, "Restarts") == "1", state(job, "Restarts"))
    same("limited")


def array():
    out = WORK / "joined"
    parts = submit("array.sh", ["--array=1-3", "--ntasks-per-node=1", f"--output={out}.%a.log"], ["3", out, *JOB])
    merge = submit("merge.sh", [f"--dependency=afterok:{parts}", f"--output={out}.log"], ["3", out])
    check("joined: waits for the parts", state(merge, "Reason") == "Dependency", state(merge, "Reason"))
    # One is stopped in the middle: the merge waits for it.
    wait_for(lambda: (WORK / "joined.parts/1/journal").exists(), 30)
    time.sleep(0.5)
    command("scancel", "--batch", "--signal=USR1", f"{parts}_1")
    wait_for(lambda: hurry(parts), 60)
    ends("joined", merge, "joined.log")
    same("joined")


def lost_node():
    job = submit_job("lost")
    under_way(job, "lost")
    # slurmd first, which would else tell Slurm of the deaths; then its steps with mpirun's daemon and the rank.
    daemons["n2"].kill()
    kill_marked(b"CONVVIZ_NODE=n2")
    kill_marked(b"SLURMD_NODENAME=n2")
    daemons["n2"].wait()
    check("lost: the job waits for a node", wait_for(lambda: state(job) == "PENDING", 30), state(job))
    start_node("n2")
    ends("lost", job, "lost.log")
    check("lost: was queued again", int(state(job, "Restarts") or 0) >= 1, state(job, "Restarts"))
    same("lost")


def cancelled():
    job = submit_job("cancelled")
    under_way(job, "cancelled")
    command("scancel", job)
    wait_for(lambda: hurry(job), 30)
    time.sleep(1)
    check("cancelled: stays so", state(job) == "CANCELLED", state(job))


def ends(name, job, log):
    wait_for(lambda: hurry(job), 60)
    return check(f"{name}: the job is completed", state(job) == "COMPLETED",
                 f"{state(job)}, {(WORK / log).read_text(errors='replace')[-1500:]}")


def same(out):
    def results(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
                if path.is_file() and path.suffix in (".h5", ".png")}

    whole = results(WORK / "whole")
    check(f"{out}: the bytes of a run that nobody disturbed", whole and results(WORK / out) == whole,
          f"{sorted(whole)}, {sorted(results(WORK / out))}")


if __name__ == "__main__":
    needed = ("slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "sinfo", "munged", "mpirun")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        skip(f"not installed: {' '.join(missing)}")
    os.environ.update(SLURM_CONF=f"{WORK}/slurm.conf", CONVVIZ_MPI=str(PROGRAM), OMPI_ALLOW_RUN_AS_ROOT="1",
                      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl_tcp_if_include="lo",
                      OMPI_MCA_oob_tcp_if_include="lo")
    signal.signal(signal.SIGALRM, lambda number, frame: sys.exit(f"not over after {LIMIT} s"))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("terminated"))
    signal.alarm(LIMIT)
    release = guard()
    try:
        configure()
        start_slurm()
        submission()
        time_limit(meanwhile=array)
        lost_node()
        cancelled()
    finally:
        release()
    sys.exit(bool(failures))
