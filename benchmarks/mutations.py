"""Random changes of files: of their bytes, and of what is inside a container, which is then sealed again.

A damaged byte of a container is told by its checksum or length before its content is read. So `INSIDE` has for each
kind of file what takes it apart, changes a value, and puts it together with lengths and checksums that fit.
"""

import ast
import copy
import gzip
import io
import json
import lzma
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import yaml
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.tensor_file import DTYPES

HURTFUL: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**63, 2**64, 10**30, 1e308, -1e308, 0.5, None, True, "", "x", "\u202e", "\ud800", "\0", "1", [],
    {}, [[]], {"a": 1}, [0] * 50, "a" * 5000,
)  # fmt: skip
WORDS = (b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b'"', b"'", b"{", b"}", b"[", b"]", b"<", b">", b"&",
         b"NaN", b"1e999", b"-1", b"99999999999999999999", b"\x80" * 8, b"\xff" * 8, b"\0" * 64, b"&#0;", b"<!ENTITY",
         b"\\ud800")  # fmt: skip
WHOLE = (0, 1, -1, 2, 3, 127, 128, 255, 2**15, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63))
REAL = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e30, 3e38, -3e38, math.inf, -math.inf, math.nan)

Change = Callable[[bytes, Random], bytes]


def damaged(data: bytes, chance: Random) -> bytes:
    """The bytes with one to four changes."""
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        end = min(end, at + chance.choice((1, 4, 64, 10**6)))
        part = data[at:end]
        new = chance.choice(
            (
                b"",
                part * 2,
                part[::-1],
                chance.choice(WORDS),
                chance.randbytes(min(len(part), 64)),
                bytes(byte ^ (1 << chance.randint(0, 7)) for byte in part[:1]) + part[1:],
                data[chance.randint(0, len(data)) :][: len(part)],
            )
        )
        data = data[:at] + new + data[end:]
    return data


def altered(value: Any, chance: Random) -> Any:
    """A JSON value with one of its parts replaced, removed, doubled, moved a little, or named otherwise."""
    tree = copy.deepcopy(value)
    node, key = _place(tree, chance)
    if node is None:
        return chance.choice(HURTFUL)
    what = chance.randint(0, 7)
    if what == 0:
        del node[key]
    elif what == 1 and isinstance(node, list):
        node.insert(key, copy.deepcopy(node[key]))
    elif what == 1:
        name = chance.choice((f"{key}\u202e", "", "\0", str(chance.choice(list(node)))))
        node[name] = node.pop(key)
    elif what == 2:
        other, there = _place(tree, chance)
        node[key] = copy.deepcopy(other[there])
    elif what == 3 and isinstance(node[key], int | float):
        node[key] += chance.choice((1, -1, 0.5))
    else:
        node[key] = chance.choice(HURTFUL)
    return tree


def _place(tree: Any, chance: Random) -> tuple[Any, Any]:
    """A part by what holds it and its key: as often one of a few settings as one of a thousand pieces."""
    place: tuple[Any, Any] = None, None
    while isinstance(tree, dict | list) and tree and (place[0] is None or chance.random() < 0.6):
        place = tree, chance.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
        tree = tree[place[1]]
    return place


def _json(data: bytes, chance: Random) -> bytes:
    return json.dumps(altered(json.loads(data), chance)).encode()


def _yaml(data: bytes, chance: Random) -> bytes:
    return yaml.safe_dump(altered(yaml.safe_load(data), chance)).encode(errors="surrogatepass")


def _lines(data: bytes, chance: Random) -> bytes:
    """Lines left out, doubled, moved, or with a changed word."""
    lines = data.splitlines(keepends=True)
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[at] = chance.choice((b"", lines[at] * 2, lines[other], damaged(lines[at], chance)))
    return b"".join(lines)


def _safetensors(data: bytes, chance: Random) -> bytes:
    """Another value in the header, another type or shape of as many bytes, or other numbers."""
    size = int.from_bytes(data[:8], "little")
    header, content = json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])
    name = chance.choice([one for one in header if one != "__metadata__"])
    what = chance.randint(0, 4)
    if what == 0:
        header = altered(header, chance)
    elif what == 1:
        header[name]["dtype"] = chance.choice(list(DTYPES))
    elif what == 2:
        header[name]["shape"] = chance.choice((header[name]["shape"][::-1], [*header[name]["shape"], 1]))
    elif what == 3:
        header[chance.choice((f"{name}x", "x", chance.choice(list(header))))] = header.pop(name)
    else:
        for _ in range(chance.choice((1, 100))):
            at = 4 * chance.randrange(max(len(content) // 4, 1))
            content[at : at + 4] = struct.pack("<f", chance.choice(REAL))
    sealed = json.dumps(header).encode()
    return len(sealed).to_bytes(8, "little") + sealed + bytes(content)


def _spm(data: bytes, chance: Random) -> bytes:
    """Another value in a field of the protocol buffer, and pieces that are moved or left out."""
    model = model_pb2.ModelProto.FromString(data)  # type: ignore[attr-defined]
    for _ in range(chance.choice((1, 1, 5))):
        part = chance.choice((model, model.trainer_spec, model.normalizer_spec, *[chance.choice(model.pieces)] * 3))
        if part is model:
            at = chance.randrange(len(model.pieces))
            kept = [*model.pieces[:at], *[model.pieces[at]] * chance.choice((0, 2)), *model.pieces[at + 1 :]]
            chance.choice((list, chance.shuffle))(kept)
            kept = [type(one).FromString(one.SerializeToString()) for one in kept]
            del model.pieces[:]
            model.pieces.extend(kept)
        else:
            _set_field(part, chance)
    return bytes(model.SerializeToString())


def _set_field(part: Any, chance: Random) -> None:
    field = chance.choice([one for one in part.DESCRIPTOR.fields if not one.is_repeated])
    known = [value.number for value in field.enum_type.values] if field.enum_type else []
    values: dict[int, Any] = {
        field.TYPE_STRING: chance.choice(["", "\0", " ", "\u2581", "<unk>", "<s>", "<0x41>", "<2en>", "x" * 70_000]),
        field.TYPE_BYTES: damaged(getattr(part, field.name), chance) if field.type == field.TYPE_BYTES else b"",
        field.TYPE_FLOAT: chance.choice(REAL),
        field.TYPE_BOOL: chance.random() < 0.5,
        field.TYPE_ENUM: chance.choice(known or [0]),
    }
    least = 0 if field.type in (field.TYPE_UINT32, field.TYPE_UINT64) else -(2**31)
    whole = chance.choice([one for one in WHOLE if least <= one < 2**31])
    setattr(part, field.name, values.get(field.type, whole))


def _zip(data: bytes, chance: Random) -> bytes:
    """One file of the archive changed, and the archive written anew."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(written, "w") as new:
        chosen = chance.choice(archive.namelist())
        for one in archive.infolist():
            content = archive.read(one)
            if one.filename == chosen:
                content = (_npy if content.startswith(b"\x93NUMPY") else damaged)(content, chance)
            new.writestr(one.filename, content)
    return written.getvalue()


def _npy(data: bytes, chance: Random) -> bytes:
    """Another value in the header of an array, or damaged numbers."""
    size = int.from_bytes(data[8:10], "little")
    header, content = ast.literal_eval(data[10 : 10 + size].decode()), data[10 + size :]
    if chance.random() < 0.3:
        return data[: 10 + size] + damaged(content, chance)
    name = chance.choice(list(header))
    values: dict[str, tuple[Any, ...]] = {
        "descr": ("<f4", ">f4", "<i4", "|u1", "<u2", "<U4", "|O", "<c8", "|V3"),
        "shape": (header["shape"][::-1], (*header["shape"], 1), (), (chance.choice(WHOLE),)),
        "fortran_order": (not header["fortran_order"],),
    }
    header[name] = chance.choice((*values[name], chance.choice(HURTFUL)))
    sealed = (repr(header) + "\n").encode(errors="surrogatepass")
    return data[:8] + len(sealed).to_bytes(2, "little") + sealed + content


def _packed(pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]) -> Change:
    return lambda data, chance: pack(damaged(unpack(data), chance))


def _parquet(data: bytes, chance: Random) -> bytes:
    """Other whole numbers in the footer or in the header of a page, or damaged bytes of a page."""
    size = int.from_bytes(data[-8:-4], "little")
    body, footer = data[: -8 - size], data[-8 - size : -8]
    if chance.random() < 0.5:
        footer = _other_numbers(footer, chance)
    elif chance.random() < 0.5:  # a header of a page begins with its number 1, the type
        starts = [at for at in range(len(body)) if body[at] == 0x15]
        at = chance.choice(starts)
        body = body[:at] + _other_numbers(body[at : at + 40], chance) + body[at + 40 :]
    else:
        at = chance.randrange(4, len(body))
        body = body[:at] + damaged(body[at : at + 20], chance) + body[at + 20 :]
    return body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _other_numbers(thrift: bytes, chance: Random) -> bytes:
    """The bytes of a struct in Thrift's compact protocol with one to three of its whole numbers changed, and not their
    length where that can be: what comes after is found where it was."""
    for _ in range(chance.randint(1, 3)):
        places = list(_numbers(thrift))
        if not places:
            return thrift
        at, end = chance.choice(places)
        new = chance.choice((_varint(chance.choice(WHOLE)), _padded(chance.choice((0, 1, 2, 3, 9, 63)), end - at)))
        thrift = thrift[:at] + new + thrift[end:]
    return thrift


def _numbers(thrift: bytes) -> Iterator[tuple[int, int]]:
    """Where whole numbers are: after the head of a field of that kind (4 to 6), which says how far the field is."""
    at = 0
    while at < len(thrift) - 1:
        at += 1
        if thrift[at - 1] & 15 in (4, 5, 6) and 0 < thrift[at - 1] >> 4 < 5:
            end = at
            while end < len(thrift) - 1 and thrift[end] & 0x80:
                end += 1
            yield at, end + 1
            at = end + 1


def _varint(number: int) -> bytes:
    bits = (number << 1 ^ number >> 63) & (1 << 64) - 1
    digits = [bits >> shift & 0x7F for shift in range(0, max(bits.bit_length(), 1), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def _padded(number: int, length: int) -> bytes:
    """A number of less than 128, written in so many bytes."""
    return bytes([number | 0x80, *[0x80] * (length - 2), 0]) if length > 1 else bytes([number])


INSIDE: dict[str, Change] = {
    ".json": _json, ".yml": _yaml, ".yaml": _yaml, ".txt": _lines, ".tsv": _lines, ".safetensors": _safetensors,
    ".spm": _spm, ".model": _spm, ".npz": _zip, ".pt": _zip, ".ckpt": _zip, ".bin": _zip, ".npy": _npy,
    ".gz": _packed(gzip.compress, gzip.decompress), ".xz": _packed(lzma.compress, lzma.decompress),
    ".parquet": _parquet,
}  # fmt: skip
