"""The model that answers now, and how another takes its place while the server runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import signal
from pathlib import Path
from typing import NamedTuple

from recsys import freed_memory
from recsys.artifact import ITEMS_FILE, MANIFEST_FILE, MODEL_FILE
from recsys.files import read_regular
from serving.answers.recommender import Recommender
from serving.process.metrics import Metrics

logger = logging.getLogger("serving")

# What was refused for want of a file descriptor, of room or of a permission may be loaded the next time. Attempts go
# on for ever, but each reads the whole artefact, so after a while they are seldom. In seconds:
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


class Signature(NamedTuple):
    """Differs whenever the artefact may be another one."""

    directory: Path
    """Where `latest` and other links on the way lead."""
    files: tuple[tuple[int, ...] | None, ...]
    """Device, inode, size and both times of each file; some copies carry the old modification time, none the change
    time."""
    manifest: str
    """Hash of the manifest: two changes within a tick of the clock have the same times."""


class LoadedModel:
    """Holds one reference to a `Recommender`. Requests take it once; a new artefact replaces it for those to come."""

    def __init__(self, directory: Path, metrics: Metrics, share: Path | None = None) -> None:
        """Remember where artefacts come from, and the folder shared with other workers; nothing is loaded yet."""
        self.current: Recommender | None = None
        self._directory = directory
        self._metrics = metrics
        self._share = share
        self._tried: Signature | None = None
        self._logged = ""  # why the newest artefact was refused
        self._refusals = 0  # since the last model was loaded, or the files last changed

    def reload(self) -> None:
        """Load the artefact; if that fails, the model before stays."""
        signature = _signature(self._directory)
        self._refusals = self._refusals if signature == self._tried else 0
        self._tried = signature
        try:
            loaded = Recommender.from_directory(self._directory, self._share)
        except Exception as error:  # whatever is wrong with new files must not take the old model away
            self._refusals += 1
            self._metrics.refused()
            if self._refusals > 1 and str(error) == self._logged:
                return
            self._logged = str(error)
            kept = f"version {self.current.manifest.version} stays" if self.current else "no model is loaded"
            logger.error("%s: %s", kept, error)
            return
        self._refusals = 0
        self.current = loaded
        freed_memory.give_back()
        self._metrics.loaded(loaded.manifest.version)
        logger.info("version %s is loaded from %s", loaded.manifest.version, self._directory)

    async def follow(self, seconds: float) -> None:
        """Reload on SIGHUP and when the files have changed, until cancelled; looks at them every so many seconds.

        What was refused is tried again: first after a second, then each time after twice as long, up to a minute.
        """
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, asked.set)
        tried = loop.time()
        try:
            while True:
                try:
                    await asyncio.wait_for(asked.wait(), seconds)
                except TimeoutError:
                    again = loop.time() - tried >= self._wait()
                    if not again and await asyncio.to_thread(_signature, self._directory) == self._tried:
                        continue
                else:
                    self._refusals = 0  # whoever asks is told, also what the log has already
                asked.clear()
                tried = loop.time()
                await asyncio.to_thread(self.reload)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    def _wait(self) -> float:
        """Seconds between the last attempt and the next at the same files."""
        if self._refusals == 0:
            return math.inf
        return min(_FIRST_WAIT * (1 << min(self._refusals - 1, 6)), _LONGEST_WAIT)


def _signature(directory: Path) -> Signature:
    try:
        manifest = hashlib.sha256(read_regular(directory / MANIFEST_FILE)).hexdigest()
    except OSError as error:
        manifest = str(error)  # another reason is a change, too
    files = tuple(_file_state(directory / name) for name in (MANIFEST_FILE, MODEL_FILE, ITEMS_FILE))
    return Signature(directory.resolve(), files, manifest)


def _file_state(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
