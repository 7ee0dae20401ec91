"""What remains of the draws: for every user and item, the mean and spread of what a rating comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

_BLOCK = 64  # rows that are averaged at a time: what is computed on the way then stays in the processor's cache


@dataclass
class Posterior:
    """Averages over the draws of the sampler, without effects of time; y is the rating, or what it comes from.

    Apart from time, a rating's y is taken to be normal with mean `location` and variance (posterior) + `noise`.
    """

    location: Tensor  # (n_users, n_items), mean of y without noise and effects of time
    spread: Tensor  # (n_users, n_items), sum of squared deviations of the draws from it
    noise: Tensor  # (n_users,), mean of the noise variance 1/α_u
    thresholds: Tensor  # (s - 1,), mean thresholds between the levels
    levels: Tensor  # (s,), the ratings there are
    draws: int = 0

    @classmethod
    def empty(cls, n_users: int, n_items: int, levels: Tensor) -> Posterior:
        """Averages over no draws yet."""
        thresholds = torch.zeros(len(levels) - 1, dtype=torch.float64)
        zeros = torch.zeros(n_users, n_items)
        return cls(zeros, zeros.clone(), torch.zeros(n_users), thresholds, levels)

    def average(self, left: Tensor, right: Tensor, noise: Tensor, thresholds: Tensor) -> float:
        """Add a draw, y = left @ rightᵀ, by Welford's recurrence, and return the share it has: 1 / draws."""
        self.draws += 1
        share = 1 / self.draws
        for start in range(0, len(left), _BLOCK):
            rows = slice(start, start + _BLOCK)
            drawn, location, spread = left[rows] @ right.mT, self.location[rows], self.spread[rows]
            before = drawn - location
            location.add_(before, alpha=share)
            spread.addcmul_(before, drawn.sub_(location))
        self.noise += share * (noise - self.noise)
        self.thresholds += share * (thresholds - self.thresholds)
        return share

    def variance(self) -> Tensor:
        """Posterior variance of `location`, (n_users, n_items)."""
        return self.spread / max(self.draws, 1)

    def predictive_variance(self) -> Tensor:
        """Variance of y with its noise, (n_users, n_items)."""
        return self.variance() + self.noise[:, None]

    def state(self) -> dict[str, Any]:
        """All of it, as plain values and tensors."""
        return asdict(self)
