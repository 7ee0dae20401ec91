"""Refuse a request without the server's key, before it is read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Set

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.routes.errors import error

API_KEY_HEADER = "X-API-Key"
_BEARER = "bearer "  # the name of a scheme has no case
_CHALLENGE = 'Bearer realm="recsys"'


class ApiKeyGuard:
    """Answers 401 to requests without the key."""

    def __init__(self, app: ASGIApp, key: str, open_paths: Set[str]) -> None:
        """Keep the key's hash, not the key; at `open_paths` none is needed."""
        self._app = app
        self._expected = hashlib.sha256(key.encode()).digest()
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in self._open_paths:
            given = _keys(Headers(scope=scope))
            if not any(self._is_right(key) for key in given):
                challenge = _CHALLENGE + (', error="invalid_token"' if given else "")
                detail = f"Send the key of this server as {API_KEY_HEADER}, or as Authorization: Bearer."
                await error(scope["path"], 401, detail, {"WWW-Authenticate": challenge})(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_right(self, key: str) -> bool:
        # Hashes are of one length, and the comparison takes the same time wherever they differ.
        return hmac.compare_digest(hashlib.sha256(key.encode("latin-1")).digest(), self._expected)


def _keys(headers: Headers) -> list[str]:
    """The keys that a request brings."""
    authorization = headers.get("Authorization", "")
    bearer = [authorization[len(_BEARER) :].strip()] if authorization[: len(_BEARER)].lower() == _BEARER else []
    return bearer + [key for name, key in headers.items() if name == API_KEY_HEADER.lower()]
