"""Where lines of the log go: into memory, from where a thread writes them, so that no reader can stop an answer."""

from __future__ import annotations

import atexit
import logging
import os
import select
import threading
from collections import deque

from typing_extensions import override

# What a reader that stalls costs in memory; at full load some ten seconds of lines. Then lines are lost, and counted.
_MOST_BYTES = 16 * 2**20
# Up to so many bytes (PIPE_BUF) a write to a pipe is never mixed with another's, so workers can share one.
_ATOMIC = 4096
# Lines wait so long to be written together; a thread that is woken for each would take a tenth of the answers.
_GATHER_SECONDS = 0.02
# An orderly end waits so long for a reader, who may have stalled for ever.
_SECONDS_TO_FINISH = 1.0


class LogWriter:
    """Writes lines to a file descriptor from a thread of its own, and never waits for it."""

    def __init__(self, descriptor: int) -> None:
        """Say where lines go. The thread begins with the first line, so none is there when a process forks before."""
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._thread: threading.Thread | None = None
        self._some = threading.Event()
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self.lost = 0
        """Lines that could not be kept, or not be written."""

    def add(self, line: bytes) -> None:
        """Add a line, which ends with a line break; it is lost if too much waits already."""
        if self._waiting_bytes + len(line) > _MOST_BYTES:
            self.lost += 1
            return
        with self._lock:
            self._waiting_bytes += len(line)
            self._lines.append(line)
        if not self._some.is_set():
            self._some.set()
            if self._thread is None:
                self._begin()

    def close(self) -> None:
        """Write what has been added, or give up after a second."""
        self._ends.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(_SECONDS_TO_FINISH)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                # A daemon: one that waits for a reader must not keep the process from ending.
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not (self._ends.is_set() and not self._lines):
            self._some.wait()
            self._ends.wait(_GATHER_SECONDS)
            self._some.clear()
            self._write_waiting()

    def _write_waiting(self) -> None:
        while self._lines:
            piece, count = self._next_piece()
            try:
                _write(self._descriptor, piece)
            except OSError:  # a full disk, or a reader that is gone
                self.lost += count

    def _next_piece(self) -> tuple[bytes, int]:
        """Take lines of up to `_ATOMIC` bytes together, or one longer line; how many they are."""
        with self._lock:
            piece, count = self._lines.popleft(), 1
            while self._lines and len(piece) + len(self._lines[0]) <= _ATOMIC:
                piece += self._lines.popleft()
                count += 1
            self._waiting_bytes -= len(piece)
        return piece, count


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # somebody else made the descriptor one that does not wait
            select.select([], [descriptor], [])


class _Handler(logging.Handler):
    """Hands the records of Python's logging to a writer."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.add(self.format(record).encode(errors="backslashreplace") + b"\n")
        except Exception:  # as every handler does: a bad record must not stop what is logged
            self.handleError(record)


ACCESS = LogWriter(1)
"""The access log, on standard output."""
MESSAGES = LogWriter(2)
"""What the server says of itself, on standard error."""


def lost() -> int:
    """Lines of both logs that this process has lost."""
    return ACCESS.lost + MESSAGES.lost


def install() -> None:
    """Let all that is logged in this process go through the writers, also what libraries log."""
    handler = _Handler(MESSAGES)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.raiseExceptions = False  # which would be written past the writers
    atexit.register(ACCESS.close)
    atexit.register(MESSAGES.close)
