"""The path under which a reverse proxy shows the server."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Takes the path prefix off the address of a request, where the proxy has left it on."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """Wrap an application; the prefix is like /films."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path == self._prefix:  # the page's links are relative to the folder
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(f"{path}/{query and '?' + query}")(scope, receive, send)
                return
            if path.startswith(self._prefix + "/"):
                scope["path"] = path.removeprefix(self._prefix)
        await self._app(scope, receive, send)
