"""Unpacking of streams made of frames: zstd's, which Python has in its standard library from 3.14 on only (the extra
`zstd`), and xz's, whose own reader takes the memory that a frame's header asks for: up to 4 GiB."""

import io
import lzma
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from glassformer.errors import InputError, importing
from glassformer.reading import MIB

STEP = 1024  # packed bytes at a time, so that what they unpack to is bounded: 32 MiB at the very most
MOST_OF_XZ = 256 * MIB  # bytes of memory; `xz -9` needs 65 MiB to be unpacked, and zstd allows 128 by itself
PADDING = b"\0"  # may stand between two frames of xz, and begins none


def open_zstd(packed: BinaryIO) -> io.BufferedReader:
    """The unpacked stream of a packed one. Raises InputError without zstandard."""
    needed = "reading .zst needs zstandard; install it: pip install 'glassformer[zstd]'"
    with importing(lambda _: InputError(needed)):
        import zstandard
    return io.BufferedReader(
        _FrameReader(packed, lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError)
    )


def open_xz(packed: BinaryIO) -> io.BufferedReader:
    """The unpacked stream of a packed one."""
    return io.BufferedReader(_FrameReader(packed, lambda: lzma.LZMADecompressor(memlimit=MOST_OF_XZ), lzma.LZMAError))


class _FrameReader(io.RawIOBase):
    """The unpacked bytes of a stream of frames.

    zstandard's own reader takes a stream that was cut off for one that ends; this one raises EOFError.
    """

    def __init__(self, packed: BinaryIO, new_frame: Callable[[], Any], broken: type[Exception]) -> None:
        self._packed, self._new_frame, self._broken = packed, new_frame, broken
        self._frame: Any = None  # the one that is not at its end
        self._left = io.BytesIO()

    def readable(self) -> bool:
        """A reader can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from the stream, and return how many bytes; 0 at its end."""
        while not (count := self._left.readinto(buffer)) and (packed := self._packed.read(STEP)):
            self._left = io.BytesIO(b"".join(self._unpack(packed)))
        if not count and self._frame:
            raise EOFError("it ends within a frame")
        return count

    def _unpack(self, packed: bytes) -> Iterator[bytes]:
        while packed := packed if self._frame else packed.lstrip(PADDING):
            self._frame = self._frame or self._new_frame()
            try:
                yield self._frame.decompress(packed)
            except self._broken as error:
                raise EOFError(str(error)) from None
            if not self._frame.eof:
                return
            packed, self._frame = self._frame.unused_data, None
