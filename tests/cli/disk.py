"""The place of the results goes away while a job runs: a clear line, exit 1, no rank left waiting, and nothing that was
finished is lost. (A full disk: errors.py.) See harness.py for how to call it.
"""
import pathlib
import shutil
import time

from harness import (FAILED, MODEL, call, check, end, files, finish, left_running, run, same, scratch_folder, skip, start,
                     until)

BASE = ["--model", MODEL, "--size", "80", "--save-raw"]
JOB = BASE + ["--layer", "conv2d_1,conv2d_5", "--filters", "0-11", "--iterations", "300"]
ENDLESS = BASE + ["--layer", "conv2d_5", "--iterations", "1000"]


def finished(out):
    """Bytes in the journal: some units are in it when there are many."""
    return sum(path.stat().st_size for path in out.glob("journal/*.journal"))


def begun(options, out):
    process = start(options + ["--out", out], 3)
    check("a job has finished units", until(lambda: process.poll() is not None or finished(out) > 300000) and
          process.poll() is None)
    return process


def failed(title, told, words):
    check(f"{title}: exit 1", told.code == FAILED, told)
    check(f"{title}: one line with {words}", len(told.ours()) == 1 and all(word in told.ours()[0] for word in words),
          told)


def removed(scratch):
    out = scratch / "removed"
    process = begun(JOB, out)
    shutil.rmtree(out)
    failed("the directory is removed", end(process), [str(out), "No such file"])
    out.mkdir()
    told = run(JOB + ["--out", out, "--resume"], 2)
    check("it starts anew", told.code == 0, told)
    return files(out)


def noticed_early(scratch):
    """When the journal is synced, and not only when a layer is written, which may be in hours."""
    out = scratch / "early"
    process = begun(ENDLESS, out)
    shutil.rmtree(out)
    began = time.monotonic()
    failed("the directory is removed long before a layer ends", end(process), [str(out), "journal", "No such file"])
    check("that is noticed within seconds", time.monotonic() - began < 30, time.monotonic() - began)


class Disk:
    """A file system of its own on a loop device, which turns read-only when its kernel meets an error."""

    def __init__(self, scratch):
        self.image, self.folder = scratch / "image", scratch / "disk"
        self.folder.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)

    def mount(self):
        return not call(["mount", "-o", "loop,errors=remount-ro", str(self.image), str(self.folder)]).code

    def make(self):
        return bool(shutil.which("mkfs.ext4")) and not call(["mkfs.ext4", "-q", str(self.image)]).code and self.mount()

    def break_it(self):
        device = call(["findmnt", "-no", "SOURCE", str(self.folder)]).out.strip()
        trigger = pathlib.Path("/sys/fs/ext4") / pathlib.Path(device).name / "trigger_fs_error"
        try:
            trigger.write_text("1")
        except OSError:
            return False
        return True

    def unmount(self):
        call(["umount", str(self.folder)])

    def again(self):
        self.unmount()
        return self.mount()


def read_only(scratch, whole):
    disk = Disk(scratch)
    if not disk.make():
        skip("a file system that turns read-only", "a loop device cannot be mounted here")
        return
    try:
        out = disk.folder / "out"
        process = begun(JOB, out)
        call(["sync", "--file-system", str(disk.folder)])  # as the job itself does every 5 s
        if not disk.break_it():
            skip("a file system that turns read-only", "the kernel has no way to cause an error of ext4")
            process.kill()
            end(process)
            return
        failed("the file system turns read-only", end(process), [str(disk.folder), "Read-only"])
        check("it is mounted again", disk.again())
        told = run(JOB + ["--out", out, "--resume"], 2)
        kept = [line for line in told.err.splitlines() if line.startswith("going on: ")]
        check("--resume ends the job and keeps what was finished", told.code == 0 and kept and
              int(kept[0].split()[2]) > 0, told)
        same("after the file system was read-only", out, whole)
    finally:
        disk.unmount()


with scratch_folder() as folder:
    place = pathlib.Path(folder)
    result = removed(place)
    noticed_early(place)
    read_only(place, result)
    check("no rank is left running", not left_running(folder), left_running(folder))
finish()
