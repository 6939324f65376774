"""The corpus `gettext:LANGUAGE`: what the programs on this machine say, and its translation.

Free programs carry catalogues of their messages, made by volunteers: English and one other
language, side by side. They are read here where they are installed; none is shipped.
"""

import logging
import re
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from gettext import c2py
from itertools import chain
from pathlib import Path

import polib

from glassformer.corpora.corpus import Corpus
from glassformer.corpora.split import split_groups
from glassformer.errors import InputError
from glassformer.reading import MIB, read_regular
from glassformer.text.encoding import encoding_problem
from glassformer.text.pairs import Pair

log = logging.getLogger(__name__)

# What polib raises for a file that is broken or of another kind (found by spoiling files).
BROKEN = (OSError, ValueError, LookupError, AttributeError, TypeError, struct.error)
LARGEST = 128 * MIB  # bytes of a catalogue
LITTLE_ENDIAN = b"\xde\x12\x04\x95"  # how such a compiled one begins
CREDITS = {"translator-credits", "translator_credits", "translator credits", "your names", "your emails"}


def load_gettext(language: str, seed: int, folders: Iterable[str | Path] | None = None) -> Corpus:
    """The translated messages found for `language` (as in `hi` or `pt_BR`), split without leakage.

    Looked through are, in each folder, `LANGUAGE/LC_MESSAGES/*.mo`, `LANGUAGE/*.mo` and
    `LANGUAGE.mo`, and the same with `.po`; without `folders`, those of `usual_folders`. Left out
    are fuzzy, obsolete and untranslated entries, lists of translators, messages without a word
    (only signs and placeholders) or with control characters and other damage, and repetitions.
    Marks of keyboard accelerators are removed; line breaks become spaces. What is found depends
    on the machine.

    Raises InputError if nothing is found, or too little to be split. Broken catalogues are
    skipped, and named in a logged warning.
    """
    searched = [Path(folder) for folder in (usual_folders() if folders is None else folders)]
    pairs, broken = _read_all(find_catalogues(language, searched))
    if broken:
        log.warning("skipped %s: %s", _catalogues(len(broken)), "; ".join(broken))
    if not pairs:
        raise InputError(
            f"no translated messages for language '{language}' in {', '.join(map(str, searched)) or 'no folder'}"
            f"{f' ({_catalogues(len(broken))})' if broken else ''}; check the language's code (as in hi or "
            "pt_BR), or install programs' translations for it"
        )
    return Corpus(f"gettext:{language}", *split_groups(pairs, seed))


def usual_folders() -> list[Path]:
    """Where programs and Python packages keep catalogues on this machine."""
    packages = Path(sysconfig.get_paths()["purelib"])
    fixed = [Path("/usr/share/locale"), Path("/usr/local/share/locale"), Path(sys.prefix, "share", "locale")]
    return [*dict.fromkeys(fixed), *sorted(packages.glob("*/locale"))]


def find_catalogues(language: str, folders: Iterable[Path]) -> list[Path]:
    """The catalogues for a language, each file once, links to it left out.

    Raises InputError if `language` is no name of a folder.
    """
    name = language.replace("-", "_")
    if not re.fullmatch(r"\w+(@\w+)?", name):
        raise InputError(f"'{language}' is not the code of a language; give one as in hi or pt_BR")
    patterns = [f"{name}{middle}.{kind}" for middle in ("/LC_MESSAGES/*", "/*", "") for kind in ("po", "mo")]
    found = chain.from_iterable(sorted(folder.glob(pattern)) for folder in folders for pattern in patterns)
    by_file = {path.resolve(): path for path in found if path.is_file()}
    return list(by_file.values())


def read_catalogue(path: Path) -> Iterator[tuple[str, str]]:
    """(message, translation) of each translated entry of a `.po` or `.mo` file, as they stand.

    An entry with plural forms gives its singular and its plural.

    Raises InputError if the file cannot be read as a catalogue.
    """
    try:
        data = read_regular(path, LARGEST, named=True)
        if path.suffix == ".mo":
            _refuse_endless(data)
        catalogue = polib.mofile(str(path)) if path.suffix == ".mo" else polib.pofile(str(path))
        one, many = _forms(catalogue.metadata.get("Plural-Forms", ""))
    except BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is not a readable catalogue: {reason}; remove or replace it") from None
    for entry in catalogue:
        if entry.obsolete or getattr(entry, "fuzzy", False):  # a compiled entry cannot be fuzzy
            continue
        if entry.msgid_plural:
            yield entry.msgid, entry.msgstr_plural.get(one, "")
            yield entry.msgid_plural, entry.msgstr_plural.get(many, "")
        else:
            yield entry.msgid, entry.msgstr


def _refuse_endless(data: bytes) -> None:
    """Raise ValueError for a compiled catalogue whose tables name more text than it has: polib makes room for that.

    The format is GNU gettext's: how many entries there are, and where the tables of messages and translations stand,
    which have the length and the place of each.
    """
    order = "<" if data.startswith(LITTLE_ENDIAN) else ">"
    count, *tables = struct.unpack_from(f"{order}3I", data, 8)
    for table in tables:
        lengths = struct.unpack_from(f"{order}{2 * count}I", data, table)[::2]
        if sum(lengths) > len(data):
            raise ValueError(f"its tables name {sum(lengths):,} bytes of text, but it has {len(data):,} in all")


def clean(source: str, target: str) -> tuple[str, str]:
    """A message and its translation as sentences: no accelerator marks, no prefix, one line each."""
    if "|" in source and "|" not in target:
        source = source.partition("|")[2]  # "menu|Open": what stands before the bar is a note for translators
    for mark in "_&":
        source, target = _without_accelerator(source, target, mark)
    return " ".join(source.split()), " ".join(target.split())


def has_words(text: str) -> bool:
    """Whether anything with a letter is left when placeholders, tags and entities are taken out."""
    return any(map(str.isalpha, PLACEHOLDER.sub(" ", text)))


PLACEHOLDER = re.compile(
    r"%(\(\w+\)|\d+\$)?[-+ #0]{0,9}[\d*]{0,9}(\.[\d*]{1,9})?(hh|h|ll|l|L|q|j|z|t)?[a-zA-Z%]"  # printf, Python
    r"|%\d+|\$?\{[^{}]*\}|\$\w+|%\{\w+\}"  # Qt, Python and shell, Ruby
    r"|</?\w[^<>]*>|&#?\w+;|https?://\S+"
)


def _catalogues(count: int) -> str:
    return f"{count} broken catalogue{'' if count == 1 else 's'}"


def _read_all(paths: Iterable[Path]) -> tuple[list[Pair], list[str]]:
    """The usable pairs, each once, and what was wrong with the files that could not be read."""
    pairs: dict[tuple[str, str], Pair] = {}
    broken = []
    for path in paths:
        try:
            entries = list(read_catalogue(path))
        except InputError as error:
            broken.append(str(error))
            continue
        for message, translation in entries:
            source, target = clean(message, translation)
            if _is_usable(source, target):
                pairs.setdefault((source, target), Pair(source, target, str(path)))
    return list(pairs.values()), broken


def _is_usable(source: str, target: str) -> bool:
    if source.casefold() in CREDITS or source.casefold() == target.casefold():
        return False
    return all(has_words(text) and not encoding_problem(text) for text in (source, target))


def _forms(header: str) -> tuple[int, int]:
    """Which plural forms are used for 1 and for 5 things: a singular, and a plural fit for most numbers."""
    found = re.search(r"plural\s*=\s*([^;]+)", header.split(";", 1)[-1])
    if not found:
        return 0, 1
    try:
        form = c2py(found.group(1))
        return int(form(1)), int(form(5))
    except (ValueError, ArithmeticError, RecursionError, MemoryError):  # no formula, or n % 0, or ((((...
        return 0, 1


def _without_accelerator(source: str, target: str, mark: str) -> tuple[str, str]:
    """Both sides without the mark before the key letter of a menu or button, as in "Save _As".

    A mark may also be part of the text ("LC_ALL", "AT&T"). It is one of an accelerator if it is
    the only one of its side and begins a word, or stands within one ("E_xit") while the other side
    has one too, not in the same word. Languages not written in Latin letters may put the key
    behind the text: "खोलें (_O)"; that goes altogether.
    """
    appended = re.compile(rf"(?<!\s)\s*\({mark}\w\)")
    marked = re.compile(rf"{mark}(?=\w)(?!\w+;)")
    shared = set(_marked_words(source, mark)) & set(_marked_words(target, mark))
    both = mark in source and mark in target and not shared

    def strip(text: str) -> str:
        if text.count(mark) != 1:
            return text
        if appended.search(text):
            return appended.sub("", text)
        found = marked.search(text)
        begins = found and (found.start() == 0 or not re.match(r"[\w.$-]", text[found.start() - 1]))
        return marked.sub("", text) if begins or (both and found) else text

    return strip(source), strip(target)


def _marked_words(text: str, mark: str) -> list[str]:
    """The words that have the mark within, not at their start."""
    return re.findall(rf"\b\w+{mark}\w+" if mark != "_" else r"(?<![^\W_])[^\W_]+_\w+", text)
