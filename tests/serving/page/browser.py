"""A real browser for the page's tests: Debian's chromium, without windows if that one is there, and playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

MISSING = "needs `make extras` and `apt-get install chromium-headless-shell` (or chromium)"
try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        expect,
        sync_playwright,
    )
except ModuleNotFoundError:
    if "CI" in os.environ:
        raise
    pytest.skip(MISSING, allow_module_level=True)

__all__ = [
    "Browser",
    "Locator",
    "Page",
    "chromium",
    "expect",
    "genre",
    "options",
    "recommended",
    "search",
    "violations",
    "visit",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; skip the test without one, and fail where that must not be."""
    executable = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if executable is None and "CI" not in os.environ:
        pytest.skip(MISSING)
    assert executable is not None, f"chromium is not installed; {MISSING}"
    with sync_playwright() as playwright:
        # As root, which continuous integration often is, chromium starts only without its sandbox.
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, url: str, *, width: int = 1200, height: int = 900) -> Iterator[Page]:
    """Open an address in a new window, and fail at the end if a script failed, or anything left the origin."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(30_000)  # of busy machines
    wrong: list[str] = []
    origin = "/".join(url.split("/")[:3]) + "/"

    def note_message(message: ConsoleMessage) -> None:
        # Chromium reports every answer that is an error; whether it ought to be one is the test's business.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    def note_request(request: Request) -> None:
        if not request.url.startswith(origin):
            wrong.append(f"asked for {request.url}")

    page.on("console", note_message)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", note_request)
    page.goto(url)
    try:
        yield page
    finally:
        context.close()
    assert not wrong


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong with the accessibility of the page as it stands, by all of its rules or by these."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    return [
        f"{found['id']}: {found['nodes'][0]['html']}" for found in Axe().run(page, None, options).response["violations"]
    ]


def recommended(page: Page) -> Any:
    """The films recommended in the panel that is open."""
    return page.locator(".panel:visible .films > li")


def genre(page: Page) -> Any:
    """The choice of a genre in the panel that is open."""
    return page.locator(".panel:visible .genre select")


def search(page: Page) -> Any:
    """The first field for titles in the panel that is open."""
    return page.locator(".panel:visible .combobox input").first


def options(page: Page, *, selected: bool | None = None) -> Any:
    """The titles offered under a field."""
    return page.get_by_role("listbox").get_by_role("option", selected=selected)
