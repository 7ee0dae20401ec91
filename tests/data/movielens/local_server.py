"""A web server on this machine, which counts what it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override

from data.movielens.publisher import HttpLimits

Respond = Callable[[BaseHTTPRequestHandler], None]

# Nobody listens on port 1: the service it is reserved for has died out.
NOBODY = "http://127.0.0.1:1/file.zip"

IMPATIENT = HttpLimits(connect_timeout=0.5, connect_retries=0, read_timeout=0.3, read_retries=1, backoff=0.01)


class Server:
    """Answers every GET with `respond`, for as long as it is the context of a with statement."""

    def __init__(self, respond: Respond) -> None:
        self.asked_for: list[str] = []
        asked_for = self.asked_for

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked_for.append(self.path)
                respond(self)

            @override
            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.address}/file.zip"

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Serve in the background."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def whole(content: bytes) -> Respond:
    """Answer with all of `content`."""
    return promised(content, len(content))


def promised(content: bytes, length: int) -> Respond:
    """Answer with `content`, after announcing `length` bytes."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(content)

    return respond


def refusal(status: int) -> Respond:
    """Answer with an HTTP status and nothing else."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return respond
