"""How many connections there may be, how long each may take, and which one makes room for another."""

from __future__ import annotations

import asyncio
import logging
import resource
from pathlib import Path
from typing import NamedTuple, Protocol

from serving.process.metrics import Metrics
from serving.settings import Settings

logger = logging.getLogger("serving")

# Of the file descriptors that the system allows: for artefacts that are loaded, log files, and connections that are
# closed but not yet gone.
_RESERVED_DESCRIPTORS = 32
_REFUSED_AT_ONCE = 16  # connections beyond the limit that are told so; more are closed without a word
_LOOK_SECONDS = 0.25  # limits are in seconds, and looking at a thousand connections takes a fraction of a millisecond
_LOG_SECONDS = 10.0  # between two lines about the same; the metrics count each connection


class Limits(NamedTuple):
    """What one client may take of a process."""

    header_bytes: int
    header_seconds: float
    body_seconds: float
    keep_alive_seconds: float
    connections: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """The limits that settings name, with no more connections than the system has file descriptors for."""
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        possible = max(1, allowed - len(list(Path("/dev/fd").iterdir())) - _RESERVED_DESCRIPTORS)
        if possible < settings.max_connections:
            logger.warning(
                "at most %d connections, not RECSYS_MAX_CONNECTIONS=%d: the system allows %d open files (ulimit -n)",
                possible,
                settings.max_connections,
                allowed,
            )
        return cls(
            settings.max_header_bytes,
            settings.header_seconds,
            settings.body_seconds,
            settings.keep_alive_seconds,
            min(settings.max_connections, possible),
        )


class Limited(Protocol):
    """A connection, as the limits see it."""

    since: float
    """When it began to do what it does now, in seconds of the event loop's clock."""

    def is_waiting(self) -> bool:
        """Whether it has no whole request that is not answered yet."""

    def enforce(self, now: float, limits: Limits) -> str | None:
        """End it if it has taken too long; then says why."""

    def close(self) -> None:
        """Close it, although its client may be in the middle of a request."""

    def refuse(self, status: int, detail: str) -> None:
        """Answer its next request, before it comes, and close it."""


class Connections:
    """The open connections of a process. They are looked at now and then, so that a request costs no timer."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        """Begin with none."""
        self.limits = limits
        self._metrics = metrics
        self._open: dict[Limited, None] = {}  # in order, which decides where many came within a millisecond
        self._looks = False
        self._unsaid: dict[str, int] = {}  # connections of each reason that the log has not told of
        self._said = float("-inf")

    def opened(self, connection: Limited) -> None:
        """Take a connection in. Where there are too many, the one that has waited longest makes room."""
        if len(self._open) >= self.limits.connections:
            self._make_room(connection)
        self._open[connection] = None
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def lost(self, connection: Limited) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)

    def _make_room(self, connection: Limited) -> None:
        if len(self._open) >= self.limits.connections + _REFUSED_AT_ONCE:
            self._count("refused")
            connection.close()
            return
        waiting = min((one for one in self._open if one.is_waiting()), key=lambda one: one.since, default=None)
        if waiting is None:
            self._count("refused")
            connection.refuse(503, f"All {self.limits.connections} connections of this server are busy; try again.")
            return
        self._count("room")
        del self._open[waiting]
        waiting.close()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in tuple(self._open):
            reason = connection.enforce(now, self.limits)
            if reason is not None:
                self._count(reason)
        self._say(now)
        self._looks = bool(self._open or self._unsaid)
        if self._looks:
            loop.call_later(_LOOK_SECONDS, self._look)

    def _count(self, reason: str) -> None:
        self._metrics.ended_connection(reason)
        if reason != "idle":  # which is how connections should end
            self._unsaid[reason] = self._unsaid.get(reason, 0) + 1

    def _say(self, now: float) -> None:
        if self._unsaid and now - self._said >= _LOG_SECONDS:
            for reason, count in self._unsaid.items():
                logger.warning(_REASONS[reason], count, self.limits.connections)
            self._unsaid.clear()
            self._said = now


_REASONS = {
    "room": "waiting connections closed to make room for others: %d; there may be %d (RECSYS_MAX_CONNECTIONS)",
    "refused": "connections refused: %d; all %d are busy (RECSYS_MAX_CONNECTIONS)",
    "slow": "connections ended that took longer than the time limits of the settings: %d; there may be %d",
}
