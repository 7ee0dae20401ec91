"""A bar on a terminal for work that takes minutes; nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Block = TypeVar("Block")


def shown(
    blocks: Iterable[Block], what: str, size: Callable[[Block], int], total: int | None = None
) -> Iterator[Block]:
    """The same blocks, while a bar shows how many rows there have been.

    Args:
        blocks: of rows.
        what: happens to them, for a person to read.
        size: says how many rows a block has.
        total: how many rows there will be, if that is known.
    """
    if not sys.stderr.isatty():
        yield from blocks
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        for block in blocks:
            yield block
            progress.advance(task, size(block))
