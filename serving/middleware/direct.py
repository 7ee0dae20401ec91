"""Answers right requests to a few busy routes at once, and leaves all others to FastAPI."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.routes.protocol import DirectRoute

_JSON = (b"content-type", b"application/json")


class DirectRoutes:
    """A layer around FastAPI that calls the endpoints of some routes itself.

    FastAPI looks at each field of a query by itself, and reads a body into Python values that it then validates; with
    its search for the route this takes several times as long as a short answer. Here the path is looked up, and the
    model's own validator reads the query or the bytes of the body. What it accepts FastAPI would accept, too, with the
    same values. A request that it refuses, that is written in an unusual way, or that the endpoint refuses goes to
    FastAPI as if nothing had happened, and is answered, or told what is wrong, there; so endpoints must only read, or
    do no more when they are called twice.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[tuple[str, str], DirectRoute]) -> None:
        """Wrap an application that has these routes too, by method and path."""
        self._app = app
        endpoints = {asked: _Endpoint(route, reads_body=asked[0] != "GET") for asked, route in routes.items()}
        self._routes = {asked: endpoint for asked, endpoint in endpoints.items() if "{" not in asked[1]}
        self._with_ids: dict[str, list[tuple[re.Pattern[str], _Endpoint]]] = {}
        for (method, path), endpoint in endpoints.items():
            if "{" in path:
                self._with_ids.setdefault(method, []).append((compile_path(path)[0], endpoint))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route, ids = self._route(scope) if scope["type"] == "http" else (None, ())
        if route is None:
            await self._app(scope, receive, send)
            return
        if route.reads_body and _declared(scope):
            body, receive = await _read(receive)
        else:
            body = b""
        response = await route.answer(scope, ids, body)
        if response is None:
            await asyncio.sleep(0)  # a long request is about to be read for the second time
        await (response or self._app)(scope, receive, send)

    def _route(self, scope: Scope) -> tuple[_Endpoint | None, tuple[str, ...]]:
        """The route at an address, and the ids in its path."""
        method, path = scope["method"], scope["path"]
        if method in self._with_ids and not scope["query_string"] and b"%" not in scope.get("raw_path", b"%"):
            for pattern, endpoint in self._with_ids[method]:
                if found := pattern.match(path):
                    return endpoint, found.groups()
        return self._routes.get((method, path)), ()


class _Endpoint:
    """The endpoint of a direct route, and the validator of the model that it takes."""

    def __init__(self, route: DirectRoute, *, reads_body: bool) -> None:
        self.reads_body = reads_body
        self._route = route
        self._validator = TypeAdapter[Any](route.model).validator

    async def answer(self, scope: Scope, ids: tuple[str, ...], body: bytes) -> ASGIApp | None:
        """The response to a right request, or None."""
        try:
            model = self._validator.validate_json(body) if self.reads_body else self._from_query(scope["query_string"])
            request = Request(scope)
            needed = [await give(request) for give in self._route.needs]
            response = await self._route.endpoint(*ids, model, *needed)
        except Exception:  # whatever it is, FastAPI meets it again, and says so
            return None
        scope["endpoint"] = self._route.endpoint  # as FastAPI would set it
        return response

    def _from_query(self, query: bytes) -> Any:
        text = query.decode("ascii")
        if b"%" in query or b"+" in query:
            parts = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
        else:
            parts = [(name, value) for name, value in (part.split("=") for part in text.split("&"))]
        given = dict(parts)
        if len(given) != len(parts):
            raise ValueError("a name is given twice")
        return self._validator.validate_python(given)


def _declared(scope: Scope) -> bool:
    """Whether the body is said to be JSON, and its length, which was looked at before, is said."""
    return _JSON in scope["headers"] and any(name == b"content-length" for name, _ in scope["headers"])


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a `receive` that gives it again, or what came instead of its end."""
    parts: list[bytes] = []
    message: Message = {"type": "http.request", "more_body": True}
    try:
        while message["type"] == "http.request" and message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
    except HTTPException as refused:
        return b"", _raising(refused)
    body = b"".join(parts)
    first: Message | None = message
    if message["type"] == "http.request":
        first = {"type": "http.request", "body": body, "more_body": False}

    async def again() -> Message:
        nonlocal first
        given, first = first, None
        return given if given is not None else await receive()

    return body, again


def _raising(error: HTTPException) -> Receive:
    async def again() -> Message:
        raise error

    return again
