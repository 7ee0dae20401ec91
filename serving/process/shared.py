"""The folder that workers share: a copy of the model, which all map, and the numbers of each.

Nothing here imports prometheus_client, which looks at the environment once, when it is imported.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path

logger = logging.getLogger("serving")

# The name that prometheus_client knows: where it is set, a process keeps its numbers in files there.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# The library maps its files, makes them longer without taking the room, and a process that then writes where the disk
# is full is ended by SIGBUS. So the room is taken before. This much holds every method, endpoint and status together.
_RESERVED_BYTES = 2 * 2**20
_KINDS = ("counter", "histogram", "gauge_livesum")
_PREFIX = "recsys-serving-"
# Files in memory: a copy of the model takes less time there, and is not written to a disk. Only where there is
# room for the artefact so many times: twice for the server, while it reloads, and as much for others.
_MEMORY, _TIMES = Path("/dev/shm"), 4  # where Linux has them
_YOUNG_SECONDS = 60.0  # for which a folder may be without its owner's lock, which comes just after it


def folder() -> Path | None:
    """The folder that this process shares with other workers; None if it is alone, or could not make one."""
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else None


def make(artifact: Path) -> None:
    """Make a folder that processes started from now on share; without one they do without.

    It is in memory if there is room for the artefact and nobody has named another place (TMPDIR).
    """
    try:
        in_memory = "TMPDIR" not in os.environ and _has_room(artifact)
        if in_memory:
            _remove_abandoned()
        os.environ[_VARIABLE] = made = tempfile.mkdtemp(prefix=_PREFIX, dir=_MEMORY if in_memory else None)
        fcntl.flock(os.open(made, os.O_RDONLY), fcntl.LOCK_EX)  # held as long as this process lives
    except OSError as error:
        logger.warning(
            "workers share neither the model's memory nor their numbers, for want of a temporary folder: %s", error
        )


def _has_room(artifact: Path) -> bool:
    """Whether files in memory have room for an artefact; no, where there is none yet."""
    try:
        size = sum(file.stat().st_size for file in artifact.iterdir())
        return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _TIMES * size
    except OSError:
        return False


def _remove_abandoned() -> None:
    """Remove folders in memory whose server, with all workers, was killed: nobody else would before the next start."""
    for abandoned in _MEMORY.glob(f"{_PREFIX}*"):
        try:
            opened = os.open(abandoned, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(opened).st_mtime > _YOUNG_SECONDS:
                shutil.rmtree(abandoned, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(opened)


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
