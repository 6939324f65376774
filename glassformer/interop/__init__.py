"""In and out: models of other programs, and ours for them. A format each in its file, with one table of names."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from glassformer.arguments import checked, path_of, refuse_unknown_choice, shown
from glassformer.errors import InputError, UsageError
from glassformer.interop import (
    argos,
    bart,
    ctranslate2,
    fairseq,
    joeynmt,
    m2m100,
    marian,
    marian_archive,
    mbart,
    onnx,
    python_file,
    torch_transformer,
    web_page,
)
from glassformer.interop.directories import is_export, new_directory, read_object, write_mark
from glassformer.interop.proof import SENTENCES, Int8Engine, OtherEngine, prove, running
from glassformer.interop.transformers_engine import TransformersEngine
from glassformer.model_directory import read_json
from glassformer.reading import is_there
from glassformer.translator import Translator

__all__ = ["FORMATS", "SENTENCES", "built_in_sentences", "export_model", "import_model"]


class Format(NamedTuple):
    """A format to export to: what writes it, and the engine that proves it, of an extra of that name."""

    extra: str
    library: str
    check: Callable[[Translator], None]
    write: Callable[..., None]  # of the translator, the directory, and whether with weights of 8 bits
    engine: Callable[[Path], OtherEngine]
    engine_int8: Callable[[Path], Int8Engine] | None = None  # of the weights of 8 bits, where it can have them
    sentences: int = SENTENCES  # the most that it is proven on
    int8: Literal["asked", "too", "only"] = "asked"  # whether it writes int8 besides float32, or nothing else


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
    "onnx": Format("onnx", "onnxruntime", onnx.check, onnx.write, onnx.OnnxEngine, onnx.QuantisedEngine, int8="too"),
    "argos": Format(
        "ctranslate2", "ctranslate2", argos.check, argos.write, argos.ArgosEngine, argos.ArgosEngine, int8="only"
    ),
    "torch": Format("", "torch", torch_transformer.check, torch_transformer.write, torch_transformer.TorchEngine),
    "python": Format(
        "", "json", python_file.check, python_file.write, python_file.PythonEngine, sentences=python_file.SENTENCES
    ),
}


Read = Callable[[Path], Translator]
READERS: dict[str, Read] = {  # by the model_type in config.json
    marian.KIND: marian.read,
    m2m100.KIND: m2m100.read,
    mbart.KIND: mbart.read,
    bart.KIND: bart.read,
    torch_transformer.KIND: torch_transformer.read,
}
ARCHIVES: dict[str, tuple[Callable[[Path], bool], Read]] = {  # of other kinds, each known by its files
    marian_archive.KIND: (marian_archive.is_there, marian_archive.read),
    joeynmt.KIND: (joeynmt.is_there, joeynmt.read),
    fairseq.KIND: (fairseq.is_there, fairseq.read),
}
NOT_READ = {  # by a file that only such directories have
    "model.bin": "a model of CTranslate2, which holds less than is read; import the one that it was made from",
    "card.json": "a model of glassformer already; use it as it is",
    "log.jsonl": "a run of glassformer; use it as it is",
}


@checked
def export_model(
    translator: Translator,
    to: str,
    out: str | Path,
    force: bool = False,
    sentences: Sequence[str] = (),
    int8: bool = False,
    web: str | Path | None = None,
    languages: str | None = None,
) -> str:
    """Write the model to the directory `out` in another format; what was proven of it, in words.

    `sentences`: to prove it on; without any, those of the built-in phrasebook. `int8`: weights of 8 bits. `web`:
    a node_modules with which onnx gets a page that translates in a browser. `languages`: argos's, such as `en:hi`.
    Raises UsageError for a model that the format cannot hold and an `out` that is there already, and InputError where
    the other program computes something else; then nothing is written.
    """
    out, web = path_of(out, "out"), path_of(web, "web") if web else None
    one = _format(to, out, int8, web, languages)
    translator.require_floats("an export")
    if translator.source_tokenizer.is_framed_otherwise:
        raise UsageError(
            "more than `</s>` stands around the model's texts, which no export holds; use what was imported"
        )
    one.check(translator)
    if web:
        web_page.runtime_files(web)
    with new_directory(out, force, is_export(out)) as directory:
        one.write(translator, directory, int8)
        if web:
            web_page.write(directory, web)
        write_mark(directory, to)
        if importlib.util.find_spec(one.library) is None:
            return f"not proven: {one.library} is not installed (pip install 'glassformer[{one.extra}]')"
        texts = (list(sentences) or built_in_sentences())[: one.sentences]
        return "\n".join(_proofs(translator, one, directory, texts, int8, needed=int8 or web is not None))


def _format(to: str, out: Path, int8: bool, web: Path | None, languages: str | None) -> Format:
    """The format, knowing the languages if it must; UsageError for options that are not its own."""
    refuse_unknown_choice(to, list(FORMATS), "to")
    one = FORMATS[to]
    if int8 and to != "ctranslate2":
        written = {"asked": "float32", "too": "float32 and int8", "only": "int8"}[one.int8]
        raise UsageError(f"--int8 is for ctranslate2; --to {to} writes {written}")
    if web and to != "onnx":
        raise UsageError(f"--web is for onnx, not for {to}")
    if languages and to != "argos":
        raise UsageError(f"--languages is for argos, not for {to}")
    if to == "python" and out.suffix == ".py":
        raise UsageError(f"--out {out}: give a directory, which gets {python_file.CODE} and its {python_file.NUMBERS}")
    if to == "argos":
        return one._replace(write=partial(one.write, languages=argos.check_languages(languages)))
    return one


def _proofs(
    translator: Translator, one: Format, directory: Path, texts: Sequence[str], int8: bool, needed: bool
) -> Iterator[str]:
    """Of each precision that was written; InputError where the other program computes something else.

    int8 that is written besides float32 may stay not proven, but where it is `needed`.
    """
    if not int8 and one.int8 != "only":
        with running(one.library):
            engine = one.engine(directory)
        yield str(prove(translator, engine, texts))
    if one.engine_int8 and (int8 or one.int8 != "asked"):
        try:
            with running(one.library):
                rounded = one.engine_int8(directory)
            yield str(prove(translator, rounded, texts, rounded.next_tokens))
        except InputError as error:
            if needed or one.int8 == "only":
                raise
            reason = str(error).removeprefix("not proven, so ").removeprefix("not exported: ")
            yield f"not proven: int8, so use the float32 graphs; {reason}"


def built_in_sentences() -> list[str]:
    """English sentences of the phrasebook's grammar: of a hundredth of it, for all takes half a minute and 700 MB."""
    from glassformer.corpora.phrasebook import generate  # here: it reads its lexicon

    return [one.source for one in Random(1).sample(generate(seed=1, share=0.01), SENTENCES)]


@checked
def import_model(path: str | Path, out: str | Path, force: bool = False) -> Translator:
    """Read a model of another program and write it to `out` as a model directory.

    Raises InputError for a format that is not known and files that do not fit together, and UsageError for an `out`
    that is there already.
    """
    path, out = path_of(path, "path"), path_of(out, "out")
    with new_directory(out, force, _is_import(out)) as directory:
        translator = _reader_of(path)(path)
        translator.write(directory)
    return translator


def _reader_of(path: Path) -> Read:
    """What reads the model at a path; InputError where no format is known."""
    if not is_there(path):
        raise InputError(f"{path}: no such directory; give one with config.json and model.safetensors")
    if read := next((read for is_one, read in ARCHIVES.values() if is_one(path)), None):
        return read
    if not path.is_dir():
        raise InputError(f"{path}: is no directory, and no .npz, .pt or .ckpt")
    for name, what in NOT_READ.items():
        if (path / name).is_file():
            raise InputError(f"{path}: is {what}")
    kind = read_object(path, "config.json").get("model_type")
    if not isinstance(kind, str) or kind not in READERS:
        raise InputError(f"{path / 'config.json'}: model_type = {shown(kind)} is not known, only {', '.join(READERS)}")
    return READERS[kind]


def _is_import(directory: Path) -> bool:
    return (directory / "card.json").is_file() and "imported" in read_json(directory / "card.json")
