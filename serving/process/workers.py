"""Several worker processes behind one address: started, watched, replaced when they die, and ended together."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from serving.process import shared
from serving.process.server import SECONDS_TO_FINISH
from serving.settings import Settings

logger = logging.getLogger("serving")

# A worker that answers says so every second. One that has not for so long answers nobody; loading a model on a machine
# that swaps has been seen to hold one up for some seconds.
_SECONDS_OF_SILENCE = 60.0
_LONGEST_WAIT = 30.0  # seconds before another worker is started where none comes up
_LOOK_SECONDS = 0.2
_MARGIN = 5.0  # seconds that ending takes beyond what workers are given


class _Worker:
    """A worker process. It sends a byte a second over a socket once it answers, and ends when that is closed."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        descriptors = (listening.fileno(), theirs.fileno())
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serving.process.worker", *map(str, descriptors)], pass_fds=descriptors
            )
        except OSError:
            self._socket.close()
            raise
        finally:
            theirs.close()
        self.pid = self.process.pid
        self.answers = False
        self.reload_when_ready = False
        self._heard = time.monotonic()

    def hear(self) -> None:
        """Note whether it has said that it answers."""
        with suppress(BlockingIOError, ConnectionError):
            if self._socket.recv(4096):
                self.answers, self._heard = True, time.monotonic()
                if self.reload_when_ready:
                    self.send(signal.SIGHUP)
                    self.reload_when_ready = False

    def send(self, sig: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        self.process.send_signal(sig)

    def reload(self) -> None:
        """Make it load the artefact anew, if need be as soon as it answers."""
        if self.answers:
            self.send(signal.SIGHUP)
        else:
            self.reload_when_ready = True

    def overdue(self, startup_seconds: float) -> str | None:
        """Why it is to be killed, if it is."""
        silent = time.monotonic() - self._heard
        if not self.answers and silent > startup_seconds:
            return f"it did not start within {startup_seconds:g} s (RECSYS_STARTUP_SECONDS)"
        if self.answers and silent > _SECONDS_OF_SILENCE:
            return f"it has answered nothing for {silent:.0f} s"
        return None

    def close(self) -> None:
        """Forget a worker that has ended."""
        self._socket.close()
        shared.give_back_room(self.pid)
        if (folder := shared.folder()) is not None:
            mark_process_dead(self.pid, str(folder))  # type: ignore[no-untyped-call]  # the library's


class Supervisor:
    """Keeps so many workers running as the settings name."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        """Say what workers are given; none is started yet."""
        self._settings = settings
        self._listening = listening
        self._workers: list[_Worker] = []
        self._signals: list[int] = []
        self._failures = 0  # workers that never answered, one after the other
        self._next_start = 0.0
        self._kill_at: float | None = None  # set once told to stop

    def run(self) -> None:
        """Serve until told to stop and all workers have ended."""
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(sig, self._note)
        while self._kill_at is None or self._workers:
            while self._signals:
                self._obey(signal.Signals(self._signals.pop(0)))
            self._look_after()
            if self._kill_at is None:
                self._start_missing()
            time.sleep(_LOOK_SECONDS)

    def _note(self, sig: int, frame: FrameType | None) -> None:
        self._signals.append(sig)

    def _obey(self, sig: signal.Signals) -> None:
        if sig == signal.SIGHUP:
            for worker in self._workers:
                worker.reload()
            return
        again = self._kill_at is not None
        drain = 0.0 if again or sig == signal.SIGINT else self._settings.drain_seconds
        self._kill_at = time.monotonic() + drain + SECONDS_TO_FINISH + _MARGIN
        logger.info("%s: stopping %d workers", sig.name, len(self._workers))
        for worker in self._workers:
            worker.send(signal.SIGINT if again else sig)

    def _look_after(self) -> None:
        for worker in tuple(self._workers):
            worker.hear()
            status = worker.process.poll()
            if status is not None:
                self._ended(worker, status)
                continue
            reason = worker.overdue(self._settings.startup_seconds)
            if self._kill_at is not None:
                reason = "it did not stop in time" if time.monotonic() > self._kill_at else None
            if reason is not None:
                logger.error("worker %d is killed: %s", worker.pid, reason)
                worker.send(signal.SIGKILL)

    def _ended(self, worker: _Worker, status: int) -> None:
        self._workers.remove(worker)
        worker.close()
        if self._kill_at is not None:
            return
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        self._failures = 0 if worker.answers else self._failures + 1
        wait = min(2.0 ** min(self._failures - 1, 5), _LONGEST_WAIT) if self._failures else 0.0
        self._next_start = time.monotonic() + wait
        logger.error("worker %d ended %s; another is started%s", worker.pid, how, f" in {wait:g} s" if wait else "")

    def _start_missing(self) -> None:
        while len(self._workers) < self._settings.workers and time.monotonic() >= self._next_start:
            try:
                self._workers.append(_Worker(self._listening))
            except OSError as error:
                self._failures += 1
                self._next_start = time.monotonic() + _LONGEST_WAIT
                logger.error("a worker cannot be started, which is tried again in %g s: %s", _LONGEST_WAIT, error)


def run(settings: Settings, listening: socket.socket) -> None:
    """Serve with several processes until told to stop; each then finishes what it is answering."""
    shared.make(settings.artifact)
    try:
        logger.info("process %d starts %d workers", os.getpid(), settings.workers)
        Supervisor(settings, listening).run()
    finally:
        shared.remove()
