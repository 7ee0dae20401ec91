"""What a feature is, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from data.ratings import Ratings
from data.sorted_ratings import BothOrders


@dataclass(frozen=True)
class Known:
    """What features are made of: the training ratings, and the data set's tables."""

    orders: BothOrders
    data: Ratings

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.orders.by_user)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.orders.by_item)


class Feature:
    """Describes users, items, or both; a model is given any number of them."""

    from_ratings = False
    """Whether it is made of training ratings, and so says nothing of users and items without any."""

    def of_users(self, known: Known) -> Tensor | None:
        """Features of the users, (n_users, f); None if it says nothing of them."""
        return None

    def of_items(self, known: Known) -> Tensor | None:
        """Features of the items, (n_items, f); None if it says nothing of them."""
        return None

    def describes_users(self, known: Known) -> Tensor:
        """Of which users without ratings `of_users` says something, (n_users,) bool: all, if it is not of ratings."""
        return torch.full((known.n_users,), not self.from_ratings)

    def describes_items(self, known: Known) -> Tensor:
        """Of which items without ratings `of_items` says something, (n_items,) bool: all, if it is not of ratings."""
        return torch.full((known.n_items,), not self.from_ratings)


@dataclass(frozen=True)
class Description:
    """What several features say of the users or the items, n in all."""

    matrices: list[Tensor]  # (n, f) each
    rows: Tensor  # (n,) bool, those of which one of them says something without ratings


def describe_users(features: Iterable[Feature], known: Known) -> Description:
    """What features say of the users."""
    saying = [(x, feature.describes_users(known)) for feature in features if (x := feature.of_users(known)) is not None]
    return _description(saying, known.n_users)


def describe_items(features: Iterable[Feature], known: Known) -> Description:
    """What features say of the items."""
    saying = [(x, feature.describes_items(known)) for feature in features if (x := feature.of_items(known)) is not None]
    return _description(saying, known.n_items)


def _description(saying: Sequence[tuple[Tensor, Tensor]], n: int) -> Description:
    rows = torch.zeros(n, dtype=torch.bool)
    for _, described in saying:
        rows |= described
    return Description([matrix for matrix, _ in saying], rows)
