"""Readers of other programs' models for fuzz.py: each file of small models of every format, and the server's keys."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import tokenizers

from glassformer import Translator
from glassformer.interop import export_model, import_model, tokenizer_json
from glassformer.serving.keys import Keys
from glassformer.text.tokenizer import Kind, Tokenizer

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from tests.interop import relatives  # noqa: E402 (found by the line above)
from tests.interop.models import ENGLISH  # noqa: E402
from tests.interop.test_checkpoints import fair, joey  # noqa: E402

Read = Callable[[Path], Any]
NOT_READ = (
    "glassformer.json",
    "README.md",
    "run.py",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
)


def foreign_readers(run: Path, folder: Path) -> dict[str, tuple[Read, bytes, str]]:
    """By name what reads a file, a whole file of the kind, and its suffix."""
    ours = Translator.load(run)
    for to in ("hf", "torch"):
        export_model(ours, to, folder / to, sentences=["a b"])
    fair(folder / "fairseq")
    joey(folder / "joeynmt")
    for make in (relatives.m2m100, relatives.nllb, relatives.mbart50, relatives.mbart25, relatives.bart):
        make(folder / make.__name__)
    _with_tokenizer_json(shutil.copytree(folder / "bart", folder / "bart-json"))
    for kind in ("words", "pieces"):
        shutil.copytree(ROOT / "tests/interop/marian" / kind, folder / kind)
        (folder / kind / "said.json").unlink()
    files = [path for path in sorted(folder.glob("*/*")) if path.name not in NOT_READ]
    found = {f"{one.parent.name}/{one.name}": (_of_model(one), one.read_bytes(), one.suffix) for one in files}
    for kind in get_args(Kind):
        tokenizer = Tokenizer.train(ENGLISH, 295, kind=kind)
        found[f"tokenizer.json of {kind}"] = _as_json, tokenizer.to_bytes(), ".spm"
    return found | {"keys": (Keys.read, b"alice\t" + b"0" * 64 + b"\nbob\t" + b"1" * 64 + b"\t60\n", ".tsv")}


def _with_tokenizer_json(directory: Path) -> None:
    """The vocabulary and the merges of a BART in one file, as its later models have them."""
    files = directory / "vocab.json", directory / "merges.txt"
    tokenizers.ByteLevelBPETokenizer(*map(str, files)).save(str(directory / "tokenizer.json"))
    for file in files:
        file.unlink()


def _as_json(path: Path) -> None:
    """Writes a tokenizer as the export to ONNX does."""
    tokenizer = Tokenizer.load(path)
    tokenizer_json.check(tokenizer)
    for target in (None, tokenizer):
        json.dumps(tokenizer_json.tokenizer_json(tokenizer, target))
        tokenizer_json.special_tokens(tokenizer, target)


def _of_model(file: Path) -> Read:
    """Imports the file's model with another file in its place, and translates."""
    original = file.read_bytes()

    def read(path: Path) -> None:
        try:
            shutil.copyfile(path, file)
            translator = import_model(file.parent, file.parent.parent / "imported", force=True)
            to = next(iter(translator.targets), None)
            if translator.source_tokenizer.is_two_sided:
                to = f"{to}-{to}"
            translator.translate(["a b", "the cat"], beam=1, max_length=4, to=to)
        finally:
            file.write_bytes(original)

    return read
