"""Training on what a teacher says: sequence-level knowledge distillation.

The teacher translates the training source once, with beam search, and the new model is trained on these pairs instead:
they are easier to learn than people's translations, so that a small model comes nearer to a large one (Kim & Rush 2016,
"Sequence-Level Knowledge Distillation", section 3.2). What is validated on stays as people wrote it.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from rich.console import Console

from glassformer.arguments import path_of
from glassformer.data.cache import key_of
from glassformer.data.config import DataConfig
from glassformer.data.texts import read_texts
from glassformer.errors import InputError, UsageError
from glassformer.files import LARGEST, checksum, saving, write_whole
from glassformer.model_directory import WEIGHTS, resolve
from glassformer.reading import open_regular
from glassformer.system import STDERR, open_itself, sync_directory
from glassformer.text.pairs import Pair
from glassformer.text.readers.lines import LONGEST
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group
from glassformer.translator import Translator

CHUNK = 1000  # sentences that are translated together, and written
TEXT = "corpus", "pairs", "columns", "directions", "source", "target"  # the settings that the new pairs replace


def with_teacher(path: Path, settings: Mapping[str, Any], group: Group) -> dict[str, Any]:
    """`settings` with the pairs of the teacher that they name, which are written to the run directory `path` first.

    The same text and teacher find pairs that are there already, and go on with a part of them. Raises InputError where
    there is no such model, and UsageError for text in several directions or without end.
    """
    given, teacher = dict(settings), settings.get("teacher")
    if not isinstance(teacher, str):
        return given
    config = RunConfig.from_flat(given)
    _refuse_unsuitable(config.data)
    texts = read_texts(config.data, config.training.seed)
    model = resolve(path_of(teacher, "teacher"))
    key = key_of(*texts.digests, checksum(model / WEIGHTS))[:12]
    written, valid = path / f"distilled-{key}.tsv", path / f"valid-{key}.tsv"
    for one in (written, valid):
        _refuse_irregular(one)
    if group.is_main and not written.exists():
        held_out = {} if texts.valid else texts.first_reading.held_out
        if not _names_validation(config.data):
            lines = (_line(pair.source, pair.target) for pair in texts.valid or held_out.values())
            write_whole(valid, "".join(lines).encode())
        rest = (pair for row, pair in enumerate(texts.whole) if row not in held_out)
        _distil(written, rest, texts.first_reading.pairs, Translator.load(model, group.device, engine="auto"))
    group.wait()
    for name in TEXT:
        given.pop(name, None)
    given["pairs"] = [str(written)]
    if not _names_validation(config.data):
        given["valid_pairs"] = [str(valid)]
    elif config.data.columns and not config.data.valid_columns:
        given["valid_columns"] = list(config.data.columns)
    return given


def _refuse_irregular(path: Path) -> None:
    """Raise InputError for what stands there and is no file: of a FIFO nothing would ever come."""
    try:
        open_regular(path, LARGEST).close()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; remove it, and it is written again") from error


def _refuse_unsuitable(data: DataConfig) -> None:
    if data.stream:
        raise UsageError("teacher: a stream has no end; name the text as files, without stream")
    if data.directions or any(len(file.columns) == 3 for file in data.train_files):
        raise UsageError("teacher: it translates in one direction; leave out directions and their column")
    if data.pair_weights or data.sampling_temperature:
        raise UsageError("teacher: what it translates is one file; leave out pair_weights and sampling_temperature")


def _names_validation(data: DataConfig) -> bool:
    return bool(data.valid_pairs or data.valid_source)


def _distil(written: Path, pairs: Iterator[Pair], count: int, teacher: Translator) -> None:
    """Write each source with its translation, a line for each pair; go on where an earlier call was stopped.

    A source that is too long for the teacher has no translation: training drops and counts it.
    """
    console = Console(file=STDERR, highlight=False, soft_wrap=True)
    partial = written.with_name(f".{written.name}.partial")
    with saving(partial):
        with open(partial, "a+b", opener=open_itself) as file:
            done, rest = _keep_lines_of(pairs, file)
            while chunk := list(islice(rest, CHUNK)):
                found = teacher.translate([pair.source for pair in chunk], places=[pair.place for pair in chunk])
                file.write("".join(_line(one.source, "" if one.error else one.text) for one in found).encode())
                file.flush()
                done += len(chunk)
                console.print(f"the teacher translates: {done:,} of {count:,} sentences")
            os.fsync(file.fileno())
        partial.replace(written)
        sync_directory(written.parent)


def _line(source: str, target: str) -> str:
    """A line of a .tsv, with a space for each white space."""
    return "\t".join(" ".join(side.split()) for side in (source, target)) + "\n"


def _keep_lines_of(pairs: Iterator[Pair], file: IO[bytes]) -> tuple[int, Iterator[Pair]]:
    """Keep what a part has of the first pairs, and nothing behind that; returns how many they are, and the others.

    A stop leaves half a line, which may end within a character; another text leaves other sources.
    """
    file.seek(0)
    done = end = 0
    for pair in pairs:
        line = file.readline(LONGEST + 1)
        if not _is_of(pair, line):
            pairs = chain([pair], pairs)
            break
        done, end = done + 1, end + len(line)
    file.truncate(end)
    return done, pairs


def _is_of(pair: Pair, line: bytes) -> bool:
    """Whether a line is one that `_line` makes of the pair's source and some target."""
    _, _, target = line.decode(errors="replace").partition("\t")
    return line == _line(pair.source, target).encode()
