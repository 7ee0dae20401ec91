"""Who rated what, whatever the rating."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from data.sorted_ratings import SortedRatings
from recsys.artifact.cold_items.column import Column
from recsys.features.feature import Feature, Known, OfRatedItems
from recsys.linalg.leading import leading_subspace, random_columns
from recsys.linalg.pattern import Weighted
from recsys.share import Share

# κ: with this many ratings, half of what a row lies off the average counts. Chosen among 0, 2, 5, 10 and 20 on parts
# held out of training, by time and by user (benchmarks/cold_start.py).
_FEW = 10.0


class WhoRatedWhat(Feature):
    """Who rated what in training, whatever the rating, against what the others rated.

    With the rows f_ui = 1 / √n_u of a user who rated i, n_u items in all, x_u = s_u (f_u − f̄), s_u = n_u / (n_u + κ)
    and f̄ = Σ_u s_u f_u / Σ_u s_u; items likewise. What a user with few ratings rated says little of what the user is
    going to rate, so x_u comes to 0, the average user, as ratings become fewer, and is 0 without any. Without f̄ and s_u
    a user without ratings would lie where no other user is, and the prior mean would have to be extrapolated to there.

    The features are X Q, with an orthonormal basis Q of about the directions in which the rows of the matrix X of all
    x_u differ most. X is not formed, and memory grows with ratings, users and items. What X explains of the users'
    vectors in other directions, which is mostly noise, is left to their covariance Λ⁻¹.

    Source: Koren, "Factorization meets the neighborhood", KDD 2008, section 4 (SVD++), which has f_u for users.
    """

    from_ratings = True
    tells_of_new_users = True

    # On MovieLens 100K the validation RMSE is 0.8748, 0.8753, 0.8756 and 0.8765 with 25, 50, 100 and 200, and 0.8774
    # with all: python -m benchmarks.best_model --seeds 100 101 --variants "who rated what, 25 directions"
    directions = 50
    """How many directions of X count, for users and for items; all if there are no more."""

    @override
    def of_users(self, known: Known) -> Tensor | None:
        return _of_users(known).in_directions(self.directions)

    @override
    def of_new_users(self, known: Known) -> OfRatedItems:
        matrix = _of_users(known)
        basis = matrix.basis(self.directions)
        return OfRatedItems(basis.float(), (matrix.mean @ basis).float(), _FEW)

    @override
    def of_items(self, known: Known) -> Tensor | None:
        by_user, by_item = known.orders
        return BeyondTheAverage(by_item, by_user, Share.whole(known.n_items), known.users).in_directions(
            self.directions
        )

    @override
    def of_new_items(self, known: Known) -> tuple[Column, ...]:
        return ()


class BeyondTheAverage:
    """The matrix X (n, f) of `WhoRatedWhat`, known by its products; the whole is never formed.

    With the matrix R (n, f) of ones where there is a rating, X = diag(s_u / √n_u) R − s f̄ᵀ. The columns of X add up to
    0, so it is centred over the rows with ratings.

    A process has the ratings of its users, which are rows or columns. A product adds up over those on which it depends.
    """

    def __init__(self, by_row: SortedRatings, by_column: SortedRatings, rows: Share, columns: Share) -> None:
        """Take the ratings row by row, and column by column, and which of both this process has."""
        self._rows, self._columns = rows, columns
        self._ones = Weighted(by_row, len(by_column), np.ones_like)  # R
        self._transposed = Weighted(by_column, len(by_row), np.ones_like)
        counts = columns.sum(torch.from_numpy(by_row.counts).double())
        self._shares = counts / (counts + _FEW)  # s, (n,)
        self._scales = self._shares * counts.clamp(min=1).rsqrt()  # s_u / √n_u, (n,)
        self.mean = rows.sum(self._transposed @ self._scales[:, None])[:, 0] / rows.sum(self._shares.sum())  # f̄, (f,)

    def times(self, right: Tensor) -> Tensor:
        """X @ right, (n, k), for (f, k); both float64."""
        product: Tensor = self._columns.sum(self._ones @ right).mul_(self._scales[:, None])
        return product.addr_(self._shares, self._columns.sum(self.mean @ right), alpha=-1)

    def transposed_times(self, left: Tensor) -> Tensor:
        """Xᵀ @ left, (f, k), for (n, k); both float64."""
        product: Tensor = self._rows.sum(self._transposed @ (self._scales[:, None] * left))
        return product.addr_(self.mean, self._rows.sum(self._shares @ left), alpha=-1)

    def basis(self, count: int) -> Tensor:
        """An orthonormal basis Q (f, k), float64, of the leading k = min(f, count) directions of the rows of X."""
        start = self._columns.own(random_columns(self._columns.total, count))
        return leading_subspace(lambda columns: self.transposed_times(self.times(columns)), start, rows=self._columns)

    def in_directions(self, count: int) -> Tensor:
        """X Q, (n, k), float32."""
        return self.times(self.basis(count)).float()


def _of_users(known: Known) -> BeyondTheAverage:
    return BeyondTheAverage(*known.orders, known.users, Share.whole(known.n_items))
