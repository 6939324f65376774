"""In and out: models of other programs, and ours for them. A format each in its file, with one table of names."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from glassformer.corpora import load_corpus
from glassformer.errors import InputError, UsageError
from glassformer.interop import ctranslate2, marian, onnx, python_file, torch_transformer
from glassformer.interop.directories import is_export, new_directory, read_object, write_mark
from glassformer.interop.proof import SENTENCES, Int8Engine, OtherEngine, prove
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
    engine_int8: Callable[[Path], Int8Engine] | None = None  # of the weights of 8 bits, where it can have them
    sentences: int = SENTENCES  # the most that it is proven on
    both: bool = False  # whether it always writes float32 and int8


FORMATS = {
    "hf": Format("hf", "transformers", marian.check, marian.write, TransformersEngine),
    "ctranslate2": Format(
        "ctranslate2",
        "ctranslate2",
        ctranslate2.check,
        ctranslate2.write,
        ctranslate2.CTranslate2Engine,
        ctranslate2.CTranslate2Engine,
    ),
    "onnx": Format("onnx", "onnxruntime", onnx.check, onnx.write, onnx.OnnxEngine, onnx.QuantisedEngine, both=True),
    "torch": Format("", "torch", torch_transformer.check, torch_transformer.write, torch_transformer.TorchEngine),
    "python": Format(
        "", "json", python_file.check, python_file.write, python_file.PythonEngine, sentences=python_file.SENTENCES
    ),
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
    if int8 and (one.engine_int8 is None or one.both):
        raise UsageError(f"--int8 is for ctranslate2; --to {to} writes {'both' if one.both else 'float32'}")
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
        texts = (list(sentences) or _built_in())[: one.sentences]
        proofs = [] if int8 else [prove(translator, one.engine(directory), texts)]
        if one.engine_int8 and (int8 or one.both):
            rounded = one.engine_int8(directory)
            proofs.append(prove(translator, rounded, texts, rounded.next_tokens))
        return "\n".join(map(str, proofs))


def _built_in() -> list[str]:
    """Sources of the phrasebook's test pairs, in English, and of its validation pairs."""
    corpus = load_corpus("phrasebook", seed=1)
    return [pair.source for pair in [*corpus.test, *corpus.valid, *corpus.train]][:SENTENCES]


def import_model(path: Path, out: Path, force: bool = False) -> Translator:
    """Read a model of another program and write it to `out` as a model directory.

    Raises InputError for a format that is not known and files that do not fit together, and UsageError for an `out`
    that is there already.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such directory; give one with config.json and model.safetensors")
    config = read_object(path, "config.json")
    readers = {marian.KIND: marian.read, torch_transformer.KIND: torch_transformer.read}
    kind = config.get("model_type")
    if kind not in readers:
        raise InputError(f"{path / 'config.json'}: model_type = {kind!r} is not known, only {', '.join(readers)}")
    with new_directory(out, force, _is_import(out)) as directory:
        translator = readers[kind](path)
        translator.write(directory)
    return translator


def _is_import(directory: Path) -> bool:
    return (directory / "card.json").is_file() and "imported" in read_json(directory / "card.json")
