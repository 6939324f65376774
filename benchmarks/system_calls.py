"""Trace the system calls of commands: which sockets they open, and where they write.

    python benchmarks/system_calls.py [--works train,quickstart,...]

A small training, a short quickstart, `translate`, `explain --page` and `serve` with one request run under strace, each
with a home, a temporary folder and a current folder of its own, which are no outputs. Prints for each how many files it
opened to read and to write, its sockets, and what it wrote outside of run, store and named outputs. The exit status is
1 for a network's socket (but for the one that `serve` listens on) and for a file outside.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from failing_calls import TINY
from faults import SETTINGS, fresh

CALLS = "socket,connect,bind,open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,symlink,link"
PORT = 18731
QUICK = f"""import sys
from glassformer.cli import main
from glassformer.quickstart import recipe
recipe.RECIPES["names"] = {{**recipe.RECIPES["names"], **{TINY!r}}}
sys.exit(main(sys.argv[1:]))"""  # the quickstart of the names, of a few updates
WROTE = re.compile(r"^(creat|rename|unlink|mkdir|symlink|link)|[,|] ?(O_WRONLY|O_RDWR|O_CREAT)")
NAMED = re.compile(r'(?:<([^>]*)>, )?"([^"]*)"')  # a name, after the folder that it is in where the call says so
HARMLESS = "/dev/null", "/dev/shm/", "/proc/"
OF_OTHERS = (
    re.compile(  # in the temporary folder: what `tempfile` tries it by, torch, and the counts of a server's clients
        r"/home/([a-z0-9_]{8}$|torchinductor_\w+$|glassformer-serve-)"
    )
)


def traced(folder: Path, words: Sequence[str], code: Sequence[str], ask: bool = False) -> list[str]:
    """The lines that strace writes of a command."""
    log = folder / "strace.txt"
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("XDG_CACHE_HOME", None)
    command = ["strace", "-f", "-y", "-qq", "-s", "300", "-o", str(log), "-e", f"trace={CALLS}", sys.executable, *code]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen([*command, *words], cwd=home, env=environment, stdout=said, stderr=said)
        if ask:
            request()
            subprocess.run(["pkill", "-TERM", "-P", str(process.pid)], check=True)
        status = process.wait(timeout=600)
    if status:
        sys.exit(f"{shlex.join(words)}: status {status}: {(folder / 'said').read_text()[-500:]}")
    return log.read_text(errors="replace").splitlines()


def request() -> None:
    """Translate a sentence by the server, as soon as it is there."""
    body = urllib.request.Request(f"http://127.0.0.1:{PORT}/v1/translate", b'{"text": "a b"}',
                                  {"Content-Type": "application/json"})  # fmt: skip
    for _ in range(600):
        try:
            with urllib.request.urlopen(body) as answer:
                answer.read()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server did not answer")


def outside(lines: Sequence[str], home: Path, allowed: Sequence[Path]) -> list[str]:
    """The files that were written, made, renamed or removed in none of the `allowed` places."""
    found = set()
    for line in lines:
        call = line.split(maxsplit=1)[-1]
        if call.startswith(("socket", "connect", "bind")) or " = -1 " in call or not WROTE.search(call):
            continue
        for within, name in NAMED.findall(call):
            path = Path(os.path.normpath(home / within / name))
            harmless = str(path).startswith(HARMLESS) or OF_OTHERS.search(str(path))
            if not harmless and not any(path.is_relative_to(one) for one in allowed):
                found.add(f"{call.split('(')[0]} {path}")
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", default="train,quickstart,translate,explain,serve")
    works, broken = parser.parse_args().works.split(","), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        fresh(folder)
        work, module = folder / "work", ["-m", "glassformer"]
        (folder / "in.txt").write_text("a b\n")
        settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
        train = ["train", "--pairs", str(folder / "train.tsv"), "--out", str(work / "run"), "--device", "cpu", "--set",
                 f"store={work / 'store'}", *settings]  # fmt: skip
        cache, run = folder / "home/.cache/glassformer", str(work / "run")
        commands = {
            "train": (train, module, [work]),
            "quickstart": (
                ["quickstart", "--corpus", "names", "--out", str(work / "quick")],
                ["-c", QUICK],
                [work, cache.parent],
            ),
            "translate": (["translate", run, str(folder / "in.txt")], module, []),
            "explain": (["explain", run, "a b", "--html", str(work / "p.html")], module, [work]),
            "serve": (["serve", run, "--port", str(PORT)], module, []),
        }
        for key, (words, code, allowed) in commands.items():
            if key not in works and key != "train":
                continue
            lines = traced(folder, words, code, ask=key == "serve")
            opened = [line for line in lines if " open" in line and " = -1 " not in line]
            written = sum(bool(WROTE.search(line.split(maxsplit=1)[1])) for line in opened)
            sockets = [line.split(maxsplit=1)[1] for line in lines if re.search(r"\b(socket|connect|bind)\(", line)]
            network = [one for one in sockets if "AF_INET" in one]
            elsewhere = outside(lines, folder / "home", allowed)
            print(f"{key}: {len(opened) - written:,} files opened to read, {written:,} to write; sockets: "
                  f"{len(network)} of a network, {len(sockets) - len(network)} others; written elsewhere: "
                  f"{', '.join(elsewhere) or 'nothing'}", flush=True)  # fmt: skip
            if key == "serve":
                print(*network, sep="\n")
            broken += len(elsewhere) + (len(network) if key != "serve" else 0)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
