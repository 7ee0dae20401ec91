"""What is known of users and items beside single ratings, as matrices that a prior mean can depend on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from typing_extensions import override

from data.movielens import Ratings
from recsys.errors import SettingsError

# Upper ends of the groups. Ages as in MovieLens 1M; years finer where there are more films.
_AGES = (18, 25, 35, 45, 50, 56)
_YEARS = (1940, 1950, 1960, 1970, 1980, 1985, 1990, 1993, 1994, 1995, 1996, 1997, 1998)


@dataclass(frozen=True)
class Known:
    """What features are made of: the users and items (n,) of the training ratings, and the data set's tables."""

    users: Tensor
    items: Tensor
    n_users: int
    n_items: int
    data: Ratings


class Feature:
    """Describes users, items, or both; a model is given any number of them."""

    def of_users(self, known: Known) -> Tensor | None:
        """Features of the users, (n_users, f); None if it says nothing of them."""
        return None

    def of_items(self, known: Known) -> Tensor | None:
        """Features of the items, (n_items, f); None if it says nothing of them."""
        return None


class WhoRatedWhat(Feature):
    """Who rated what in training, whatever the rating: x_ui = 1 / √|items of u| for users, 1 / √|users of i| for items.

    Source: Koren, "Factorization meets the neighborhood", KDD 2008, section 4 (SVD++), which has it for users.
    """

    @override
    def of_users(self, known: Known) -> Tensor | None:
        return _unit_rows(_rated(known))

    @override
    def of_items(self, known: Known) -> Tensor | None:
        return _unit_rows(_rated(known).T)


class _TableFeature(Feature):
    @staticmethod
    def require(table: pd.DataFrame, columns: tuple[str, ...], data: Ratings) -> None:
        """Refuse a data set whose table lacks columns."""
        if missing := [name for name in columns if name not in table]:
            raise SettingsError(f"MovieLens {data.name} says nothing of {', '.join(missing)}; leave that feature out")


class UserSide(_TableFeature):
    """Age group, gender and occupation of the users, one column for each value."""

    @override
    def of_users(self, known: Known) -> Tensor | None:
        table = known.data.user_table
        self.require(table, ("age", "gender", "occupation"), known.data)
        ages = np.digitize(table["age"].to_numpy(), _AGES)
        return torch.cat([_one_column_each(ages), *(_one_column_each(table[c]) for c in ("gender", "occupation"))], 1)


class ItemSide(_TableFeature):
    """Genres of the items, 1 / √(number of its genres) each, and the group of its year."""

    @override
    def of_items(self, known: Known) -> Tensor | None:
        table = known.data.item_table
        self.require(table, ("genres", "year"), known.data)
        names = sorted({genre for genres in table["genres"] for genre in genres})
        genres = torch.tensor([[float(name in own) for name in names] for own in table["genres"]])
        years = table["year"].fillna(table["year"].median()).to_numpy(dtype=np.float64)
        return torch.cat([_unit_rows(genres), _one_column_each(np.digitize(years, _YEARS))], 1)


def _rated(known: Known) -> Tensor:
    rated = torch.zeros(known.n_users, known.n_items)
    rated[known.users, known.items] = 1
    return rated


def _unit_rows(matrix: Tensor) -> Tensor:
    """Rows of length 1; rows of zeros stay as they are."""
    scaled: Tensor = matrix / matrix.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return scaled


def _one_column_each(values: npt.ArrayLike) -> Tensor:
    """One column for each distinct value, 1 where a row has it, else 0."""
    distinct, places = np.unique(np.asarray(values), return_inverse=True)
    return torch.nn.functional.one_hot(torch.from_numpy(places), len(distinct)).float()
