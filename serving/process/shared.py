"""The folder that workers share: a copy of the model, which all map, and the numbers of each.

Nothing here imports prometheus_client, which looks at the environment once, when it is imported.
"""

from __future__ import annotations

import logging
import os
import shutil
import struct
import tempfile
from pathlib import Path

logger = logging.getLogger("serving")

# The name that prometheus_client knows: where it is set, a process keeps its numbers in files there.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# The library maps its files, makes them longer without taking the room, and a process that then writes where the disk
# is full is ended by SIGBUS. So the room is taken before. This much holds every method, endpoint and status together.
_RESERVED_BYTES = 2 * 2**20
_KINDS = ("counter", "histogram", "gauge_livesum")


def folder() -> Path | None:
    """The folder that this process shares with other workers; None if it is alone, or could not make one."""
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else None


def make() -> None:
    """Make a folder that processes started from now on share; without one they do without."""
    try:
        os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="recsys-serving-")
    except OSError as error:
        logger.warning(
            "workers share neither the model's memory nor their numbers, for want of a temporary folder: %s", error
        )


def reserve_numbers() -> None:
    """Take room for this process's numbers before prometheus_client is imported; without room, share nothing."""
    shared = folder()
    if shared is None:
        return
    files = [shared / f"{kind}_{os.getpid()}.db" for kind in _KINDS]
    try:
        for file in files:
            with file.open("xb") as opened:
                os.posix_fallocate(opened.fileno(), 0, _RESERVED_BYTES)
    except OSError as error:
        for file in files:
            file.unlink(missing_ok=True)
        del os.environ[_VARIABLE]
        logger.warning("this worker keeps model and numbers to itself, since %s has no room: %s", shared, error)


def give_back_room(pid: int) -> None:
    """Keep of the files of a worker that has ended what it has counted."""
    shared = folder()
    if shared is None:
        return
    for kind in _KINDS:
        try:
            with (shared / f"{kind}_{pid}.db").open("r+b") as file:
                (used,) = struct.unpack("i", file.read(4))  # how the library begins its files
                file.truncate(max(used, 4))
        except (OSError, struct.error):
            continue  # there is none, or nothing in it


def remove() -> None:
    """Remove the folder with all that is in it."""
    shared = folder()
    if shared is not None:
        shutil.rmtree(shared, ignore_errors=True)
