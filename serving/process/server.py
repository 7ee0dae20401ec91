"""One process that answers: where it listens, with which limits, and how it ends."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import stat
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override

from serving.process import shared
from serving.process.connection import connection_class
from serving.process.connections import Connections, Limits
from serving.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger("serving")

# Requests that are being answered get this long when the server is told to stop; a full batch takes below a second.
SECONDS_TO_FINISH = 10
_TICKS_OF_A_SIGN = 10  # uvicorn ticks ten times a second
_BACKLOG = 2048  # connections that the system keeps while the server is busy; uvicorn's default


class ListenError(Exception):
    """The server cannot listen where it is told to."""


def listen(settings: Settings) -> socket.socket:
    """Open the socket that clients connect to.

    Raises:
        ListenError: the address is taken, or is none of this machine; says which.
    """
    try:
        return _listen_at_path(settings.uds) if settings.uds else _listen_at_port(settings.host, settings.port)
    except OSError as error:
        where = settings.uds or f"{settings.host}:{settings.port}"
        # Python adds the address to the system's words, which stands there already; not to those of a name's lookup.
        said = str(error) if isinstance(error, socket.gaierror) or not error.errno else os.strerror(error.errno)
        raise ListenError(f"cannot listen on {where}: {said}") from error


def _listen_at_port(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def _listen_at_path(path: Path) -> socket.socket:
    """A Unix socket, in place of one whose server is gone."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _is_served(path):
            path.unlink()
        listening.bind(str(path))
        path.chmod(0o666)  # as anyone on this machine can reach a port; who may enter its folder can be fewer
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) != errno.ECONNREFUSED


class Server(uvicorn.Server):
    """uvicorn's server, which says that it will stop before it does, and ends with status 0."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, drain_seconds: float, parent: socket.socket | None
    ) -> None:
        """Say what to serve, how long to go on once told to stop, and whom to tell that this process answers."""
        super().__init__(config)
        self._app = app
        self._parent = parent
        self._drain_seconds = drain_seconds
        self._stop_at: float | None = None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM, go on for a while without being ready, so that nobody sends more; on SIGINT, or then, stop."""
        self.should_exit = self._app.state.stopping or sig == signal.SIGINT or not self._drain_seconds
        self._app.state.stopping = True

    @override
    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: tell the parent that this process answers, and look whether it is time to stop."""
        if self._parent is not None and counter % _TICKS_OF_A_SIGN == 0 and not _tell(self._parent):
            logger.error("the parent process has died; this worker stops")
            shared.remove()  # nobody else would
            self._parent, self.should_exit = None, True
        if self._app.state.stopping and self._stop_at is None:
            self._stop_at = time.monotonic() + self._drain_seconds
            logger.info("told to stop: no longer ready, answering for another %g s", self._drain_seconds)
        self.should_exit |= self._stop_at is not None and time.monotonic() >= self._stop_at
        return await super().on_tick(counter)


def _tell(parent: socket.socket) -> bool:
    """Say that this process answers; whether the parent is still there."""
    try:
        parent.send(b".", socket.MSG_DONTWAIT)
    except BlockingIOError:
        pass  # it does not listen just now
    except OSError:
        return False
    return True


def serve(settings: Settings, app: FastAPI, listening: socket.socket, parent: socket.socket | None = None) -> None:
    """Answer whoever connects to a socket until told to stop; then finish what is being answered.

    As long as it answers, it says so to `parent` once a second, and it stops when that end is closed.
    """
    connections = Connections(Limits.from_settings(settings), app.state.metrics)
    config = uvicorn.Config(
        app,
        http=connection_class(connections),
        ws="none",  # there are none; an offer of one is ignored, as of HTTP/2
        lifespan="on",
        log_config=None,  # `serving.process.log` is in place
        access_log=False,  # `Access` writes it, as JSON
        proxy_headers=settings.forwarded_allow_ips is not None,
        forwarded_allow_ips=list(settings.forwarded_allow_ips or ()),
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )
    gc.freeze()  # modules and routes stay, and looking for garbage among them takes long
    Server(config, app, settings.drain_seconds, parent).run(sockets=[listening])
