"""Write a file so that it is whole or not there, whatever stops the process."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `path`, wait until it is on the disk, and rename it.

    Raises:
        OSError: the folder cannot be written to; what stood at `path` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".writing-{uuid.uuid4().hex}")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
