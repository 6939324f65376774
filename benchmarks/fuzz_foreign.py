"""Readers of other programs' models for fuzz.py: each file of small models of every format, and the server's keys."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassformer import Translator
from glassformer.interop import export_model, import_model
from glassformer.serving.keys import Keys

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from tests.interop.test_checkpoints import fair, joey  # noqa: E402 (found by the line above)

Read = Callable[[Path], Any]


def foreign_readers(run: Path, folder: Path) -> dict[str, tuple[Read, bytes, str]]:
    """By name what reads a file, a whole file of the kind, and its suffix."""
    ours = Translator.load(run)
    for to in ("hf", "torch"):
        export_model(ours, to, folder / to, sentences=["a b"])
    fair(folder / "fairseq")
    joey(folder / "joeynmt")
    for kind in ("words", "pieces"):
        shutil.copytree(ROOT / "tests/interop/marian" / kind, folder / kind)
        (folder / kind / "said.json").unlink()
    models = [folder / name for name in ("hf", "torch", "fairseq", "joeynmt", "words", "pieces")]
    files = [
        path
        for model in models
        for path in sorted(model.iterdir())
        if path.name not in ("glassformer.json", "README.md", "run.py")
    ]
    found = {f"{one.parent.name}/{one.name}": (_of_model(one), one.read_bytes(), one.suffix) for one in files}
    return found | {"keys": (Keys.read, b"alice\t" + b"0" * 64 + b"\nbob\t" + b"1" * 64 + b"\t60\n", ".tsv")}


def _of_model(file: Path) -> Read:
    """Imports the file's model with another file in its place, and translates."""
    original = file.read_bytes()

    def read(path: Path) -> None:
        try:
            shutil.copyfile(path, file)
            translator = import_model(file.parent, file.parent.parent / "imported", force=True)
            translator.translate(["a b", "the cat"], beam=1, max_length=4, to=next(iter(translator.targets), None))
        finally:
            file.write_bytes(original)

    return read
