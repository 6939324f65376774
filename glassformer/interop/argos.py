"""A package of Argos Translate, which LibreTranslate installs too: a zip of CTranslate2's int8 model and a tokenizer.

Its one SentencePiece file encodes the source. Pieces of the target are put together by the same file, which leaves
those that it does not know as they are, so that two vocabularies do no harm.
"""

import json
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pycountry

from glassformer.errors import UsageError
from glassformer.interop import ctranslate2
from glassformer.translator import Translator

MODEL, TOKENIZER, SUFFIX = "model", "sentencepiece.model", ".argosmodel"
VERSION = "1.0"  # of the package; and of Argos Translate, since which packages have looked like this
_NEVER = (1980, 1, 1, 0, 0, 0)  # the date of each file in the zip, so that the same model gives the same bytes


def check(translator: Translator) -> None:
    """Raise UsageError where CTranslate2 is missing, and for a model that must be told its target."""
    ctranslate2.check(translator)
    if translator.targets:
        raise UsageError("an Argos package has one direction and puts no symbol of a target before a source; train one")


def check_languages(languages: str | None) -> tuple[str, str]:
    """The codes of source and target, from a text such as `en:hi`; UsageError if it is none."""
    found = re.fullmatch("([a-z]{2,3}):([a-z]{2,3})", languages or "")
    if not found:
        raise UsageError("--to argos needs --languages SOURCE:TARGET, codes of ISO 639 such as en:hi")
    for code in found.groups():
        _name(code)
    return found[1], found[2]


def _name(code: str) -> str:
    language = pycountry.languages.get(**{f"alpha_{len(code)}": code})
    if language is None:
        raise UsageError(f"--languages: '{code}' is no code of ISO 639")
    return str(language.name)


def write(translator: Translator, directory: Path, _int8: bool = True, *, languages: tuple[str, str]) -> None:
    """Write `translate-en_hi-1_0.argosmodel` into the directory; its weights have 8 bits."""
    name = f"translate-{'_'.join(languages)}-{VERSION.replace('.', '_')}"
    source, target = map(_name, languages)
    metadata = {
        "package_version": VERSION,
        "argos_version": VERSION,
        "from_code": languages[0],
        "from_name": source,
        "to_code": languages[1],
        "to_name": target,
        "type": "translate",
    }
    readme = f"# {source} to {target}\n\nMade with glassformer: {translator.model.num_parameters:,} parameters.\n"
    with TemporaryDirectory() as folder, zipfile.ZipFile(directory / (name + SUFFIX), "x") as package:
        ctranslate2.write(translator, Path(folder), int8=True, beyond=True)
        contents = {
            "metadata.json": json.dumps(metadata, indent=2, ensure_ascii=False).encode(),
            "README.md": readme.encode(),
            TOKENIZER: translator.source_tokenizer.to_bytes(),
        }
        contents |= {
            f"{MODEL}/{path.name}": path.read_bytes()
            for path in sorted(Path(folder).iterdir())
            if path.suffix != ".spm"
        }
        for inner, content in contents.items():
            package.writestr(zipfile.ZipInfo(f"{name}/{inner}", _NEVER), content, zipfile.ZIP_DEFLATED)


class ArgosEngine(ctranslate2.CTranslate2Engine):
    """CTranslate2 on what a package holds, which is unpacked as Argos Translate does it."""

    def __init__(self, directory: Path) -> None:
        [path] = directory.glob(f"*{SUFFIX}")
        with TemporaryDirectory() as folder, zipfile.ZipFile(path) as package:
            package.extractall(folder)
            inside = Path(folder) / path.stem
            super().__init__(inside / MODEL, inside / TOKENIZER)
