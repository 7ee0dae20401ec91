"""Several worker processes behind one address."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
from pathlib import Path

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

logger = logging.getLogger("serving")

# Where workers keep what they share: their numbers, under the name that prometheus_client knows, and the mapped model.
_SHARED = "PROMETHEUS_MULTIPROC_DIR"


def shared_folder() -> Path | None:
    """The folder that this process shares with other workers; None if it is the only one."""
    folder = os.environ.get(_SHARED)
    return Path(folder) if folder else None


class Workers(Multiprocess):
    """uvicorn's supervisor, which replaces workers that die; here SIGHUP reloads the model in each of them."""

    def handle_hup(self) -> None:
        """Pass the signal on. A worker that still starts needs none: it loads what is there."""
        for worker in self.processes:
            if worker.pid is not None and worker.is_ready(timeout=1):
                os.kill(worker.pid, signal.SIGHUP)

    def keep_subprocess_alive(self) -> None:
        """Replace dead workers, and take their last gauges out of the metrics; what they counted stays."""
        before = {worker.pid for worker in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {worker.pid for worker in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library's


def run(config: uvicorn.Config) -> None:
    """Serve with `config.workers` processes until told to stop; each then finishes what it is answering."""
    with tempfile.TemporaryDirectory(prefix="recsys-serving-") as folder:
        os.environ[_SHARED] = folder
        socket = config.bind_socket()
        Workers(config, sockets=[socket]).run()
        socket.close()


async def stop_with_parent() -> None:
    """In a worker whose parent has died: leave nothing behind, and stop in an orderly way, since nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    while parent.is_alive():
        await asyncio.sleep(1)
    logger.error("the parent process has died; this worker stops")
    if (folder := shared_folder()) is not None:
        shutil.rmtree(folder, ignore_errors=True)
    signal.raise_signal(signal.SIGTERM)
