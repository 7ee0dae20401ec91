"""What the effects of time add to a rating whose time is not known: a mixture over the user's own sittings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from recsys.posterior.time_windows import Moments, WindowEffects, total

# Chosen on validation parts of seeds 100, 101 and 102. Sittings of half an hour and a power of 3 do about as well;
# sittings of a minute or a day, and a power of 1, do worse.
_SITTING = 300  # seconds within which two ratings count as given together
_PRIOR_COUNT, _PRIOR_SHARE = 1.0, 0.1  # a pair of items that nobody rated: together by one user in ten
_POWER = 2.0
_NONE_OF_THEM = 0.1  # weight of a sitting without a training rating, where a rating of a like time has up to 1


class UnknownTime:
    """Mean and variance of Σ_w h_w for every user and item, over the times at which the user may rate the item.

    The item i is rated with one of the user's training ratings j, with probability in proportion to

        a_ij = ((C_ij + π ν) / (N_ij + ν))²,

    N_ij the number of users who rated both items, C_ij that of their sittings of five minutes with both, ν and π what a
    pair without ratings counts as; or with none of them, with weight 0.1. Rated with j it has the effects of j's time,
    else those of windows that hold no training rating. So E = Σ_j a_ij E_j / Σ_j a_ij, and the variance is that of the
    mixture, Σ_j a_ij (V_j + E_j²) / Σ_j a_ij − E². Effects add up over a user's sittings to nothing much; but what is
    rated together is alike, so they do not add up to nothing for one item.

    Memory: n_items × n_items and n_users × n_items, which is for data sets as small as MovieLens 100K.
    """

    def __init__(self, users: Tensor, items: Tensor, times: Tensor, n_users: int, n_items: int) -> None:
        """Count which items are rated together, from training ratings: users, items and times (n,), in seconds."""
        self._users, self._items, self._times = users, items, times
        self._shape = (n_users, n_items)
        rated = self._matrix(torch.ones(len(users)))
        by_both = rated.T @ rated  # N, (n_items, n_items)
        _, sitting = torch.unique(torch.stack([users, times // _SITTING]), dim=1, return_inverse=True)
        places, ones = torch.stack([sitting, items]), torch.ones(len(items))
        sittings = torch.sparse_coo_tensor(
            places, ones, (int(sitting.max()) + 1, n_items), check_invariants=False
        ).coalesce()
        together = torch.sparse.mm(sittings.T, sittings).to_dense()  # C
        self._weights = ((together + _PRIOR_SHARE * _PRIOR_COUNT) / (by_both + _PRIOR_COUNT)) ** _POWER  # a
        self._total = rated @ self._weights + _NONE_OF_THEM

    def moments(self, windows: Sequence[WindowEffects]) -> Moments:
        """Mean and variance (n_users, n_items) of the sum of all windows' effects."""
        mean, variance = total(windows, self._users, self._times)
        elsewhere = sum(float(window.prior_variance[0]) for window in windows)
        expected = self._matrix(mean) @ self._weights / self._total
        squares = (self._matrix(variance + mean.square()) @ self._weights + _NONE_OF_THEM * elsewhere) / self._total
        return Moments(expected, (squares - expected.square()).clamp(min=0))

    def _matrix(self, values: Tensor) -> Tensor:
        """Values (n,) of the training ratings where they stand, 0 elsewhere, (n_users, n_items)."""
        return torch.zeros(self._shape).index_put((self._users, self._items), values)
