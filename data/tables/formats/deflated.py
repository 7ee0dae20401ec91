"""What gzip and zip have packed, unpacked by ISA-L, which is faster than zlib."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from typing import IO, Any
from zipfile import ZipInfo

from isal import igzip, isal_zlib
from typing_extensions import override

FAULTS: tuple[Any, ...] = (igzip.BadGzipFile, isal_zlib.error, EOFError)
"""What is raised while bytes are read that cannot be unpacked."""
_LENGTHS = struct.Struct("<26xHH")  # of a member's name and of other facts, which stand behind them
_HEAD = b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # of a gzip file of which no name, time nor system is known
_BLOCK = 1 << 19  # bytes


def gunzipped(packed: IO[bytes]) -> igzip.IGzipFile:
    """The unpacked bytes of a gzip file, which may be of several pieces.

    Args:
        packed: the file, at its beginning.
    """
    return igzip.IGzipFile(mode="rb", fileobj=packed)  # type: ignore[no-untyped-call]


def unzipped(archive: IO[bytes], member: ZipInfo) -> igzip.IGzipFile:
    """The unpacked bytes of a deflated member of a zip archive; its length and checksum are tested at their end.

    Args:
        archive: the whole file.
        member: what the archive says of it; it is deflated, not encrypted, and begins where the archive says.
    """
    archive.seek(member.header_offset)
    archive.seek(sum(_LENGTHS.unpack(archive.read(_LENGTHS.size))), os.SEEK_CUR)
    return gunzipped(_Joined(_as_gzip(archive, member)))  # type: ignore[arg-type]  # reads as a file does


def _as_gzip(archive: IO[bytes], member: ZipInfo) -> Iterator[bytes]:
    """The pieces of a gzip file that holds what a member does: the deflated bytes are the same in both forms."""
    yield _HEAD
    left = member.compress_size
    while left and (piece := archive.read(min(left, _BLOCK))):
        left -= len(piece)
        yield piece
    yield struct.pack("<II", member.CRC, member.file_size & 0xFFFFFFFF)


class _Joined(io.RawIOBase):
    """Pieces of bytes as one file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ahead = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        ahead = self._ahead or next(self._pieces, b"")
        data, self._ahead = ahead[: len(buffer)], ahead[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
