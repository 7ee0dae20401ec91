"""A progress bar over the moments of a campaign, on a terminal alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import track


def moments(fault: str, count: int) -> Iterator[int]:
    """0 … count − 1."""
    yield from track(range(count), fault, console=Console(stderr=True), disable=not sys.stderr.isatty())
