"""Random numbers that are keyed by what they are for: who draws them, and in what order, changes none."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import numpy as np
import torch
from torch import Generator, Tensor

from recsys.share import Share

_ROWS = 4096  # of a block; fixed, since with another one all numbers were others


def first_drawn(rows: Share) -> int:
    """The first row that is drawn for those of a share: the first of the block that the share begins in."""
    return rows.begin - rows.begin % _ROWS


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

    def normals(self, sweep: int, purpose: Purpose, rows: Share, d: int) -> Tensor:
        """Standard normal numbers for the n rows of a share, (n, d)."""
        drawn = torch.empty(rows.end - first_drawn(rows), d)
        for block, stream in self._blocks(sweep, purpose, rows):
            drawn[block] = torch.from_numpy(stream.standard_normal((block.stop - block.start, d), np.float32))
        return drawn[rows.begin - first_drawn(rows) :]

    def gammas(self, sweep: int, purpose: Purpose, rows: Share, shapes: Tensor) -> Tensor:
        """Draws from Gamma(shape, 1), in float64, for the n rows of a share, (n,).

        The shapes begin with that of the row `first_drawn`, since draws of a block follow one another.
        """
        drawn = torch.empty(len(shapes), dtype=torch.float64)
        for block, stream in self._blocks(sweep, purpose, rows):
            drawn[block] = torch.from_numpy(stream.standard_gamma(shapes[block].numpy()))
        return drawn[rows.begin - first_drawn(rows) :]

    def _blocks(self, sweep: int, purpose: Purpose, rows: Share) -> Iterator[tuple[slice, np.random.Generator]]:
        """Where the rows of each block are behind the first drawn, and its stream."""
        first = first_drawn(rows)
        for start in range(first, rows.end, _ROWS):
            block = slice(start - first, min(start + _ROWS, rows.end) - first)
            yield block, self._stream(sweep, purpose, start // _ROWS)

    def _stream(self, sweep: int, purpose: Purpose, block: int) -> np.random.Generator:
        # The lowest word of the counter counts what is drawn; the others say for what.
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, block, purpose, sweep]))
