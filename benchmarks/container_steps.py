"""Run the Containerfile's steps where no builder is at hand, and the server as the container would.

    python benchmarks/container_steps.py MODEL [--torch-index URL]

Root only. The root file system of this machine, with a layer over it that is thrown away, stands in for the base image,
so it must be a Debian with Python. Each RUN and COPY is done there; then the layer is made read-only, with a /tmp of
its own, and ENTRYPOINT runs on MODEL as the image's user without any capability. Exit status 0 if its health check
passes, it translates, can write nothing elsewhere, and ends in order at SIGTERM.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PORT = 8000
PATIENCE = 120.0  # seconds for the health check to pass


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction of the Containerfile and its arguments, continued lines joined."""
    text = "\n".join(line for line in (ROOT / "Containerfile").read_text().splitlines() if not line.startswith("#"))
    for line in filter(None, text.replace("\\\n", " ").split("\n")):
        name, _, rest = line.strip().partition(" ")
        yield name, rest.strip()


class Machine:
    """This machine's root with a layer over it, in a mount namespace of its own (`unshare`)."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        layer = folder / "layer"
        self.root.mkdir()
        layer.mkdir()
        mount("-t", "tmpfs", "layer", layer)  # not on the disk, whose own root lies below
        (layer / "upper").mkdir()
        (layer / "work").mkdir()
        layers = f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work"
        mount("-t", "overlay", "root", "-o", layers, self.root)
        for name in ("proc", "dev"):
            mount("--bind", f"/{name}", self.root / name)
        self.environment = dict(os.environ) | {"PYTHONPATH": ""}
        self.directory = "/"
        self.user = ""

    def run(self, command: str) -> None:
        """One RUN, as the shell reads it."""
        print(f"RUN {command}", flush=True)
        subprocess.run(self.inside("/bin/sh", "-ec", command), env=self.environment, check=True)

    def copy(self, arguments: str) -> None:
        """One COPY from the sources."""
        *sources, target = shlex.split(arguments)
        into = self.root / self.directory.lstrip("/") / target
        for source in sources:
            hidden = shutil.ignore_patterns("node_modules", "__pycache__", "*.so")  # as .containerignore says
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=hidden)
            else:
                shutil.copy(ROOT / source, into)

    def inside(self, *command: str) -> list[str]:
        """The command in this root and directory, as the user of the image."""
        user = [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--bounding-set=-all"]
        prefix = ["setpriv", *user, "--no-new-privs"] if self.user else []
        enter = ["chroot", str(self.root), "/usr/bin/env", "-C", self.directory]
        return [*enter, *prefix, *command]

    def seal(self) -> None:
        """Let nothing be written from now on but to a /tmp of its own."""
        (self.root / "root").chmod(0o711)  # where this machine's Python may be
        mount("-o", "remount,bind,ro", self.root)
        mount("-t", "tmpfs", "-o", "mode=1777", "tmp", self.root / "tmp")


def mount(*arguments: object) -> None:
    """mount(8); an error ends the program."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def build(machine: Machine, torch_index: str) -> dict[str, list[str]]:
    """Do all steps; what the last stage says of how it is run."""
    said: dict[str, list[str]] = {}
    for name, rest in instructions():
        if name == "RUN":
            machine.run(rest)
        elif name == "COPY" and not rest.startswith("--from"):  # the stages are one here
            machine.copy(rest)
        elif name == "WORKDIR":
            machine.directory = rest
            (machine.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "ARG":
            key, _, value = rest.partition("=")
            machine.environment[key] = torch_index if key == "TORCH_INDEX" else value
        elif name == "ENV":
            for key, _, value in (pair.partition("=") for pair in rest.split()):
                machine.environment[key] = value.replace("$PATH", machine.environment["PATH"])
        elif name == "USER":
            said[name] = [rest.partition(":")[0]]
        elif name in ("ENTRYPOINT", "HEALTHCHECK"):
            said[name] = json.loads(rest[rest.index("[") :])
    return said


def check(machine: Machine, said: dict[str, list[str]], model: Path) -> bool:
    """Whether the server works as its container would."""
    inside = machine.root / "models"
    inside.mkdir()
    mount("--bind", "-o", "ro", model, inside)
    machine.seal()
    machine.user = said["USER"][0]
    server = subprocess.Popen(machine.inside(*said["ENTRYPOINT"], "/models"), env=machine.environment)
    try:
        healthy = wait_until_healthy(machine, said["HEALTHCHECK"])
        written = subprocess.run(machine.inside("touch", "/opt/glassformer/x"), capture_output=True, check=False)
        body = json.dumps({"text": "We are friends"}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/v1/translate", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = json.load(answer)["translations"][0]["text"]
    finally:
        server.terminate()
        status = server.wait(60)
    print(f"healthy: {healthy}; writes: {written.returncode == 0}; translates: {text}; status after SIGTERM: {status}")
    return healthy and written.returncode != 0 and bool(text) and status == 0


def wait_until_healthy(machine: Machine, command: list[str]) -> bool:
    """Whether the health check passes in the end."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (
            subprocess.run(
                machine.inside(*command), env=machine.environment, capture_output=True, check=False
            ).returncode
            == 0
        ):
            return True
        time.sleep(1)
    return False


def main() -> int:
    """In a mount namespace of its own, so that nothing is left of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--torch-index", default="https://download.pytorch.org/whl/cpu")
    parser.add_argument("--unshared", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.unshared:
        return subprocess.run(["unshare", "--mount", sys.executable, *sys.argv, "--unshared"], check=False).returncode
    with tempfile.TemporaryDirectory(prefix="container-") as folder:
        machine = Machine(Path(folder))
        try:
            good = check(machine, build(machine, options.torch_index), options.model.resolve())
        finally:
            subprocess.run(["umount", "--recursive", "--lazy", folder + "/root", folder + "/layer"], check=False)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
