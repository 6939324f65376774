"""Sentence pairs, where each came from, and the readers of the files they are kept in.

Every reader streams: memory does not grow with the file. Nothing is skipped or repaired; a line
that cannot be understood is refused with its number. A file is opened when its first pair is
asked for, so that is when a missing or broken file raises.
"""

import gzip
import io
import itertools
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from glassformer.errors import InputError

STDIN = "-"
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

NumberedLines = Iterable[tuple[int, str]]


class Pair(NamedTuple):
    """A source sentence, its translation, and the place it was read from."""

    source: str
    target: str
    origin: str = ""  # the file or corpus
    line: int = 0  # 1-based; 0 where lines have no meaning

    @property
    def place(self) -> str:
        """Where the pair is from, as `file:line`."""
        origin = self.origin or "pair"
        return f"{origin}:{self.line}" if self.line else origin


def read_pairs(path: str | Path) -> Iterator[Pair]:
    """The pairs of one file, its format told by its suffix (before a final `.gz`).

    `.tsv`, `.tab`, `.txt` are read by `read_tsv`; `.jsonl`, `.ndjson`, `.json` by `read_jsonl`.
    Standard input (`-`) and named pipes have no suffix: they are JSON lines if their first line
    begins with `{`, else TSV.

    Raises InputError at once for an unknown suffix, and later for all that the two readers refuse.
    """
    if is_read_once(path):
        return _sniffed(path)
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix not in READERS:
        raise InputError(
            f"cannot tell the format of {_name(path)} by its name; rename it to .tsv "
            f"(source, tab, target) or .jsonl (understood: {', '.join(READERS)}, each also "
            "with .gz), or give one file per language with --source and --target"
        )
    return READERS[suffix](path)


def read_tsv(path: str | Path) -> Iterator[Pair]:
    """Pairs from lines of two columns, source and target, with one tab between them.

    White space at both ends of each side is dropped; within, all is kept. There is no quoting.
    An empty side is kept (`check` reports it), but a blank line has no tab, and is refused.

    Raises InputError for a line without exactly two columns, an empty file, and what
    `read_lines` refuses.
    """
    return _tsv(read_lines(path), _name(path))


def read_jsonl(path: str | Path) -> Iterator[Pair]:
    """Pairs from lines that are each a JSON object `{"source": ..., "target": ...}`.

    Other keys are ignored. White space at both ends of each side is dropped.

    Raises InputError for a line that is no JSON object or lacks a key, for a value that is no
    string or holds a NUL or half a surrogate pair, an empty file, and what `read_lines` refuses.
    """
    return _jsonl(read_lines(path), _name(path))


def read_parallel(source_path: str | Path, target_path: str | Path) -> Iterator[Pair]:
    """Pairs from two files of which line n of one translates line n of the other.

    The pair's origin is the source file. White space at both ends of each line is dropped; an
    empty line is an empty side.

    Raises InputError if the files differ in length (after the last pair: the rest is counted, to
    give both numbers), if both are empty, if both are standard input, and for what `read_lines`
    refuses.
    """
    if str(source_path) == str(target_path) == STDIN:
        raise InputError("source and target are both standard input (-); give at least one file")
    return _parallel(source_path, target_path)


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    r"""(number from 1, text without its line end) for each line of a UTF-8 file.

    `-` is standard input. A gzip stream is unpacked (told by `.gz` or by its first bytes). Lines
    end with "\n" or "\r\n" only: U+2028, U+0085 and a lone "\r" stand within a line, as other
    tools count them. A byte order mark at the start is dropped.

    Raises InputError if the file is missing, a directory, unreadable, or broken gzip, and for a
    line that is not UTF-8 (with the place of the first bad byte) or holds a NUL.
    """
    name = _name(path)
    with reading(path), _open_bytes(path) as stream:
        for number, raw in enumerate(stream, start=1):
            skipped = len(BOM) if number == 1 and raw.startswith(BOM) else 0
            if skipped == len(raw):
                continue  # a mark and nothing else: an empty file
            yield number, _decode(raw, skipped, f"{name}:{number}")


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turns a failure to read the file into one line: InputError."""
    name = _name(path)
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{name} is not a whole gzip file ({error}); copy or compress it again") from None
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a directory; give a file in it") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot read {name}: {reason}; check the file and its rights") from None


@contextmanager
def _open_bytes(path: str | Path) -> Iterator[Iterable[bytes]]:
    """The file's lines as bytes, unpacked; standard input is left open."""
    is_stdin = str(path) == STDIN
    # Standard input's raw stream, where it has one: its own buffer would wait for a whole block of typed lines.
    stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    inner = stdin if is_stdin else Path(path).open("rb", 0)  # noqa: SIM115
    # Wrapped here, since what stands in for standard input may have no `peek` of its own.
    outer = io.BufferedReader(cast(io.RawIOBase, inner))
    try:
        if str(path).lower().endswith(".gz") or outer.peek(2)[:2] == GZIP_MAGIC:
            with gzip.open(outer) as unpacked:
                yield unpacked
        else:
            yield outer
    finally:
        if not is_stdin:
            outer.close()
        elif not outer.closed:  # closed if the reader outlives what stood in for standard input
            outer.detach()


def _decode(raw: bytes, skipped: int, place: str) -> str:
    """The text of a raw line from byte `skipped` on, without its line end."""
    end = len(raw)
    if raw.endswith(b"\n"):
        end -= 2 if raw.endswith(b"\r\n") else 1
    try:
        text = raw[skipped:end].decode("utf-8")
    except UnicodeDecodeError as error:
        at = skipped + error.start
        hint = "UTF-16 to UTF-8" if raw.startswith(UTF16_MARKS) else "the file to UTF-8"
        raise InputError(
            f"{place}: byte {at + 1} of the line (0x{raw[at]:02x}) is not UTF-8; convert {hint} "
            "(iconv -t UTF-8) or mend the line"
        ) from None
    _refuse_nul(text, place)
    return text


def _refuse_nul(text: str, place: str) -> None:
    at = text.find("\0")
    if at >= 0:
        raise InputError(f"{place}: character {at + 1} is a NUL; remove it, text has none")


def _tsv(lines: NumberedLines, name: str) -> Iterator[Pair]:
    number = 0
    for number, text in lines:
        columns = text.split("\t")
        if len(columns) != 2:
            raise InputError(_wrong_columns(text, len(columns), f"{name}:{number}"))
        yield Pair(columns[0].strip(), columns[1].strip(), name, number)
    _refuse_empty(number, name)


def _wrong_columns(text: str, columns: int, place: str) -> str:
    if not text.strip():
        return f"{place}: the line is blank; remove it (a line is source, tab, target)"
    found = f"{place}: {columns} column{'s' if columns > 1 else ''}, expected 2 (source, tab, target)"
    if columns == 1:
        return f"{found}; put a tab between them, or use --source and --target for two files"
    return f"{found}; remove the surplus tab{'s' if columns > 3 else ''}"


def _jsonl(lines: NumberedLines, name: str) -> Iterator[Pair]:
    number = 0
    for number, text in lines:
        place = f"{name}:{number}"
        record = _json_object(text, place)
        source, target = (_json_text(record, key, place) for key in ("source", "target"))
        yield Pair(source, target, name, number)
    _refuse_empty(number, name)


def _json_object(text: str, place: str) -> dict[str, object]:
    shape = 'each line must be {"source": "...", "target": "..."}'
    if not text.strip():
        raise InputError(f"{place}: the line is blank; remove it ({shape})")
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: not JSON ({error.msg} at character {error.pos + 1}); {shape}") from None
    except (ValueError, RecursionError):  # a number of many thousand digits, a deep nesting
        raise InputError(f"{place}: JSON too large or too deep; {shape}") from None
    if not isinstance(record, dict):
        raise InputError(f"{place}: JSON, but not an object; {shape}")
    return record


def _json_text(record: dict[str, object], key: str, place: str) -> str:
    if key not in record:
        raise InputError(f'{place}: no key "{key}"; each line needs "source" and "target"')
    value = record[key]
    if not isinstance(value, str):
        raise InputError(f'{place}: "{key}" is not a string; put its text in quotation marks')
    _refuse_nul(value, f'{place}, "{key}"')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        raise InputError(
            f'{place}: "{key}" holds half a surrogate pair (\\u{code:04x}); write the whole character'
        ) from None
    return value.strip()


def _parallel(source_path: str | Path, target_path: str | Path) -> Iterator[Pair]:
    name = _name(source_path)
    sources, targets = read_lines(source_path), read_lines(target_path)
    number = 0
    for source, target in itertools.zip_longest(sources, targets):
        if source is None or target is None:
            longer = number + 1 + sum(1 for _ in (targets if source is None else sources))
            counts = (number, longer) if source is None else (longer, number)
            raise InputError(
                f"{name} has {_lines(counts[0])} but {_name(target_path)} has {_lines(counts[1])}; "
                "line n of one must translate line n of the other: align them"
            )
        number = source[0]
        yield Pair(source[1].strip(), target[1].strip(), name, number)
    _refuse_empty(number, f"{name} and {_name(target_path)}")


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def _sniffed(path: str | Path) -> Iterator[Pair]:
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        _refuse_empty(0, _name(path))
        return
    parse = _jsonl if first[1].lstrip().startswith("{") else _tsv
    yield from parse(itertools.chain([first], lines), _name(path))


def _refuse_empty(lines: int, name: str) -> None:
    if lines == 0:
        raise InputError(f"no pairs in {name}: it is empty; give at least one line")


def is_read_once(path: str | Path) -> bool:
    """Whether `path` is standard input or a named pipe: it has no suffix to trust, and no second reading."""
    return str(path) == STDIN or Path(path).is_fifo()


def _name(path: str | Path) -> str:
    return "standard input" if str(path) == STDIN else os.fspath(path)


READERS: dict[str, Callable[[str | Path], Iterator[Pair]]] = {
    ".tsv": read_tsv,
    ".tab": read_tsv,
    ".txt": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_jsonl,
}
