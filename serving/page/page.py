"""The web page at /: files as they are, which ask the native routes from the browser."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response

from serving.page.browser_files import BrowserFiles

_FILES = BrowserFiles(Path(__file__).with_name("static").iterdir())
PATHS = frozenset({"/", *(f"/static/{name}" for name in _FILES.names)})
"""Where the page and its files are found; they hold no secrets."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """Give the page."""
    return _FILES.answer("index.html", request)


@router.get("/static/{name}")
async def page_file(name: str, request: Request) -> Response:
    """Give a file that the page needs."""
    return _FILES.answer(name, request)
