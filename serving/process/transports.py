"""What an answer is written to in place of the connection's own transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from typing_extensions import override

Data = bytes | bytearray | memoryview


class Together(asyncio.Transport):
    """Sends the head of an answer with the begin of its body, if that is there at once: one call of the system."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Take the connection's transport."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: Data | None = None  # the first of what is written, until it is sent

    @override
    def write(self, data: Data) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self._send)
        else:
            self._send(data)

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self, more: Data = b"") -> None:
        data = b"".join((self._held, more)) if self._held else more
        self._held = b""
        if data:
            self._transport.write(data)


class Lingering(asyncio.Transport):
    """Lets a refused client read its answer: closing the connection at once could take the answer away."""

    def __init__(self, transport: asyncio.Transport, linger: Callable[[], None]) -> None:
        """Take the connection's transport, and what takes the place of closing it."""
        super().__init__()
        self._transport = transport
        self._linger = linger

    @override
    def write(self, data: Data) -> None:
        self._transport.write(data)

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def close(self) -> None:
        self._linger()
