"""A route that answers right requests at once, and leaves wrong ones to FastAPI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send


class DirectRoute(APIRoute):
    """A route whose endpoint takes one model, from the query or a JSON body, dependencies, and gives a `Response`.

    FastAPI looks at each field of a query by itself, and reads a body into Python values that it then validates; for a
    short answer this takes several times as long as the answer. Here the model's own validator reads the query or the
    bytes of the body. What it accepts FastAPI accepts, with the same values; whatever it refuses, or is written in an
    unusual way, goes to FastAPI, which answers it or says what is wrong. The documentation is FastAPI's either way.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Find the endpoint's model and its dependencies.

        Raises:
            TypeError: the endpoint does not take exactly one model, or a dependency has dependencies.
        """
        super().__init__(path, endpoint, **options)
        fields = [*self.dependant.query_params, *self.dependant.body_params]
        if len(fields) != 1 or any(dependency.dependencies for dependency in self.dependant.dependencies):
            raise TypeError(f"{path} needs exactly one model, and plain dependencies, to be a direct route")
        self._name = fields[0].name
        self._validator = TypeAdapter(fields[0].field_info.annotation).validator
        self._has_body = bool(self.dependant.body_params)
        self._dependencies = [(str(needed.name), needed.call) for needed in self.dependant.dependencies]

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        if self._has_body:
            body, receive = await _read(receive)
            model = self._from_json(scope, body)
        else:
            model = self._from_query(scope["query_string"])
        if model is None:
            await super().handle(scope, receive, send)
            return
        request = Request(scope)
        values = {name: await depend(request) for name, depend in self._dependencies if depend}
        response = await self.endpoint(**{self._name: model}, **values)
        await response(scope, receive, send)

    def _from_query(self, query: bytes) -> object:
        if b"%" in query or b"+" in query or not query.isascii():
            return None
        parts = query.decode("ascii").split("&")
        try:
            given = dict(part.split("=") for part in parts)
            return self._validator.validate_python(given) if len(given) == len(parts) else None
        except ValueError:  # ValidationError is one, too
            return None

    def _from_json(self, scope: Scope, body: bytes) -> object:
        if (b"content-type", b"application/json") not in scope["headers"]:
            return None
        try:
            return self._validator.validate_json(body)
        except ValidationError:
            return None


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a `receive` that gives it again, or the end of the connection if that came first."""
    message = await receive()
    if message["type"] == "http.request" and message.get("more_body"):
        parts = [message.get("body", b"")]
        while message["type"] == "http.request" and message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
        if message["type"] == "http.request":
            message = {"type": "http.request", "body": b"".join(parts), "more_body": False}
    first: Message | None = message

    async def again() -> Message:
        nonlocal first
        given, first = first, None
        return given if given is not None else await receive()

    return message.get("body", b""), again
