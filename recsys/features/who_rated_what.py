"""Who rated what, whatever the rating."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from recsys.features.feature import Feature, Known

# κ: with this many ratings, half of what a row lies off the average counts. Chosen among 0, 2, 5, 10 and 20 on parts
# held out of training, by time and by user (benchmarks/cold_start.py).
_FEW = 10.0


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


def _rated(known: Known) -> Tensor:
    rated = torch.zeros(known.n_users, known.n_items)
    rated[known.users, known.items] = 1
    return rated


def _beyond_the_average(rated: Tensor) -> Tensor:
    """Compute s (f − f̄) as in `WhoRatedWhat`, for rows of ones and zeros."""
    counts = rated.sum(1, keepdim=True)
    shares = counts / (counts + _FEW)  # s
    rows = rated / rated.norm(dim=1, keepdim=True).clamp(min=1e-12)  # f; zeros without ratings
    beyond: Tensor = shares * (rows - (shares * rows).sum(0) / shares.sum())
    return beyond
