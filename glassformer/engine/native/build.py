"""Compile the fast engine's library: `python -m glassformer.engine.native.build`. Installing the package does the same.

It needs a C++17 compiler, which the variable CXX may name, and the standard library, nothing else. kernels.cpp is
compiled once for each instruction set of the processors that the compiler compiles for; the library chooses among them
when it runs.

What only compiling needs is imported there: `library.py` asks this file for a name at every start.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).parent
LIBRARY = "libglassformer.so"
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-fno-math-errno", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra")
AVX512 = ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma", "-mprefer-vector-width=512")
KERNELS = {  # the flags of each instruction set, by kind of processor
    "x86_64": {
        "amx": (*AVX512, "-mamx-tile", "-mamx-int8"),  # what is no product is the same
        "avx512": AVX512,
        "avxvnni": ("-mavx2", "-mfma", "-mavxvnni"),
        "avx2": ("-mavx2", "-mfma"),
        "portable": (),
    },
    "aarch64": {"dotprod": ("-march=armv8.2-a+dotprod",), "portable": ()},
}  # fmt: skip


class BuildError(Exception):
    """The library cannot be built here; the message says why."""


def build(library: Path = SOURCES / LIBRARY, extra: Sequence[str] = ()) -> Path:
    """Compile and link the library, with `extra` flags; BuildError if there is no compiler or it fails."""
    import shlex
    import tempfile
    from concurrent.futures import ThreadPoolExecutor

    compiler = shlex.split(os.environ.get("CXX", "")) or [_compiler()]
    machine = _run([*compiler, "-dumpmachine"]).partition("-")[0]  # that it compiles for, which may be another one
    kernels = KERNELS.get({"arm64": "aarch64"}.get(machine, machine), {"portable": ()})
    jobs: dict[str, tuple[str, tuple[str, ...]]] = {}
    for path in SOURCES.glob("*.cpp"):
        if path.stem != "kernels":
            jobs[f"{path.stem}.o"] = path.name, (f'-DGLASSFORMER_INTERFACE="{interface()}"',)
    for name, flags in kernels.items():
        jobs[f"kernels_{name}.o"] = "kernels.cpp", (f"-DKERNELS=kernels_{name}", f'-DNAME="{name}"', *flags)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:

        def compile_one(job: tuple[str, tuple[str, tuple[str, ...]]]) -> None:
            output, (source, flags) = job
            _run([*compiler, *FLAGS, *flags, *extra, "-c", str(SOURCES / source), "-o", str(Path(folder, output))])

        list(pool.map(compile_one, jobs.items()))
        objects = [str(Path(folder, output)) for output in jobs]
        made = library.with_name(f".{library.name}.partial")
        _run([*compiler, "-shared", "-pthread", *extra, *objects, "-o", str(made)])
        made.replace(library)
    return library


def interface() -> str:
    """What tells one form of the C interface from another: a hash of its header."""
    return hashlib.sha256((SOURCES / "interface.h").read_bytes()).hexdigest()[:16]


def _compiler() -> str:
    import shutil

    for name in ("c++", "g++", "clang++"):
        if path := shutil.which(name):
            return path
    raise BuildError("no C++ compiler (c++, g++ or clang++, or the variable CXX)")


def _run(command: list[str]) -> str:
    """What the command says; BuildError where it cannot be run or fails."""
    import shlex
    import subprocess

    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except OSError as error:
        raise BuildError(f"{command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{shlex.join(command)}\n{error.stderr}") from error


if __name__ == "__main__":
    try:
        print(build(extra=sys.argv[1:]))
    except BuildError as error:
        sys.exit(f"The fast engine was not built: {error}")
