"""The mean of many matrices of low rank, as two factors: never a matrix of users × items."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recsys.linalg.leading import truncated_product
from recsys.share import Share

# The validation RMSE on MovieLens 100K is up to 0.0002 above that of the exact mean, with 32 it is 0.0003, with 16
# 0.0005: `python -m benchmarks.factored_posterior`. The more there are, the longer a rating takes.
RANK = 64
_WAITING = 8  # draws that are added at a time: about as many columns as the factors have, where adding costs least


class FactoredMean:
    """The mean of draws left @ rightᵀ, (n_users, n_items), as the closest matrix of rank `RANK`, by its factors.

    Draws wait until there are a few. Then their factors stand beside those of the sum so far, and the product of all is
    truncated. What is cut off is lost, some of which would have come into the leading directions later on; it is less
    the faster the singular values fall.

    The right factors may have further rows, which have no say in what is closest; they come to be what a row of an item
    would be that had them in every draw, or in linear combinations of them.
    """

    def __init__(self, users: Share, n_items: int, further: int = 0) -> None:
        """Begin with no draws; rows of users are those of a share."""
        self._users, self._n_items = users, n_items
        self._left, self._right = torch.zeros(len(users), 0), torch.zeros(n_items + further, 0)  # of the sum
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._draws = 0

    def add(self, left: Tensor, right: Tensor) -> None:
        """Add a draw by its factors, (n_users, c) and (n_items + further, c)."""
        self._draws += 1
        self._waiting.append((left, right))
        if len(self._waiting) == _WAITING:
            self._left, self._right = self._sum()
            self._waiting = []

    def factors(self) -> tuple[Tensor, Tensor]:
        """Factors of the mean so far, (n_users, r) and (n_items + further, r)."""
        left, right = self._sum()
        share = max(self._draws, 1) ** -0.5
        return left * share, right * share

    def state(self) -> dict[str, Any]:
        """All of it, as plain values and tensors."""
        all_users = self._users.to_first
        waiting = [(all_users(left), right) for left, right in self._waiting]
        return {"left": all_users(self._left), "right": self._right, "waiting": waiting, "draws": self._draws}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        own = self._users.own
        self._left, self._right, self._draws = own(state["left"]), state["right"], state["draws"]
        self._waiting = [(own(left), right) for left, right in state["waiting"]]

    def _sum(self) -> tuple[Tensor, Tensor]:
        if not self._waiting:
            return self._left, self._right
        lefts, rights = zip((self._left, self._right), *self._waiting, strict=True)
        right = torch.cat(rights, 1)
        left, to_factor = truncated_product(torch.cat(lefts, 1), right[: self._n_items], RANK, self._users)
        return left, right @ to_factor
