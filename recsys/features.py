"""What is known of users and items beside single ratings, as matrices that a prior mean can depend on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from typing_extensions import override

from data.ratings import Ratings
from recsys.errors import SettingsError

# Upper ends of the groups. Ages as in MovieLens 1M; years finer where there are more films.
_AGES = (18, 25, 35, 45, 50, 56)
# κ: with this many ratings, half of what a row lies off the average counts. Chosen among 0, 2, 5, 10 and 20 on parts
# held out of training, by time and by user (benchmarks/cold_start.py).
_FEW = 10.0
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

    from_ratings = False
    """Whether it is made of training ratings, and so says nothing of users and items without any."""

    def of_users(self, known: Known) -> Tensor | None:
        """Features of the users, (n_users, f); None if it says nothing of them."""
        return None

    def of_items(self, known: Known) -> Tensor | None:
        """Features of the items, (n_items, f); None if it says nothing of them."""
        return None


class WhoRatedWhat(Feature):
    """Who rated what in training, whatever the rating, against what the others rated.

    With the rows f_ui = 1 / √n_u of a user who rated i, n_u items in all, x_u = s_u (f_u − f̄), s_u = n_u / (n_u + κ)
    and f̄ = Σ_u s_u f_u / Σ_u s_u; items likewise. What a user with few ratings rated says little of what the user is
    going to rate, so x_u comes to 0, the average user, as ratings become fewer, and is 0 without any. Without f̄ and s_u
    a user without ratings would lie where no other user is, and the prior mean would have to be extrapolated to there.

    Source: Koren, "Factorization meets the neighborhood", KDD 2008, section 4 (SVD++), which has f_u for users.
    """

    from_ratings = True

    @override
    def of_users(self, known: Known) -> Tensor | None:
        return _beyond_the_average(_rated(known))

    @override
    def of_items(self, known: Known) -> Tensor | None:
        return _beyond_the_average(_rated(known).T)


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


def _beyond_the_average(rated: Tensor) -> Tensor:
    """Compute s (f − f̄) as in `WhoRatedWhat`, for rows of ones and zeros."""
    counts = rated.sum(1, keepdim=True)
    shares = counts / (counts + _FEW)  # s
    rows = _unit_rows(rated)  # f
    return shares * (rows - (shares * rows).sum(0) / shares.sum())


def _unit_rows(matrix: Tensor) -> Tensor:
    """Rows of length 1; rows of zeros stay as they are."""
    scaled: Tensor = matrix / matrix.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return scaled


def _one_column_each(values: npt.ArrayLike) -> Tensor:
    """One column for each distinct value, 1 where a row has it, else 0."""
    distinct, places = np.unique(np.asarray(values), return_inverse=True)
    return torch.nn.functional.one_hot(torch.from_numpy(places), len(distinct)).float()
