"""In and out: models of other programs, and ours for them. A format each in its file, with one table of names."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from glassformer.corpora import load_corpus
from glassformer.errors import InputError, UsageError
from glassformer.interop import (
    ctranslate2,
    fairseq,
    joeynmt,
    m2m100,
    marian,
    marian_archive,
    mbart,
    python_file,
    torch_transformer,
)
from glassformer.interop.directories import is_export, new_directory, read_object, write_mark
from glassformer.interop.proof import SENTENCES, OtherEngine, prove
from glassformer.interop.transformers_engine import TransformersEngine
from glassformer.model_directory import read_json
from glassformer.translator import Translator

__all__ = ["FORMATS", "SENTENCES", "export_model", "import_model"]


class Format(NamedTuple):
    """A format to export to: what writes it, and the engine that proves it, of an extra of that name."""

    extra: str
    library: str
    check: Callable[[Translator], None]
    write: Callable[[Translator, Path, bool], None]
    engine: Callable[[Path], OtherEngine]
    sentences: int = SENTENCES  # the most that it is proven on


FORMATS = {
    "hf": Format("hf", "transformers", marian.check, marian.write, TransformersEngine),
    "ctranslate2": Format(
        "ctranslate2", "ctranslate2", ctranslate2.check, ctranslate2.write, ctranslate2.CTranslate2Engine
    ),
    "torch": Format("", "torch", torch_transformer.check, torch_transformer.write, torch_transformer.TorchEngine),
    "python": Format("", "json", python_file.check, python_file.write, python_file.PythonEngine, python_file.SENTENCES),
}


Read = Callable[[Path], Translator]
READERS: dict[str, Read] = {  # by the model_type in config.json
    marian.KIND: marian.read,
    m2m100.KIND: m2m100.read,
    mbart.KIND: mbart.read,
    torch_transformer.KIND: torch_transformer.read,
}
ARCHIVES: dict[str, tuple[Callable[[Path], bool], Read]] = {  # of other kinds, each known by its files
    marian_archive.KIND: (marian_archive.is_there, marian_archive.read),
    joeynmt.KIND: (joeynmt.is_there, joeynmt.read),
    fairseq.KIND: (fairseq.is_there, fairseq.read),
}


def export_model(
    translator: Translator, to: str, out: Path, force: bool = False, sentences: Sequence[str] = (), int8: bool = False
) -> str:
    """Write the model to the directory `out` in another format; what was proven of it, in words.

    `sentences`: to prove it on; without any, sources of the built-in phrasebook. `int8`: weights of 8 bits. Raises
    UsageError for a model that the format cannot hold and an `out` that is there already, and InputError where the
    other program computes something else; then nothing is written.
    """
    one = FORMATS[to]
    if int8 and to != "ctranslate2":
        raise UsageError(f"--int8 is for ctranslate2; --to {to} writes float32")
    if to == "python" and out.suffix == ".py":
        raise UsageError(f"--out {out}: give a directory, which gets {python_file.CODE} and its {python_file.NUMBERS}")
    if translator.card.get("quantized"):
        raise InputError("the model is quantised already; export the one that it was made from")
    one.check(translator)
    with new_directory(out, force, is_export(out)) as directory:
        one.write(translator, directory, int8)
        write_mark(directory, to)
        if importlib.util.find_spec(one.library) is None:
            return f"not proven: {one.library} is not installed (pip install 'glassformer[{one.extra}]')"
        engine = one.engine(directory)
        forced = engine.next_tokens if int8 and isinstance(engine, ctranslate2.CTranslate2Engine) else None
        return str(prove(translator, engine, (list(sentences) or _built_in())[: one.sentences], forced))


def _built_in() -> list[str]:
    """Sources of the phrasebook's test pairs, in English, and of its validation pairs."""
    corpus = load_corpus("phrasebook", seed=1)
    return [pair.source for pair in [*corpus.test, *corpus.valid, *corpus.train]][:SENTENCES]


def import_model(path: Path, out: Path, force: bool = False) -> Translator:
    """Read a model of another program and write it to `out` as a model directory.

    Raises InputError for a format that is not known and files that do not fit together, and UsageError for an `out`
    that is there already.
    """
    with new_directory(out, force, _is_import(out)) as directory:
        translator = _reader_of(path)(path)
        translator.write(directory)
    return translator


def _reader_of(path: Path) -> Read:
    """What reads the model at a path; InputError where no format is known."""
    if not path.exists():
        raise InputError(f"{path}: no such directory; give one with config.json and model.safetensors")
    if read := next((read for is_there, read in ARCHIVES.values() if is_there(path)), None):
        return read
    kind = read_object(path, "config.json").get("model_type")
    if kind not in READERS:
        raise InputError(f"{path / 'config.json'}: model_type = {kind!r} is not known, only {', '.join(READERS)}")
    return READERS[kind]


def _is_import(directory: Path) -> bool:
    return (directory / "card.json").is_file() and "imported" in read_json(directory / "card.json")
