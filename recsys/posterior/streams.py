"""Random numbers that are keyed by what they are for: who draws them, and in what order, changes none."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import numpy as np
import torch
from torch import Generator, Tensor

_ROWS = 4096  # of a block; fixed, since with another one all numbers were others


class Purpose(IntEnum):
    """What numbers are drawn for."""

    SHARED = 0  # priors, and what is drawn for ratings and windows of time
    USERS = 1
    ITEMS = 2
    NOISE = 3


class Streams:
    """Independent streams of random numbers, one for each (seed, sweep, purpose, block of 4,096 rows).

    A counter-based generator makes each by itself: whoever has some of the rows draws those alone, and rows cut
    in any way are drawn alike. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox).
    """

    def __init__(self, seed: int) -> None:
        """Set the seed, at least 0 and below 2^64."""
        self.seed = seed

    def shared(self, sweep: int) -> Generator:
        """For what is drawn once in a sweep."""
        seed = int(self._stream(sweep, Purpose.SHARED, 0).integers(2**32))  # torch's generator takes so many bits
        return Generator().manual_seed(seed)

    def normals(self, sweep: int, purpose: Purpose, n: int, d: int) -> Tensor:
        """Standard normal numbers for n rows, (n, d)."""
        drawn = torch.empty(n, d)
        for rows, stream in self._blocks(sweep, purpose, n):
            drawn[rows] = torch.from_numpy(stream.standard_normal((rows.stop - rows.start, d), np.float32))
        return drawn

    def gammas(self, sweep: int, purpose: Purpose, shapes: Tensor) -> Tensor:
        """Draws from Gamma(shape, 1), in float64, for the shapes (n,) of n rows."""
        drawn = torch.empty(len(shapes), dtype=torch.float64)
        for rows, stream in self._blocks(sweep, purpose, len(shapes)):
            drawn[rows] = torch.from_numpy(stream.standard_gamma(shapes[rows].numpy()))
        return drawn

    def _blocks(self, sweep: int, purpose: Purpose, n: int) -> Iterator[tuple[slice, np.random.Generator]]:
        for block, start in enumerate(range(0, n, _ROWS)):
            yield slice(start, min(start + _ROWS, n)), self._stream(sweep, purpose, block)

    def _stream(self, sweep: int, purpose: Purpose, block: int) -> np.random.Generator:
        # The lowest word of the counter counts what is drawn; the others say for what.
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, block, purpose, sweep]))
