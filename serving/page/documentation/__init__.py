"""The documentation for people, at /docs, which Swagger UI draws in the browser from /openapi.json.

Swagger UI comes with a package, so that a browser loads nothing from elsewhere. All links are relative, so that they
hold under any path prefix.
"""

from __future__ import annotations

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, Request, Response

from serving.page.browser_files import BrowserFiles

_OWN = Path(__file__).parent
_SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
_FILES = BrowserFiles(
    (
        _OWN / "index.html",
        _OWN / "start.js",
        _SWAGGER_UI / "swagger-ui-bundle.js",
        _SWAGGER_UI / "swagger-ui.css",
    ),
    pictures="'self' data:",  # those in Swagger UI's style sheet
)
PATHS = frozenset({"/docs", *(f"/docs/{name}" for name in _FILES.names)})
"""Where the documentation and its files are found; they hold no secrets."""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def documentation(request: Request) -> Response:
    """Give the documentation, where requests can be tried."""
    return _FILES.answer("index.html", request)


@router.get("/docs/{name}")
async def documentation_file(name: str, request: Request) -> Response:
    """Give a file that the documentation needs."""
    return _FILES.answer(name, request)
