"""What a feature is, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data.ratings import Ratings
from data.sorted_ratings import BothOrders
from recsys.artifact.cold_items.column import Column
from recsys.share import Share


@dataclass(frozen=True)
class Known:
    """What features are made of: the training ratings, and the data set's tables."""

    orders: BothOrders  # of this process's users
    data: Ratings  # of all

    @cached_property
    def users(self) -> Share:
        """Which of all users this process has."""
        return Share.joined(self.n_users)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.orders.by_user)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.orders.by_item)


@dataclass(frozen=True)
class OfRatedItems:
    """Features of a user of n ratings in the training, or after it: x = s (Σ_i v_i / √n − c), s = n / (n + κ).

    The sum is over the rated items; without any, x = 0.
    """

    vectors: Tensor  # (n_items, f), v
    centre: Tensor  # (f,), c
    few: float  # κ

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, as `recsys.artifact.latent.factored` names it."""
        few = np.array([self.few], np.float32)
        vectors, centre = self.vectors.numpy(), self.centre.numpy()
        return {"newcomer_directions": vectors, "newcomer_centre": centre, "newcomer_few": few}


class Feature:
    """Describes users, items, or both; a model is given any number of them."""

    from_ratings = False
    """Whether it is made of training ratings, and so says nothing of users and items without any."""

    tells_of_new_users = False
    """Whether `of_new_users` says how the ratings of a user who was not there describe that user."""

    def of_users(self, known: Known) -> Tensor | None:
        """Features of the users, (n_users, f); None if it says nothing of them."""
        return None

    def of_items(self, known: Known) -> Tensor | None:
        """Features of the items, (n_items, f); None if it says nothing of them."""
        return None

    def of_new_users(self, known: Known) -> OfRatedItems:
        """How `of_users` would describe a user who was not there."""
        raise NotImplementedError

    def of_new_items(self, known: Known) -> tuple[Column, ...] | None:
        """Columns whose features, side by side, are those of `of_items` for an item that was not there.

        None of them if such an item has zeros; None if there is no saying what it has.
        """
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

    matrices: list[Tensor] = field(default_factory=list)  # (n, f) each
    rows: Tensor = field(default_factory=partial(torch.zeros, 0, dtype=torch.bool))
    """(n,) bool, those of which one of them says something without ratings."""
    of_new_by: int | None = None  # of users: which of the matrices is also known of those who are not there
    _of_new: Callable[[], OfRatedItems] | None = None
    columns: Mapping[int, tuple[Column, ...]] = field(default_factory=dict)
    """Of items: those whose features describe one that is not there, by which of the matrices they are of."""

    @cached_property
    def of_new_users(self) -> OfRatedItems:
        """What the matrix `of_new_by` says of users who are not there; it takes as long as that matrix."""
        assert self._of_new is not None, "asked for without a feature that tells of new users"
        return self._of_new()


def describe_users(features: Iterable[Feature], known: Known) -> Description:
    """What features say of the users."""
    saying = [(feature, x) for feature in features if (x := feature.of_users(known)) is not None]
    description = _description([(x, feature.describes_users(known)) for feature, x in saying], known.n_users)
    for place, (feature, _) in enumerate(saying):
        if feature.tells_of_new_users:
            return replace(description, of_new_by=place, _of_new=partial(feature.of_new_users, known))
    return description


def describe_items(features: Iterable[Feature], known: Known) -> Description:
    """What features say of the items."""
    saying = [(feature, x) for feature in features if (x := feature.of_items(known)) is not None]
    description = _description([(x, feature.describes_items(known)) for feature, x in saying], known.n_items)
    of_new = [feature.of_new_items(known) for feature, _ in saying]
    if any(columns is None for columns in of_new):
        return description
    return replace(description, columns={place: columns for place, columns in enumerate(of_new) if columns})


def _description(saying: Sequence[tuple[Tensor, Tensor]], n: int) -> Description:
    rows = torch.zeros(n, dtype=torch.bool)
    for _, described in saying:
        rows |= described
    return Description([matrix for matrix, _ in saying], rows)
