"""Write a file so that it is whole or not there, whatever stops the process; read one that may be anything."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `path`, wait until it is on the disk, and rename it.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; what stood at `path` is unchanged.
    """
    with written_atomically(path) as file:
        file.write(data)


@contextmanager
def written_atomically(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; at the end of the block, when all of it is on the disk, it gets the name `path`.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; what stood at `path` is unchanged, as it is if
            the block raises anything.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".writing-{uuid.uuid4().hex}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as cause:  # a failed write() does not say of which file
        raise OSError(cause.errno, cause.strerror, str(path)) from cause
    finally:
        unfinished.unlink(missing_ok=True)


def read_regular(path: Path) -> bytes:
    """Read a regular file, or what a link to one holds; a pipe could wait for ever, and a device never end.

    Raises:
        OSError: there is none, it cannot be read, or it is something else.
    """
    with open_regular(path) as file:
        return file.read()


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or what a link to one leads to, for reading, as `read_regular` does."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return path.open("rb")
