"""API keys: a file of their hashes, made and checked here.

A line of the file is a name, a tab, the SHA-256 of the key, and perhaps a tab and how many requests a minute it may
make. Keys are 256 random bits, which no list of guesses holds: their hash needs neither salt nor slowness.
"""

import errno
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from glassformer.errors import InputError, UsageError
from glassformer.files import saving
from glassformer.reading import MIB, read_regular

SCHEMES = ("bearer", "deepl-auth-key")
LINE = re.compile(r"([^\t]{1,64})\t([0-9a-f]{64})(?:\t([1-9]\d{0,8}))?")


@dataclass(frozen=True)
class Key:
    """Whose key it is; `rate`: requests a minute, where that is its own."""

    name: str
    digest: str
    rate: int | None = None


class Keys:
    """The keys of a file."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Raises InputError for a file that holds no keys, by its line."""
        try:
            lines = read_regular(path, MIB, named=True).decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise InputError(f"{path}: cannot read the keys: {reason}") from error
        keys = []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            found = LINE.fullmatch(line)
            if not found:
                raise InputError(f"{path}:{number}: a line is a name, a tab, the key's SHA-256, perhaps a tab, a rate")
            keys.append(Key(found[1], found[2], int(found[3]) if found[3] else None))
        if not keys:
            raise InputError(f"{path}: no keys in it; make one with --new-key NAME")
        return cls(keys)

    def owner(self, given: str) -> Key | None:
        """The key that is given, if it is one of them. All are compared, each in constant time."""
        digest, found = _digest(given), None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def given_key(request: Request) -> str:
    """The key that a request's head gives: `Authorization: Bearer KEY` (or DeepL-Auth-Key), or `X-API-Key: KEY`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() in SCHEMES else request.headers.get("x-api-key", "")


def add_key(path: Path, name: str, show: Callable[[str], None]) -> None:
    """Make a key, show it, and add its hash to the file, which only its owner may read: the key is nowhere else.

    Where it cannot be shown the file stays as it was: it never has a key that nobody knows.
    """
    if not re.fullmatch(r"[\w.@ -]{1,64}", name) or not name.strip():
        raise UsageError(f"--new-key '{name}': a name has letters, digits and . @ - _, at most 64")
    before = read_regular(path, MIB, named=True) if path.exists() else b""
    if before and any(key.name == name for key in Keys.read(path)._keys):
        raise InputError(f"{path}: has a key of {name} already; remove its line first")
    key = secrets.token_urlsafe(32)
    show(key)
    begin = "" if before.endswith(b"\n") or not before else "\n"  # an editor may have left the last line open
    line = f"{begin}{name}\t{_digest(key)}\n".encode()
    with saving(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "ab", buffering=0) as file:  # noqa: PTH123
            if (count := file.write(line)) < len(line):  # half a line would make all keys unreadable
                file.truncate(file.tell() - count)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
