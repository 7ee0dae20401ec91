"""The documentation for people, at /docs, which Swagger UI draws in the browser from /openapi.json.

Swagger UI comes with a package, so that a browser loads nothing from elsewhere. All links are relative, so that they
hold under any path prefix.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.staticfiles import StaticFiles

_FILES = StaticFiles(directory=Path(__file__).parent, packages=[("fastapi_offline", "static")])
_NAMES = frozenset({"start.js", "swagger-ui-bundle.js", "swagger-ui.css"})
PATHS = frozenset({"/docs", *(f"/docs/{name}" for name in _NAMES)})
"""Where the documentation and its files are found; they hold no secrets."""

_HEADERS = {
    # Like the page's, but pictures in Swagger UI's style sheet are data.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # kept, and asked for again by its ETag
}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def documentation(request: Request) -> Response:
    """Give the documentation, where requests can be tried."""
    return await _file("index.html", request)


@router.get("/docs/{name}")
async def documentation_file(name: str, request: Request) -> Response:
    """Give a file that the documentation needs."""
    if name not in _NAMES:
        raise HTTPException(404)
    return await _file(name, request)


async def _file(name: str, request: Request) -> Response:
    response = await _FILES.get_response(name, request.scope)
    response.headers.update(_HEADERS)
    return response
