"""Files that a browser is given as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from fastapi import HTTPException, Request, Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class BrowserFiles:
    """A few files, in memory, so that neither a full table of open files nor a slow disk is in their way.

    They may load and ask nothing but this server, whatever a title holds; pictures may come from `pictures`.
    """

    def __init__(self, files: Iterable[Path], pictures: str = "'self'") -> None:
        """Read files."""
        self._files = {path.name: path.read_bytes() for path in files}
        self._tags = {name: f'"{hashlib.sha256(content).hexdigest()[:32]}"' for name, content in self._files.items()}
        self._headers = {
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src {pictures}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",  # an address may hold a newcomer's ratings
            # Kept, but asked for again each time: with the ETag that costs an empty 304, and all are of one version.
            "Cache-Control": "no-cache",
        }

    @property
    def names(self) -> frozenset[str]:
        """Names of the files."""
        return frozenset(self._files)

    def answer(self, name: str, request: Request) -> Response:
        """Give a file, or say that the browser has it already.

        Raises:
            HTTPException: there is no such file.
        """
        content = self._files.get(name)
        if content is None:
            raise HTTPException(404)
        tag = self._tags[name]
        headers = {**self._headers, "ETag": tag}
        kept = request.headers.get("If-None-Match", "")
        if kept.strip() == "*" or tag in (given.strip().removeprefix("W/") for given in kept.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=_TYPES[Path(name).suffix])
