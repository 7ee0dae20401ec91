"""What every request gets, whatever it asks: an id, the version that answers, a line in the log, and to be counted.

HEAD is answered everywhere as GET is, without the body, which the server leaves out.
"""

from __future__ import annotations

import logging
import os
import re
import time

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.process.loaded_model import LoadedModel
from serving.process.log import LogWriter
from serving.process.metrics import Metrics
from serving.routes.errors import error

logger = logging.getLogger("serving")

# What may come back in a header and stand in a log; anything else is replaced by an id made here.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# nginx's number for a client that hung up before it was answered; HTTP has none.
_CLIENT_GONE = 499
# An answer is for who asked, under a key that caches do not know, and of a model that may be replaced at any time.
_NOT_STORED = ((b"cache-control", b"no-store"),)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Access:
    """Outermost layer of the application. Takes the model once for a request, so that all of an answer is of one."""

    def __init__(self, app: ASGIApp, model: LoadedModel, metrics: Metrics, log: LogWriter) -> None:
        """Wrap an application."""
        self._app = app
        self._model = model
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        recommender = self._model.current
        version = recommender.manifest.version if recommender else None
        request_id = _request_id(scope)
        added = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
        if version:
            added.append((b"x-model-version", version.encode()))
        scope.setdefault("state", {})["recommender"] = recommender
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        status = 0
        gone = False

        async def receive_while_there() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or (message["type"] == "http.disconnect" and not status)
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                stored = () if any(name == b"cache-control" for name, _ in headers) else _NOT_STORED
                message["headers"] = [*headers, *added, *stored]
            await send(message)

        try:
            refusal = scope["state"].get("refusal")  # by the connection, of what it cannot read
            answer = self._app if refusal is None else error(scope["path"], *refusal)
            await answer(asked, receive_while_there, send_with_headers)
        except Exception:
            if gone:
                return  # nobody is left to be answered, and nothing is wrong with the server
            logger.exception("request %s failed", request_id)
            if status:
                raise  # half an answer is out; closing the connection is all that is left
            detail = f"The server failed; its log says why under {request_id}."
            await error(scope["path"], 500, detail)(scope, receive, send_with_headers)
        finally:
            status = _CLIENT_GONE if gone else status
            seconds = time.perf_counter() - begun
            endpoint = getattr(asked.get("endpoint"), "__name__", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.answered(method, endpoint, status, seconds)
            client = scope.get("client")
            # Without headers and query: those may carry what is nobody's business.
            line = {
                "time": round(time.time(), 3),
                "request_id": request_id,
                "client": client[0] if client else None,
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "milliseconds": round(seconds * 1000, 3),
                "version": version,
            }
            self._log.add(to_json(line) + b"\n")


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            given: str = value.decode("ascii")
            return given
    return os.urandom(16).hex()
