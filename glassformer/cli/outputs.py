"""Files that a command writes are none of those that it reads, of a model, or of each other: those would be lost."""

import argparse
import os
from pathlib import Path

from glassformer.errors import UsageError

WRITTEN = ("output", "html", "json_file", "svg", "csv", "latex")  # the options that name a file to write


def refuse_lost(options: argparse.Namespace) -> None:
    """Raise UsageError where a file that an option names would take the place of one that the command needs.

    Devices and pipes hold nothing that could be lost.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    read = [word for name, value in given.items() if name not in WRITTEN for word in _words(value)]
    places: dict[str, str] = {}
    for name in WRITTEN:
        path = Path(given.get(name) or os.devnull)
        stands = _stands(path)
        if stands and not path.is_file():
            continue
        option = f"--{name.removesuffix('_file')} {path}"
        other = places.setdefault(os.path.realpath(path), option)
        if other != option:
            raise UsageError(f"{other} and {option} are one file; name two")
        if stands and any(_is_same(path, word) for word in read):
            raise UsageError(f"{option}: this command reads that file, and it would be lost; choose another")
        if stands and _is_of_model(path):
            raise UsageError(f"{option}: that file is a model's, and would be lost; choose another")


def _stands(path: Path) -> bool:
    """Whether there is something; what cannot have that name is told where it is written."""
    try:
        return path.exists()
    except OSError:
        return False


def _words(value: object) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [one for one in values if isinstance(one, str)]


def _is_same(path: Path, word: str) -> bool:
    """Whether a word of the command line names that file; it may be a sentence."""
    try:
        return path.samefile(word)
    except (OSError, ValueError):
        return False


def _is_of_model(path: Path) -> bool:
    from glassformer.files import CHECKSUMS
    from glassformer.model_directory import CONFIG, FILES

    return path.name in (*FILES, CHECKSUMS) and (path.parent / CONFIG).exists()
