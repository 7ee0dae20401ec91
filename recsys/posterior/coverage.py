"""How much of what happens the central intervals of predicted distributions cover."""

from __future__ import annotations

import torch
from torch import Tensor

from recsys.posterior.likelihoods import level_probabilities
from recsys.posterior.summary import Posterior
from recsys.share import Share

INTERVALS = (50, 90)  # per cent of the central intervals whose coverage is tested


class Coverage:
    """Mean over ratings of how much of each the central intervals of its distribution cover."""

    def __init__(self, users: Share) -> None:
        """Begin with no rating; those of a process are of its users."""
        self._users = users
        self._covered = torch.zeros(len(INTERVALS) + 1, dtype=torch.float64)  # and how many there are

    def update(self, location: Tensor, deviation: Tensor, ratings: Tensor, posterior: Posterior) -> None:
        """Count ratings (n,) that are predicted to come from N(location, deviation²), (n,) each."""
        shares = interval_coverage(location, deviation, ratings, posterior)
        self._covered += torch.stack([share.sum() for share in (*shares, torch.ones_like(shares[0]))])

    def by_interval(self) -> dict[int, float]:
        """The mean over all processes for each interval, by its per cent; nothing if there was no rating."""
        *covered, ratings = self._users.sum(self._covered.clone()).tolist()
        return {percent: total / ratings for percent, total in zip(INTERVALS, covered, strict=True)} if ratings else {}


def interval_coverage(location: Tensor, deviation: Tensor, ratings: Tensor, posterior: Posterior) -> list[Tensor]:
    """How much of each rating (n,) the central intervals of its distribution cover, a share (n,) for each interval.

    The distribution of a rating among levels has steps. A rating stands for the stretch of probability from the sum of
    all levels below it to that and its own, and is covered as far as this stretch lies within the interval's. On
    average over ratings from the distribution itself, an interval of 90 % covers exactly 90 %.
    """
    shares = level_probabilities(location.double(), deviation.double(), posterior.thresholds)  # (n, s)
    level = torch.searchsorted(posterior.levels, ratings.double()).clamp(max=len(posterior.levels) - 1)[:, None]
    above = shares.cumsum(1).gather(1, level)[:, 0]
    own = shares.gather(1, level)[:, 0].clamp(min=1e-12)
    below = above - own
    covered = []
    for percent in INTERVALS:
        least, most = 0.5 - percent / 200, 0.5 + percent / 200
        covered.append((above.clamp(max=most) - below.clamp(min=least)).clamp(min=0) / own)
    return covered
