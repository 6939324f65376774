"""The corpus `names`: the English names of languages, countries, regions, scripts and currencies,
each with its name in another language, from the package pycountry.

pycountry carries the catalogues of Debian's iso-codes project, translated by volunteers.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pycountry

from glassformer.corpora.corpus import Corpus
from glassformer.corpora.gettext import read_catalogue
from glassformer.corpora.split import split_groups
from glassformer.errors import InputError, nearest
from glassformer.text.pairs import Pair

DEVANAGARI_WORD = re.compile(r"[\u0900-\u0963\u0970-\u097f]{3,}")
VARIANTS = ("name", "common_name", "official_name", "inverted_name")


def load_names(language: str, seed: int) -> Corpus:
    """Names with their translation into `language` (as in `hi`: some 14,800), split without leakage.

    Left out are names translated by themselves (case aside), repetitions in a second catalogue, and, where a
    language is not written in Latin letters, translations that have only such (in the Hindi
    catalogues two are a stray "v"). All names of one country or language are in one part.

    Raises InputError for a language that has no catalogue, and for one with too few names to split.
    """
    folder = _folder_of(language)
    unique: dict[tuple[str, str], Pair] = {}
    for pair in _read_names(folder):
        unique.setdefault((pair.source, pair.target), pair)
    named = _without_foreign(list(unique.values()))
    if not named:
        raise InputError(f"pycountry has no translated name for language '{language}'; take another language")
    return Corpus(f"names:{language}", *split_groups(named, seed, _variants()))


def place_names(language: str) -> list[tuple[str, str]]:
    """The names of countries and regions that are one word of plain letters, with their translation."""
    folder = _folder_of(language)
    files = [path for path in sorted(folder.glob("LC_MESSAGES/*.mo")) if path.stem in ("iso3166-1", "iso3166-2")]
    pairs = {name: translation for path in files for name, translation in read_catalogue(path)}
    return sorted(
        (name, unicodedata.normalize("NFC", translation))
        for name, translation in pairs.items()
        if name.isascii() and name.isalpha() and name.istitle() and DEVANAGARI_WORD.fullmatch(translation)
    )


def _folder_of(language: str) -> Path:
    folders = {path.name: path for path in Path(pycountry.LOCALES_DIR).iterdir() if path.is_dir()}
    name = language.replace("-", "_")
    if name not in folders:
        raise InputError(f"pycountry has no names in language '{language}'; {nearest(language, folders)}")
    return folders[name]


def _read_names(folder: Path) -> Iterator[Pair]:
    for path in sorted(folder.glob("LC_MESSAGES/*.mo")):
        for name, translation in read_catalogue(path):
            source, target = (" ".join(text.split()) for text in (name, translation))
            if source and target and source.casefold() != target.casefold():
                yield Pair(source, target, f"names:{path.stem}")


def _without_foreign(pairs: list[Pair]) -> list[Pair]:
    """The pairs less those left in Latin letters, if most are in others."""
    own = [pair for pair in pairs if _has_other_than_latin(pair.target)]
    return own if len(own) > len(pairs) / 2 else pairs


def _has_other_than_latin(text: str) -> bool:
    return any(letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN") for letter in text)


def _variants() -> Iterator[list[str]]:
    """The names of each thing that has several: Panama and Republic of Panama."""
    for database in (pycountry.countries, pycountry.languages):
        for record in database:
            names = [getattr(record, field) for field in VARIANTS if hasattr(record, field)]
            if len(names) > 1:
                yield names
