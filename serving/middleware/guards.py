"""Refuse a request before it is read: without the key, or with a body that is too long."""

from __future__ import annotations

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.page import documentation, page
from serving.routes.errors import KSERVE, MLFLOW, NATIVE, convention, error

API_KEY_HEADER = "X-API-Key"
_BEARER = "bearer "  # the name of a scheme has no case
_CHALLENGE = 'Bearer realm="recsys"'
# Probes have no key, and neither documentation nor page holds secrets; the page asks its reader for the key.
_OPEN = frozenset(
    {"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health"}
    | {"/openapi.json"}
    | documentation.PATHS
    | page.PATHS
)


# A pair has a user, an item and a time, and two commas within and one behind it; of a new user there are ratings, with
# two commas each, and items. A row of a data frame may have other columns, and bytes of a tensor may look like commas.
_COMMAS_OF_A_PAIR = {NATIVE: 3, MLFLOW: 12, KSERVE: 12}
_FEW_COMMAS = 10_000  # take milliseconds to read, whatever is behind them
_LONGEST_NUMBER = 19  # digits, which reach beyond any disk; Python refuses to read thousands


class ApiKeyGuard:
    """Answers 401 to requests without the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        """Keep the key's hash; the key itself is not kept."""
        self._app = app
        self._expected = hashlib.sha256(key.encode()).digest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in _OPEN:
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


class BodyGuard:
    """Answers 413 to requests with a body of too many bytes, declared or not, or commas, and 415 to compressed ones.

    Commas are counted since each costs a value that is read, and a million of them fit in a body that is not long.
    """

    def __init__(self, app: ASGIApp, most: int, most_pairs: int) -> None:
        """Wrap an application that takes bodies of so many bytes and pairs."""
        self._app = app
        self._most = most
        self._most_pairs = most_pairs
        self._detail = f"The request body is too long; this server allows {most} bytes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, refuse it, or stop reading it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and len(value) > _LONGEST_NUMBER:
                detail = f"Content-Length has {len(value)} characters; {_LONGEST_NUMBER} are enough for any body."
                await error(scope["path"], 400, detail)(scope, receive, send)
                return
            if name == b"content-length" and value.isdigit() and int(value) > self._most:
                await error(scope["path"], 413, self._detail)(scope, receive, send)
                return
            if name == b"content-encoding" and value != b"identity":
                detail = f"Send the body as it is, without the Content-Encoding {value.decode('latin-1')}."
                await error(scope["path"], 415, detail, {"Accept-Encoding": "identity"})(scope, receive, send)
                return
        read = commas = 0

        async def counted() -> Message:
            nonlocal read, commas
            message = await receive()
            refusal = scope["state"].get("refusal")  # what came is no HTTP, or came too slowly
            if refusal is not None:
                raise HTTPException(*refusal)
            body = message.get("body", b"")
            read += len(body)
            if read > self._most:
                raise HTTPException(413, self._detail)
            commas += body.count(b",")
            if commas > _FEW_COMMAS and commas > self._most_pairs * _COMMAS_OF_A_PAIR[convention(scope["path"])]:
                raise HTTPException(
                    413, f"Too many values in one request; this server allows {self._most_pairs} pairs."
                )
            return message

        await self._app(scope, counted, send)
