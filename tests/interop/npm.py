"""Packages of npm that read what is exported, where GLASSFORMER_NODE_MODULES names a directory that has them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def node_modules(*packages: str) -> Path:
    """The directory; the test is skipped where there is none, or no Node."""
    directory = os.environ.get("GLASSFORMER_NODE_MODULES")
    if not directory or not all((Path(directory) / package).is_dir() for package in packages):
        pytest.skip(f"needs `npm install {' '.join(packages)}` and its node_modules in GLASSFORMER_NODE_MODULES")
    if shutil.which("node") is None:
        pytest.skip("needs Node")
    return Path(directory)


def run_node(modules: Path, folder: Path, *lines: str, document: Any) -> Any:
    """What a program of these lines gives to `output`, of `input`."""
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(modules.resolve(), target_is_directory=True)
    program = folder / "program.mjs"
    reading = 'import { readFileSync } from "node:fs"; const input = JSON.parse(readFileSync(0, "utf8"));'
    writing = "const output = (value) => console.log(JSON.stringify(value));"
    program.write_text("\n".join([reading, writing, *lines]), encoding="utf-8")
    done = subprocess.run(["node", program], input=json.dumps(document).encode(), check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])
