"""Directories of other programs: files under fixed names, of limited sizes, and never through a link."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glassformer.arguments import shown
from glassformer.errors import InputError, UsageError
from glassformer.files import whole_directory, write_whole
from glassformer.reading import MIB, is_there, open_regular, parse_json

MARK = "glassformer.json"  # stands in each directory that `export` made, and says what it is
MOST_BYTES = {
    "tokenizer.json": 32 * MIB, ".json": 16 * MIB, ".yml": 8 * MIB, ".yaml": 8 * MIB, ".txt": 64 * MIB,
    ".spm": 16 * MIB, ".model": 16 * MIB, ".safetensors": 16 << 30,
    ".bin": 16 << 30, ".npz": 16 << 30, ".pt": 16 << 30, ".ckpt": 16 << 30,
}  # fmt: skip
MOST = {  # what a config may ask for, so that no file makes us take memory without end
    "vocab_size": 2_000_000, "source_vocab_size": 2_000_000, "d_model": 16_384, "d_ff": 131_072, "num_heads": 1024,
    "encoder_layers": 256, "decoder_layers": 256, "max_length": 131_072,
}  # fmt: skip
MOST_VALUES = 4_000_000  # of a JSON file: the largest vocabularies, of 256,000 pieces and their merges, have 2 million
MOST_TIMES = 4  # that a file may grow when it is unpacked


def refuse_packed(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise InputError for an archive that unpacks to far more than it is."""
    size, unpacked = path.stat().st_size, sum(one.file_size for one in archive.infolist())
    if unpacked > MOST_TIMES * size:
        raise InputError(f"{path}: would grow from {size:,} to {unpacked:,} bytes; it is no model")


def checked_file(directory: Path, name: str) -> Path:
    """The file `name` of a directory; InputError where it is missing, a link, no file, or too large to be one."""
    path = directory / name
    if path.is_symlink():
        raise InputError(f"{path}: is a link, and no link is followed; copy the directory with `cp -rL`")
    most = MOST_BYTES.get(name) or MOST_BYTES.get(path.suffix, 64 * MIB)
    try:
        if not is_there(path):
            raise InputError(f"{path}: missing; copy the whole directory")
        open_regular(path, most).close()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return path


def read_object(directory: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file of a directory."""
    path = checked_file(directory, name)
    try:
        value = parse_json(path.read_bytes(), MOST_VALUES)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: truncated or not JSON ({error}); copy it again") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object")
    return value


def check_sizes(sizes: Mapping[str, Any], path: Path) -> None:
    """Raise InputError for a size that is no whole number from 1 to the most that is accepted."""
    for name, most in MOST.items():
        size = sizes.get(name)
        if size is not None and not (isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= most):
            raise InputError(f"{path}: {name} = {shown(size)} must be a whole number from 1 to {most:,}")


@contextmanager
def new_directory(out: Path, force: bool, made_here: bool) -> Iterator[Path]:
    """A directory to fill, which takes the place `out` when the block ends without an error.

    One that is there already is refused, but with `force` where `made_here` says that the same command made it.
    """
    if out.is_symlink() or (out.exists() and not (force and out.is_dir() and made_here)):
        advice = "it was not made by this command; choose another" if force else "choose another, or give --force"
        raise UsageError(f"--out {out}: is there already; {advice}")
    if any("\udc80" <= one <= "\udcff" for one in str(out)):  # bytes that are no UTF-8, as Python has them in names
        raise UsageError(f"--out {str(out)!a}: is not UTF-8, which other programs' readers of files need")
    with whole_directory(out) as partial:
        yield partial


def is_export(directory: Path) -> bool:
    """Whether `export` made this directory."""
    return (directory / MARK).is_file()


def write_mark(directory: Path, model_format: str) -> None:
    """Write the file by which `export --force` knows a directory of its own."""
    write_json(directory / MARK, {"made_by": "glassformer export", "format": model_format})


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole."""
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())
