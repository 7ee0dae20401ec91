"""The access log: lines of JSON on a stream, written together when the server has a moment."""

from __future__ import annotations

import asyncio
import logging
from typing import BinaryIO

from pydantic_core import to_json

logger = logging.getLogger("serving")

# Up to so many bytes (PIPE_BUF) a write to a pipe is never mixed with another's, so workers can share one.
_ATOMIC = 4096


class AccessLog:
    """Writes the lines of all requests that were answered in one turn of the event loop, after that turn."""

    def __init__(self, stream: BinaryIO) -> None:
        """Say where lines go."""
        self._stream = stream
        self._lines: list[bytes] = []

    def add(self, line: dict[str, object]) -> None:
        """Add a line; it is written in the next turn of the running event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(to_json(line) + b"\n")

    def flush(self) -> None:
        """Write what has not been written."""
        lines, self._lines = self._lines, []
        try:
            for begin, end in _pieces(lines):
                self._stream.write(b"".join(lines[begin:end]))
                self._stream.flush()
        except OSError as error:  # a full disk or a reader that is gone must not end the service
            logger.error("%d lines of the access log are lost: %s", len(lines), error)


def _pieces(lines: list[bytes]) -> list[tuple[int, int]]:
    """Ranges of lines of up to `_ATOMIC` bytes together; a longer line is a range of its own."""
    pieces, begin, size = [], 0, 0
    for end, line in enumerate(lines):
        if size and size + len(line) > _ATOMIC:
            pieces.append((begin, end))
            begin, size = end, 0
        size += len(line)
    return [*pieces, (begin, len(lines))] if lines else []
