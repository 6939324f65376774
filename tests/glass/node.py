"""The page's own TypeScript, run in Node: what it computes, without a browser.

The page's esbuild bundles a driver of `web/test`. Without Node or the page's packages the tests are skipped; where
GLASSFORMER_NEEDS_BROWSER is set, they fail.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .browser import WEB, lacking


def bundled(driver: str, folder: Path) -> Callable[[Any], Any]:
    """A function of JSON values that runs the driver, which reads its input from stdin and writes to stdout."""
    node, esbuild = shutil.which("node"), WEB / "node_modules" / ".bin" / "esbuild"
    if node is None or not esbuild.exists():
        lacking("Node or the page's packages are missing")
    program = folder / f"{driver}.mjs"
    options = ["--bundle", "--platform=node", "--format=esm", "--log-level=error", f"--outfile={program}"]
    subprocess.run([esbuild, WEB / "test" / f"{driver}.ts", *options], check=True)

    def run(document: Any) -> Any:
        done = subprocess.run([node, program], input=json.dumps(document).encode(), check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    return run
