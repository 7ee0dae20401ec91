"""Seconds of computations that take turns, so that a busy machine is as busy for one as for the other."""

from __future__ import annotations

import time
from collections.abc import Callable


def alternate(ours: Callable[[], object], other: Callable[[], object], turns: int) -> tuple[list[float], list[float]]:
    """Seconds of each of `turns` calls of two functions that take turns, after one call of each to warm up."""
    ours()
    other()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for function, taken in zip((ours, other), times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return times
