"""Two hosts: namespaces with their own network, name, /tmp and /dev/shm, between which there is TCP and nothing else.

mpirun starts the ranks of the second one through a script in place of ssh. See harness.py for how to call it; exits 77
where namespaces are not permitted.
"""
import os
import pathlib
import shutil
import subprocess
import sys

from harness import (MODEL, PROGRAM, SOURCE, call, check, end, events, files, finish, left_running, of_kind, run, same,
                     scratch_folder, start, until)

SKIPPED = 77
NAMES, ADDRESSES = ("east", "west"), ("10.77.0.1", "10.77.0.2")
JOB = ["--model", MODEL, "--size", "80", "--save-raw", "--layer", "conv2d_1,conv2d_5", "--filters", "0-7"]
STEPS = ["--iterations", "200"]
WEIGHTS = 1 << 20  # bytes that only the mapping of the packed weights has


class Host:
    """Namespaces that live as long as their first process."""

    def __init__(self, name, scratch):
        """/tmp is a folder of its own in which only what the job needs of the real one is seen."""
        self.folder = scratch / name
        self.folder.mkdir()
        mounts = []
        for path in (SOURCE, pathlib.Path(PROGRAM).parent, scratch / "shared"):
            if path.parts[:2] == ("/", "tmp"):
                place = self.folder / path.relative_to("/tmp")
                mounts.append(f"mkdir -p '{place}' && mount --bind '{path}' '{place}'")
        mounts += [f"mount --rbind '{self.folder}' /tmp", "mount -t tmpfs none /dev/shm", f"hostname {name}",
                   "ip link set lo up", "echo ready", "exec sleep 600"]
        self.process = subprocess.Popen(["unshare", "--mount", "--net", "--uts", "sh", "-c", " && ".join(mounts)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ready = self.process.stdout.readline() == b"ready\n"

    def enter(self):
        return ["nsenter", "--target", str(self.process.pid), "--mount", "--net", "--uts", "--"]

    def end(self):
        self.process.kill()
        return self.process.communicate()[1].decode().strip()


def skip_all(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def become_root():
    """Without root a user namespace in which this is root may do."""
    if os.geteuid() == 0:
        return
    inside = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
    if call(inside + ["true"]).code:
        skip_all("namespaces are not permitted here")
    os.execvp(inside[0], inside + [sys.executable] + sys.argv)


def make_hosts(scratch):
    hosts = [Host(name, scratch) for name in NAMES]
    commands = [["ip", "link", "add", "cvz-east", "netns", str(hosts[0].process.pid), "type", "veth", "peer", "name",
                 "cvz-west", "netns", str(hosts[1].process.pid)]]
    for host, name, address in zip(hosts, NAMES, ADDRESSES):
        commands += [host.enter() + ["ip", "address", "add", f"{address}/24", "dev", f"cvz-{name}"],
                     host.enter() + ["ip", "link", "set", f"cvz-{name}", "up"]]
    for done in (call(command) if all(host.ready for host in hosts) else None for command in commands):
        if not done or done.code:
            skip_all(f"two hosts cannot be made here: {[host.end() for host in hosts]}, {done}")
    return hosts


def launcher(hosts, scratch, per_host):
    """mpirun on the first host, and on the second through a script that stands for ssh."""
    agent = scratch / "shared/agent.sh"
    agent.write_text(f"#!/bin/sh\n[ \"$1\" = {ADDRESSES[1]} ] || exit 1\nshift\n"
                     f"exec {' '.join(hosts[1].enter())} sh -c \"$*\"\n", encoding="utf-8")
    agent.chmod(0o755)
    return hosts[0].enter() + ["mpirun", "--oversubscribe", "--host",
                               ",".join(f"{address}:{per_host}" for address in ADDRESSES), "-np", str(2 * per_host),
                               "--mca", "plm_rsh_agent", str(agent), "--mca", "btl", "self,vader,tcp",
                               "--mca", "btl_tcp_if_include", "10.77.0.0/24", "--mca", "oob_tcp_if_include",
                               "10.77.0.0/24"]


def ranks_in(hosts):
    """Process numbers of the program by host."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            name = os.readlink(entry.parent / "ns/uts")
            if os.readlink(entry) == PROGRAM:
                found.setdefault(name, []).append(int(entry.parent.name))
        except OSError:
            continue
    return [found.get(os.readlink(f"/proc/{host.process.pid}/ns/uts"), []) for host in hosts]


def weights_of(pid):
    """(device, inode) of the files in shared memory that are large."""
    found = set()
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        words = line.split(maxsplit=5)
        first, last = (int(word, 16) for word in words[0].split("-"))
        if len(words) == 6 and words[5].startswith("/dev/shm/") and "s" in words[1] and "osc" in words[5]:
            if last - first >= WEIGHTS:
                found.add((words[3], words[4]))
    return found


def weights_once_per_host(hosts, log):
    """While the job runs: which memory its ranks share."""
    until(lambda: log.exists() and log.stat().st_size)
    by_host = ranks_in(hosts)
    check("two ranks on each host", [len(pids) for pids in by_host] == [2, 2], by_host)
    maps = [[weights_of(pid) for pid in pids] for pids in by_host]
    check("the ranks of a host share one copy of the weights", all(
        len(host) == 2 and host[0] == host[1] and len(host[0]) == 1 for host in maps), maps)
    check("the hosts have copies of their own", maps[0] and maps[1] and not maps[0][0] & maps[1][0], maps)


def job_on_two_hosts(hosts, scratch):
    told = run(JOB + STEPS + ["--out", scratch / "one"], 2)
    check("one host", told.code == 0, told)
    whole = files(scratch / "one")
    for schedule in ("static", "dynamic"):
        title, out = f"two hosts, {schedule}", scratch / "shared" / schedule
        log = scratch / f"shared/{schedule}.jsonl"
        process = start(JOB + STEPS + ["--out", out, "--log", log, "--schedule", schedule],
                        command=launcher(hosts, scratch, 2))
        if schedule == "static":
            weights_once_per_host(hosts, log)
        told = end(process)
        if not check(f"{title}: ends well", told.code == 0, told):
            continue
        same(title, out, whole)
        first, *others = events(log)
        check(f"{title}: the log counts two nodes", first["nodes"] == 2, first)
        check(f"{title}: the log names the hosts", [rank["host"] for rank in others[-1]["ranks"]] ==
              ["east", "east", "west", "west"] and {unit["host"] for unit in of_kind(others, "unit")} == set(NAMES),
              others[-1])


if not all(shutil.which(tool) for tool in ("ip", "unshare", "nsenter", "mpirun")):
    skip_all("ip, unshare, nsenter and mpirun are needed")
become_root()
with scratch_folder() as folder:
    place = pathlib.Path(folder)
    (place / "shared").mkdir()
    both = make_hosts(place)
    try:
        job_on_two_hosts(both, place)
    finally:
        for one in both:
            one.end()
    check("no rank is left running", until(lambda: not left_running(folder), 10), left_running(folder))
finish()
