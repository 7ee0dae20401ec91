"""A progress bar over the moments of a campaign, on a terminal alone."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress

from benchmarks.faults.outcome import Outcome

_TRIES = 5  # for each moment: a process that ended before it was to be killed was none


def moments(outcome: Outcome, count: int) -> Iterator[int]:
    """Numbers of tries, 0, 1, …, until the outcome has counted so many moments.

    Raises:
        RuntimeError: hardly any try becomes one.
    """
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(outcome.fault, total=count)
        for number in itertools.count():
            progress.update(task, completed=outcome.moments)
            if outcome.moments >= count:
                return
            if number >= _TRIES * count:
                raise RuntimeError(f"{outcome.fault}: {outcome.moments} moments in {number} tries")
            yield number
