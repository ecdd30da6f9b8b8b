"""The library as other programs use it: installed to a folder of its own, found by CMake and by pkg-config; the example
of docs/embedding.md built in C and in C++ and run; its picture has the bytes of convviz-mpi's. Man page and completion
too.

Usage: install.py --build DIR --source DIR --cmake PROGRAM --cc COMPILER
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
for name in ("build", "source", "cmake", "cc"):
    parser.add_argument(f"--{name}", required=True)
arguments = parser.parse_args()
SOURCE = pathlib.Path(arguments.source)
MODEL = str(SOURCE / "weights/inception_v3_imagenet_mixed5.h5")
failures = 0


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print(("ok    " if holds else "FAIL  ") + name + ("" if holds else f": {detail}"), flush=True)
    return bool(holds)


def run(*command, **more):
    """The output of a command that must end well."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **more)
    check(" ".join(pathlib.Path(str(word)).name for word in command[:3]), done.returncode == 0, done.stdout[-1500:])
    return done.stdout


def block(language):
    """The first block of that language in docs/embedding.md."""
    text = (SOURCE / "docs/embedding.md").read_text(encoding="utf-8")
    return re.search(rf"```{language}\n(.*?)```", text, re.S).group(1)


def headers(prefix, scratch):
    """They include nothing but each other and the standard, and please strict compilers."""
    found = sorted((prefix / "include").rglob("*.h"))
    check("headers are installed", {path.name for path in found} == {"convviz.h", "status.h"}, found)
    for path in found:
        named = re.findall(r'#include [<"]([^>"]+)', path.read_text())
        check(f"{path.name} includes no other", all(name.startswith("convviz/") or name in ("stddef.h", "stdint.h")
                                                    for name in named), named)
    strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I", prefix / "include"]
    (scratch / "header.c").write_text("#include <convviz/convviz.h>\nint main(void) { return 0; }\n")
    run(arguments.cc, "-std=c99", *strict, scratch / "header.c")
    if cxx():
        run(cxx(), "-std=c++11", *strict, "-x", "c++", scratch / "header.c")


def cxx():
    return shutil.which("c++") or shutil.which("g++")


def with_cmake(prefix, scratch):
    project = scratch / "project"
    project.mkdir()
    (project / "filter.c").write_text(block("c"))
    (project / "CMakeLists.txt").write_text(block("cmake"))
    run(arguments.cmake, "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER={arguments.cc}", "-DCMAKE_C_FLAGS=-Wall -Wextra -pedantic -Werror")
    run(arguments.cmake, "--build", project / "build")
    return project / "build/filter"


def flags(prefix):
    folder = next(path.parent for path in prefix.rglob("convviz.pc"))
    return run("pkg-config", "--cflags", "--libs", "convviz",
               env=os.environ | {"PKG_CONFIG_PATH": str(folder)}).split()


def with_pkg_config(prefix, scratch):
    (scratch / "filter.c").write_text(block("c"))
    run(arguments.cc, scratch / "filter.c", *flags(prefix), "-o", scratch / "filter_c")
    programs = [scratch / "filter_c"]
    if cxx():
        run(cxx(), "-std=c++11", "-Wall", "-Wextra", "-Werror", "-x", "c++", scratch / "filter.c", "-x", "none",
            *flags(prefix), "-o", scratch / "filter_cxx")
        programs.append(scratch / "filter_cxx")
    return programs


def pictures(prefix, scratch, programs):
    run(prefix / "bin/convviz-mpi", "--model", MODEL, "--layer", "conv2d_3", "--filters", 7, "--size", 100,
        "--iterations", 20, "--quiet", "--out", scratch / "atlas")
    wanted = (scratch / "atlas/layers/conv2d_3.png").read_bytes()
    for program in programs:
        picture = scratch / f"{program.name}.png"
        told = run(program, MODEL, "conv2d_3", 7, picture)
        check(f"{program.name} tells of it", re.search(r"50 x 50, (ok|weak), loss", told), told)
        check(f"{program.name}: the picture is convviz-mpi's", picture.exists() and picture.read_bytes() == wanted)
    failed = subprocess.run([programs[0], MODEL, "conv2d_99", "7", scratch / "none.png"], capture_output=True, text=True)
    check("the example tells of a mistake", failed.returncode == 1 and "closest: conv2d_9" in failed.stderr and
          not (scratch / "none.png").exists(), failed)


def documents(prefix, scratch):
    man = (prefix / "share/man/man1/convviz-mpi.1").read_text()
    completion = prefix / "share/bash-completion/completions/convviz-mpi"
    shown = re.findall(r"^  --([a-z0-9-]+)", run(prefix / "bin/convviz-mpi", "--help"), re.M)
    named = re.findall(r"^\\fB\\-\\-(\S+?)\\fR", man, re.M)
    check("the man page has every option of --help", [name.replace("\\", "") for name in named] == shown, named)
    words = run("bash", "-c", f"source {completion}; COMP_WORDS=(convviz-mpi --la); COMP_CWORD=1; _convviz_mpi; "
                "echo ${COMPREPLY[*]}").split()
    check("the completion completes", words == [f"--{name}" for name in shown if name.startswith("la")], words)


with tempfile.TemporaryDirectory(prefix="convviz-install-") as folder:
    here = pathlib.Path(folder)
    root = here / "root"
    run(arguments.cmake, "--install", arguments.build, "--prefix", root)
    headers(root, here)
    built = [with_cmake(root, here), *with_pkg_config(root, here)]
    pictures(root, here, [program for program in built if program.exists()])
    documents(root, here)
print(f"{failures} failures")
sys.exit(bool(failures))
