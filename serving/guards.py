"""Refuse a request before it is read: without the key, or with a body that is too long."""

from __future__ import annotations

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import problem

API_KEY_HEADER = "X-API-Key"
# Probes have no key, and the documentation holds no secrets.
_OPEN = frozenset({"/health/live", "/health/ready", "/docs", "/redoc", "/openapi.json"})


class ApiKeyGuard:
    """Answers 401 to requests without the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        """Keep the key's hash; the key itself is not kept."""
        self._app = app
        self._expected = hashlib.sha256(key.encode()).digest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in _OPEN and not self._has_key(scope):
            refusal = problem(
                401, f"Send the key of this server in the header {API_KEY_HEADER}.", {"WWW-Authenticate": "ApiKey"}
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _has_key(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get(API_KEY_HEADER, "")
        # Hashes are of one length, and the comparison takes the same time wherever they differ.
        return hmac.compare_digest(hashlib.sha256(given.encode("latin-1")).digest(), self._expected)


class BodyGuard:
    """Answers 413 to requests with a body of more than so many bytes, declared or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        """Wrap an application."""
        self._app = app
        self._most = most
        self._detail = f"The request body is too long; this server allows {most} bytes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, refuse it, or stop reading it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._most:
            await problem(413, self._detail)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise HTTPException(413, self._detail)
            return message

        await self._app(scope, counted, send)
