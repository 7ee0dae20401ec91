"""The web page at /: files as they are, which ask the native routes from the browser."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

_DIRECTORY = Path(__file__).with_name("static")
_FILES = StaticFiles(directory=_DIRECTORY)
PATHS = frozenset({"/", *(f"/static/{file.name}" for file in _DIRECTORY.iterdir())})
"""Where the page and its files are found; they hold no secrets."""

_HEADERS = {
    # The page is its own files and nothing else: whatever a title holds, no script of it can run and nothing leaves.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # an address may hold a newcomer's ratings
    # Kept, but asked for again each time: with the ETag that costs an empty 304, and all files are of one version.
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """Give the page."""
    return await _file("index.html", request)


@router.get("/static/{name}")
async def page_file(name: str, request: Request) -> Response:
    """Give a file that the page needs."""
    return await _file(name, request)


async def _file(name: str, request: Request) -> Response:
    response = await _FILES.get_response(name, request.scope)
    response.headers.update(_HEADERS)
    return response
