"""What the tests of the command line share: running the program, checking, and small files to feed it.

Each script is called as NAME.py --program PATH --source DIR [--mutate PATH], prints a line per check and exits 1 if one
failed. Only the standard library and the HDF5 tools are needed.
"""
import argparse
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib

os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--mutate", help="convviz-mutate; default: where the build puts it")
parser.add_argument("--embedded", help="convviz-embedded, for tests/parity/inputs.py")
arguments = parser.parse_args()

PROGRAM = str(pathlib.Path(arguments.program).resolve())
SOURCE = pathlib.Path(arguments.source).resolve()
MUTATE = arguments.mutate or str(pathlib.Path(PROGRAM).parent.parent / "tests/convviz-mutate")
MODEL = str(SOURCE / "weights/inception_v3_imagenet_mixed5.h5")
TIMEOUT = 180
FAILED, USAGE = 1, 2
STOPPED = 75  # how a job ends that goes on with --resume
RGB = 2  # of PNG

failures = 0


def check(name, holds, detail=""):
    """Prints the outcome of a check; true if it holds."""
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"), flush=True)
    return bool(holds)


def skip(name, why):
    print(f"skip  {name}: {why}", flush=True)


def finish():
    print(f"{failures} failures")
    sys.exit(bool(failures))


class Ended:
    """Exit code and output of a run; code None if it did not end."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}, stdout {self.out[-300:]!r}, stderr {self.err[-900:]!r}"

    def ours(self):
        """The lines of stderr that the program's errors have."""
        return [line for line in self.err.splitlines() if line.startswith("convviz-mpi: ")]


def text(data):
    return (data or b"").decode("utf-8", "replace")


def environment_of(command):
    """Leaks are looked for under mpirun: at the end of a program that MPI has started by itself the sanitizer's tracer
    dies now and then."""
    if command[0] != PROGRAM:
        return dict(os.environ)
    return dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def call(command, preexec=None, cwd=None):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, preexec_fn=preexec, cwd=cwd, env=environment_of(command))
    except subprocess.TimeoutExpired as late:
        return Ended(None, text(late.stdout), text(late.stderr))
    return Ended(done.returncode, text(done.stdout), text(done.stderr))


def run(options, ranks=0, wrapper=(), preexec=None, cwd=None):
    """One run of the program; without mpirun if `ranks` is 0."""
    launcher = ["mpirun", "--oversubscribe", "-np", str(ranks)] if ranks else []
    return call(launcher + list(wrapper) + [PROGRAM] + [str(option) for option in options], preexec, cwd)


def start(options, ranks=0, wrapper=(), environment=None, command=None):
    """A run that goes on beside the test; `command` in place of mpirun."""
    launcher = command or (["mpirun", "--oversubscribe", "-np", str(ranks)] if ranks else [])
    whole = launcher + list(wrapper) + [PROGRAM] + [str(option) for option in options]
    return subprocess.Popen(whole, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(environment_of(whole), **(environment or {})))


def end(process):
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Ended(None, text(out), text(err))
    return Ended(process.returncode, text(out), text(err))


def ranks_of(process):
    """Process numbers of the ranks that an mpirun has started; the program itself without one."""
    if process.args[0] == PROGRAM:
        return [process.pid]
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
            if parent == process.pid and os.readlink(entry.parent / "exe") == PROGRAM:
                found.append(int(entry.parent.name))
        except (OSError, IndexError):
            continue
    return sorted(found)


def until(condition, seconds=60):
    """Waits; false if it did not come true."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.005)
    return True


def mutate(path, *operation):
    """Changes an HDF5 file; see mutate.c."""
    done = call([MUTATE, str(path)] + [str(word) for word in operation])
    if done.code:
        sys.exit(f"{MUTATE} {path} {operation}: {done}")
    return done.out


def files(folder):
    """Relative path -> bytes of every file below a folder, but for the one that tells seconds: they differ each time."""
    folder = pathlib.Path(folder)
    found = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    found.pop("site/times.js", None)
    return found


def compare(title, found, whole):
    differ = sorted(path for path in found.keys() | whole.keys() if found.get(path) != whole.get(path))
    check(f"{title}: the bytes of an undisturbed run", found and not differ, differ)


def same(title, out, whole):
    compare(title, files(out), whole)


def render(out, options, ranks=0, code=0):
    """Runs into `out` and gives its files."""
    result = run(options + ["--out", out], ranks)
    check(f"{out.name}: ends with {code}", result.code == code, result)
    return files(out)


def in_pieces(scratch, name, options, whole):
    """A job that is stopped again and again and goes on with other numbers of ranks leaves what one run leaves."""
    codes = []
    while not codes or (codes[-1] == STOPPED and len(codes) < 60):
        codes.append(run(options + ["--out", scratch / f"{name}-pieces", "--resume", "--max-time", "0.01s"],
                         2 if len(codes) == 1 else 0).code)
    check(f"{name}: it was stopped, and ended", codes.count(STOPPED) >= 3 and codes[-1] == 0, codes)
    compare(f"{name}: after stops", files(scratch / f"{name}-pieces"), whole)


def in_shards(scratch, name, options, whole, ranks=(0, 0)):
    """So do shards that are joined, one for each of the numbers of ranks. They are NAME-part1 ..., NAME-merged."""
    parts = [scratch / f"{name}-part{i + 1}" for i in range(len(ranks))]
    for i, part in enumerate(parts):
        render(part, options + ["--shard", f"{i + 1}/{len(parts)}"], ranks[i])
    told = run(["--merge", *parts, "--out", scratch / f"{name}-merged", "--quiet"])
    check(f"{name}: merge ends well", told.code == 0, told)
    compare(f"{name}: shards joined", files(scratch / f"{name}-merged"), whole)


def events(log):
    """The lines of --log; none if it is not there, as after a job that had nothing to do."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def manifest(folder):
    return json.loads((pathlib.Path(folder) / "manifest.json").read_text(encoding="utf-8"))


def dataset(path, name, scratch, part=()):
    """The bytes of a dataset, little-endian; `part` are further arguments of h5dump."""
    target = pathlib.Path(scratch) / "dump.bin"
    target.unlink(missing_ok=True)
    done = call(["h5dump", "-d", name, *part, "-b", "LE", "-o", str(target), str(path)])
    if done.code or not target.exists():
        return f"h5dump: {done}".encode()
    return target.read_bytes()


def floats(data):
    return struct.unpack(f"<{len(data) // 4}f", data[: len(data) // 4 * 4])


def to_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def png_size(path):
    """(width, height, bits, colour type) of a PNG."""
    head = pathlib.Path(path).read_bytes()[:26]
    if head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        return None
    return struct.unpack(">IIBB", head[16:26])


def write_png(path, height, width, samples, kind=RGB, bits=8, palette=b""):
    """A picture of any kind of pixel; its samples are big-endian."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = len(samples) // height
    rows = b"".join(b"\0" + samples[y * row:(y + 1) * row] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pathlib.Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
                                   (chunk(b"PLTE", palette) if palette else b"") + chunk(b"IDAT", zlib.compress(rows)) +
                                   chunk(b"IEND", b""))


def png_chunks(path):
    """[(kind, data)] of a PNG; None if it is none, or a checksum is wrong."""
    data = pathlib.Path(path).read_bytes()
    found, at = [], 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body, checksum = data[at + 8:at + 8 + length], struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        if zlib.crc32(kind + body) != checksum:
            return None
        found.append((kind.decode(), body))
        at += 12 + length
    return found if data[:8] == b"\x89PNG\r\n\x1a\n" else None


def unfilter(data, width, height, pixel):
    """The rows of a picture whose rows are filtered (PNG specification, 9); `pixel` is the bytes of one."""
    row = width * pixel
    rows, before = [], bytes(row)
    for y in range(height):
        kind, line = data[y * (row + 1)], bytearray(data[y * (row + 1) + 1:(y + 1) * (row + 1)])
        for i in range(row):
            a, b, c = (line[i - pixel] if i >= pixel else 0), before[i], (before[i - pixel] if i >= pixel else 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) % 256
        before = bytes(line)
        rows.append(before)
    return rows


def option_rows():
    """(name, kind, flags, low, high) of every row of options.def."""
    table = (SOURCE / "src/job/options.def").read_text(encoding="utf-8")
    pattern = r'^X\(\w+, "([^"]+)", (\w+), (?:NULL|"[^"]*"), "[^"]*", \w+,\s+([A-Z0 |]+), ([^,]+), ([^,]+),'
    rows = [(name, kind, set(flags.split(" | ")) - {"0"}, low, high)
            for name, kind, flags, low, high in re.findall(pattern, table, re.M)]
    count = len(re.findall(r"^X\(", table, re.M))
    if len(rows) != count:
        sys.exit(f"options.def has {count} rows, {len(rows)} of which were understood")
    return rows


def left_running(word):
    """Command lines with `word` of processes that still run."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if word in line and PROGRAM in line and int(entry.parent.name) != os.getpid():
            found.append(line)
    return found


def scratch_folder():
    return tempfile.TemporaryDirectory(prefix="convviz-cli-")
