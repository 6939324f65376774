"""Unpacking of zstd, which Python has in its standard library from 3.14 on only: the extra `zstd`."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from glassformer.errors import InputError

STEP = 1024  # packed bytes at a time, so that what they unpack to is bounded: 32 MiB at the very most


def open_zstd(packed: BinaryIO) -> io.BufferedReader:
    """The unpacked stream of a packed one. Raises InputError without zstandard."""
    return io.BufferedReader(_ZstdReader(packed))


class _ZstdReader(io.RawIOBase):
    """The unpacked bytes of a stream of zstd frames.

    zstandard's own reader takes a stream that was cut off for one that ends; this one raises EOFError.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed, self._frame, self._open = packed, _decompressor(), False
        self._left = io.BytesIO()

    def readable(self) -> bool:
        """A reader can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from the stream, and return how many bytes; 0 at its end."""
        while not (count := self._left.readinto(buffer)) and (packed := self._packed.read(STEP)):
            self._left = io.BytesIO(b"".join(self._unpack(packed)))
        if not count and self._open:
            raise EOFError("it ends within a frame")
        return count

    def _unpack(self, packed: bytes) -> Iterator[bytes]:
        import zstandard

        while packed:
            if not self._open:
                self._frame, self._open = _decompressor(), True
            try:
                yield self._frame.decompress(packed)
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from None
            packed = self._frame.unused_data if self._frame.eof else b""
            self._open = not self._frame.eof


def _decompressor() -> Any:
    try:
        import zstandard
    except ImportError:
        raise InputError("reading .zst needs zstandard; install it: pip install 'glassformer[zstd]'") from None
    return zstandard.ZstdDecompressor().decompressobj()
