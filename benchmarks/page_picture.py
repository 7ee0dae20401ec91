"""A picture of the web page of a running server, for the README: a newcomer who has rated three films."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from recsys.files import write_atomically

RATED = "rated=56-5_89-5_294-2"  # Pulp Fiction, Blade Runner and Liar Liar, if the model is of MovieLens 100k
WIDTH, HEIGHT = 1100, 860


def picture(url: str) -> bytes:
    """Rate the three films, ask why the first film is recommended, and give what the window shows, as a PNG."""
    from playwright.sync_api import Error, sync_playwright  # an extra

    executable = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if executable is None:
        sys.exit("there is no chromium on this machine: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        window = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        page = window.new_page()
        try:
            page.goto(f"{url.rstrip('/')}/?{RATED}")
        except Error:
            sys.exit(f"{url} cannot be reached; `make serve` starts a server")
        page.get_by_role("button", name="Why?").first.click()
        page.locator(".reasons").wait_for()
        page.mouse.move(0, 0)
        image: bytes = page.screenshot()
        browser.close()
    return image


def main(arguments: list[str] | None = None) -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_picture", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default %(default)s)")
    parser.add_argument("--png", type=Path, required=True, help="where to write the picture")
    options = parser.parse_args(arguments)
    try:
        image = picture(options.url)
    except ModuleNotFoundError:
        sys.exit("playwright is not installed: make extras")
    options.png.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.png, image)
    print(f"{options.png}: {len(image):,} bytes")


if __name__ == "__main__":
    main()
