"""The model that answers now, and how another takes its place while the server runs."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
from pathlib import Path

from recsys.artifact import ITEMS_FILE, MANIFEST_FILE, MODEL_FILE
from serving.metrics import Metrics
from serving.recommender import Recommender

logger = logging.getLogger("serving")

Signature = tuple[tuple[int, int, int] | None, ...]


class LoadedModel:
    """Holds one reference to a `Recommender`. Requests take it once; a new artefact replaces it for those to come."""

    def __init__(self, directory: Path, metrics: Metrics, share: Path | None = None) -> None:
        """Remember where artefacts come from, and the folder shared with other workers; nothing is loaded yet."""
        self.current: Recommender | None = None
        self.problem = "it is being loaded"
        """Why there is no model, or why the newest artefact was refused."""
        self._directory = directory
        self._metrics = metrics
        self._share = share
        self._tried: Signature = ()

    def reload(self) -> None:
        """Load the artefact; if that fails, the model before stays."""
        self._tried = self._signature()
        try:
            loaded = Recommender.from_directory(self._directory, self._share)
        except Exception as error:  # whatever is wrong with new files must not take the old model away
            self.problem = str(error)
            kept = f"version {self.current.manifest.version} stays" if self.current else "no model is loaded"
            logger.error("%s: %s", kept, error)
            self._metrics.refused()
            return
        self.current = loaded
        _give_back_freed_memory()
        self._metrics.loaded(loaded.manifest.version)
        logger.info("version %s is loaded from %s", loaded.manifest.version, self._directory)

    async def follow(self, seconds: float) -> None:
        """Reload on SIGHUP, and when the files have changed, until cancelled; looks at them every so many seconds."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, asked.set)
        try:
            while True:
                try:
                    await asyncio.wait_for(asked.wait(), seconds)
                except TimeoutError:
                    if await asyncio.to_thread(self._signature) == self._tried:
                        continue
                asked.clear()
                await asyncio.to_thread(self.reload)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    def _signature(self) -> Signature:
        """Changes when `latest` points elsewhere, and when a file is replaced or still being copied."""
        return tuple(_of_file(self._directory / name) for name in (MANIFEST_FILE, MODEL_FILE, ITEMS_FILE))


def _give_back_freed_memory() -> None:
    """Make glibc return to the system what the old model and loading the new one took; it would keep most of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none, and need none
    if trim is not None:
        trim(0)


def _of_file(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
