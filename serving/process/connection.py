"""HTTP/1.1 on a connection: uvicorn's protocol, with limits on what a client may take and refusals that are answers.

`Connection` overrides methods that uvicorn does not document for it. It was tested on the wire with uvicorn 0.54 and
httptools 0.9; pyproject.toml keeps the next uvicorn out.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import httptools
from typing_extensions import override  # typing's, from Python 3.12 on
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from serving.process.connections import Connections, Limits
from serving.process.request_heads import head_without_offer, is_address
from serving.process.transports import Lingering, Together

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.server import ServerState

_LINGER_SECONDS = 1.0  # for a client to read why it was refused, before what it still sends makes the system reset it


class _Reading(Enum):
    """What of a request is arriving."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class Connection(HttpToolsProtocol):
    """A connection of a client, which `Connections` may end."""

    registry: ClassVar[Connections]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin to read the first request."""
        super().__init__(config, server_state, app_state, _loop)
        self.since = self.loop.time()
        self._limits = self.registry.limits
        self._reading = _Reading.NOTHING
        self._size = 0  # of the head of the request, and of trailers after its body
        self._withheld = 0  # bytes since the parser last gave something: it keeps those of a header until that is whole
        self._deaf = False  # once refused: what still arrives is thrown away
        self._lingers = False
        self._unsent_since: float | None = None
        self._running: RequestResponseCycle | None = None  # the request that is being answered, or was last

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self.registry.opened(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.registry.lost(self)
        if self._running is not None:  # uvicorn tells the last request alone, which may be waiting behind this one
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    # What arrives

    @override
    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._withheld += len(data)
        reading = self._reading
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            self._refuse_what_a_callback_found(error)
        except httptools.HttpParserError as error:
            self.refuse(400, f"This is not HTTP/1.1: {error}.")
        else:
            if self._withheld > self._limits.header_bytes and not self._deaf:
                self._refuse_size()
        if self._reading is not reading:
            self.since = self.loop.time()

    @override
    def on_message_begin(self) -> None:
        self._reading = _Reading.HEAD
        self._size = self._withheld = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser gives up here, and `_go_on_without_upgrade` gives the request to another
        super().on_headers_complete()
        self._reading = _Reading.BODY
        self.headers = []  # trailers must not join the headers, which have been looked at

    @override
    def on_body(self, body: bytes) -> None:
        self._withheld = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._reading = _Reading.NOTHING
        self._withheld = 0
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self._unsent_since = None
        self.since = self.loop.time()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        if cycle.transport is self.transport:
            cycle.transport = Together(self.transport, self.loop)
        super()._start_asgi_task(cycle, app)

    def _count(self, size: int) -> None:
        self._withheld = 0
        self._size += size
        if self._size > self._limits.header_bytes:
            raise _TooLongError

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Read a request as if its client had not offered another protocol, which the parser takes what follows for."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse(405, "This server is no proxy.")
            return
        head = head_without_offer(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.data_received(head + rest)

    # What is refused

    def _refuse_what_a_callback_found(self, error: Exception) -> None:
        if isinstance(error.__context__, _TooLongError):
            self._refuse_size()
        else:
            self.refuse(400, "This is not HTTP/1.1: the address cannot be read.")

    def _refuse_size(self) -> None:
        self.refuse(431, f"The head of the request is too long; this server allows {self._limits.header_bytes} bytes.")

    def refuse(self, status: int, detail: str) -> None:
        """Answer what is arriving, or will, with an error, and close the connection.

        The application answers, so that there are an id, a line in the log, and a count. It finds why in the state of
        the scope; where it waits for more of a body, it is woken.
        """
        self._deaf = True
        if self._reading is _Reading.BODY:
            if self.cycle.response_started:
                self.transport.abort()
            else:
                self.cycle.scope["state"]["refusal"] = (status, detail)
                self.cycle.keep_alive = False
                self.cycle.transport = Lingering(self.transport, self.linger)
                self.cycle.message_event.set()
            return
        if self._reading is _Reading.NOTHING:
            super().on_message_begin()
        named = bool(self.url)  # without an address, the method was not read either
        if not is_address(self.url):
            self.url = b"/"
        self.scope["state"]["refusal"] = (status, detail)
        super().on_headers_complete()
        if not named:
            self.scope["method"] = "-"
        self.cycle.keep_alive = False
        self.cycle.more_body = False
        self.cycle.transport = Lingering(self.transport, self.linger)
        self._reading = _Reading.NOTHING

    def linger(self) -> None:
        """Say that nothing more will be sent, and throw away what arrives for a moment."""
        self._lingers = True
        self.since = self.loop.time()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.flow.resume_reading()

    # What `Connections` asks

    def is_waiting(self) -> bool:
        """Whether it has no whole request that is not answered yet."""
        incomplete = self._reading is _Reading.BODY and not self.pipeline
        return self._lingers or incomplete or not self._is_answering()

    def close(self) -> None:
        """Close it, although its client may be in the middle of a request."""
        self.transport.close()

    def enforce(self, now: float, limits: Limits) -> str | None:
        """End it if it has taken too long; then says why."""
        if self._is_stuck(now, limits.body_seconds):
            self.transport.abort()
            return "slow"
        if self._lingers:
            if now - self.since > _LINGER_SECONDS:
                self.transport.abort()
            return None
        if self.transport.is_closing() or self._deaf:
            return None
        if self._reading is _Reading.HEAD and now - self.since > limits.header_seconds:
            self.refuse(408, f"The head of the request did not arrive within {limits.header_seconds:g} s.")
            return "slow"
        if self._reading is _Reading.BODY and now - self.since > limits.body_seconds:
            self.refuse(408, f"The body did not arrive within {limits.body_seconds:g} s.")
            return "slow"
        idle = self._reading is _Reading.NOTHING and not self._is_answering() and self._unsent_since is None
        if idle and now - self.since > limits.keep_alive_seconds:
            self.transport.close()
            return "idle"
        return None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_stuck(self, now: float, seconds: float) -> bool:
        """Whether an answer has waited too long for its reader."""
        if self.transport.get_write_buffer_size() == 0:
            self._unsent_since = None
        elif self._unsent_since is None:
            self._unsent_since = now
        return self._unsent_since is not None and now - self._unsent_since > seconds

    @override
    def shutdown(self) -> None:
        if self._deaf and not self._is_answering():
            self.transport.abort()
        else:
            super().shutdown()


class _TooLongError(Exception):
    """The head of a request is longer than allowed."""


def connection_class(connections: Connections) -> type[Connection]:
    """The class whose connections are limited together; uvicorn makes one for each client."""
    return type("Connection", (Connection,), {"registry": connections})
