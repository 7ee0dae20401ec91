"""Which other sites' pages may ask from a browser (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from serving.routes.errors import error

# What a page may read of an answer beside its body, and send beside what browsers allow anyway.
_READ = ("X-Request-ID", "X-Model-Version", "Retry-After", "WWW-Authenticate", "Inference-Header-Content-Length")
_SENT = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID", "Inference-Header-Content-Length")


class Cors(CORSMiddleware):
    """Starlette's, whose refusals here have the shape of every error. There are no cookies, so no credentials."""

    def __init__(self, app: ASGIApp, origins: Sequence[str], methods: Sequence[str]) -> None:
        """Wrap an application that pages of these origins may ask by these methods."""
        super().__init__(app, allow_origins=origins, allow_methods=methods, allow_headers=_SENT, expose_headers=_READ)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, which brings no key, or pass a request on."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                answer = self.preflight_response(request_headers=headers)
                if answer.status_code >= 400:
                    answer = error(scope["path"], answer.status_code, bytes(answer.body).decode() + ".")
                await answer(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
