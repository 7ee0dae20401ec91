"""Refuse a body that is too long, has too many values, or is compressed, before it is read."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.routes.errors import error
from serving.routes.protocols import protocol_at

_FEW_COMMAS = 10_000  # take milliseconds to read, whatever is behind them
_LONGEST_NUMBER = 19  # digits, which reach beyond any disk; Python refuses to read thousands


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
            if commas > _FEW_COMMAS and commas > self._most_pairs * protocol_at(scope["path"]).commas_of_a_pair:
                raise HTTPException(
                    413, f"Too many values in one request; this server allows {self._most_pairs} pairs."
                )
            return message

        await self._app(scope, counted, send)
