"""Some of the draws, evenly spaced, from which the variance of any pair comes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# Even. With so many, coverage on MovieLens 100K is within 0.05 points of that by the variance of all draws:
# `python -m benchmarks.factored_posterior`.
_MOST = 32


class KeptDraws:
    """Every s-th draw, each by the same number of tensors, such as its factors; at most `_MOST` of them.

    s is 1 to begin with. Where there would be too many draws, every other one is given up, and s doubles.
    """

    def __init__(self) -> None:
        """Keep none yet."""
        self._draws: list[tuple[Tensor, ...]] = []
        self._seen, self._stride = 0, 1

    def add(self, *draw: Tensor) -> None:
        """Keep a draw, if it is its turn."""
        if self._seen % self._stride == 0:
            if len(self._draws) == _MOST:  # this one is as far from the last of every other draw as those are apart
                self._draws, self._stride = self._draws[::2], 2 * self._stride
            self._draws.append(draw)
        self._seen += 1

    @property
    def seen(self) -> int:
        """How many draws there were to choose from."""
        return self._seen

    def stacked(self, dim: int) -> list[Tensor]:
        """Each of a draw's tensors, those of all s draws kept along a new dimension.

        The draws are views of these from then on, so that they are not there twice.
        """
        columns = [list(of_draws) for of_draws in zip(*self._draws, strict=True)]
        self._draws = []
        found: list[Tensor] = []
        for of_draws in columns:
            found.append(torch.stack(of_draws, dim))
            of_draws[:] = found[-1].unbind(dim)
        self._draws = list(zip(*columns, strict=True))
        return found

    def state(self) -> dict[str, Any]:
        """All of it, as plain values and tensors."""
        return {"draws": list(self._draws), "seen": self._seen, "stride": self._stride}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._draws = [tuple(draw) for draw in state["draws"]]
        self._seen, self._stride = state["seen"], state["stride"]
