"""What the effects of time add to a rating whose time is not known: a mixture over the user's own sittings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recsys.linalg.leading import leading_of_symmetric
from recsys.linalg.pattern import Pattern
from recsys.posterior.time_windows import WindowEffects, total

# Chosen on validation parts of seeds 100, 101 and 102. Sittings of half an hour and a power of 3 do about as well;
# sittings of a minute or a day, and a power of 1, do worse.
_SITTING = 300  # seconds within which two ratings count as given together
_PRIOR_COUNT, _PRIOR_SHARE = 1.0, 0.1  # a pair of items that nobody rated: together by one user in ten
_POWER = 2.0
_NONE_OF_THEM = 0.1  # weight of a sitting without a training rating, where a rating of a like time has up to 1
# Of the weights' factors, see `python -m benchmarks.factored_posterior`.
RANK = 128


class UnknownTime:
    """Mean and variance of Σ_w h_w for any user and item, over the times at which the user may rate the item.

    The item i is rated with one of the user's other training ratings j, with probability in proportion to

        a_ij = ((C_ij + π ν) / (N_ij + ν))²,

    N_ij the number of users who rated both items, C_ij that of their sittings of five minutes with both, ν and π what a
    pair without ratings counts as; or with none of them, with weight 0.1. Rated with j it has the effects of j's time,
    else those of windows that hold no training rating. So E = Σ_j a_ij E_j / Σ_j a_ij, and the variance is that of the
    mixture, Σ_j a_ij (V_j + E_j²) / Σ_j a_ij − E². Effects add up over a user's sittings to nothing much; but what is
    rated together is alike, so they do not add up to nothing for one item.

    The weights are kept as factors, a_ij / 0.1 ≈ f_j · g_i: the leading eigenvectors of a_ij √(n_i + 1) √(n_j + 1), n_i
    the number of ratings of item i, since what many rate is asked and answered from most. Sums over a user's ratings
    are then vectors of the user. Memory: n_items × n_items while the weights are counted, n_users + n_items rows after.
    """

    def __init__(self, users: Tensor, items: Tensor, times: Tensor, n_users: int, n_items: int) -> None:
        """Count which items are rated together, from training ratings: users, items and times (n,), in seconds."""
        self._users, self._times = users, times
        self._rated = Pattern(users, items, (n_users, n_items))
        ones = torch.ones(len(users))
        _, sitting = torch.unique(torch.stack([users, times // _SITTING]), dim=1, return_inverse=True)
        together, by_both = _counts(sitting, items, n_items), _counts(users, items, n_items)  # C and N
        weights = ((together + _PRIOR_SHARE * _PRIOR_COUNT) / (by_both + _PRIOR_COUNT)) ** _POWER / _NONE_OF_THEM
        weights.fill_diagonal_(0)
        scale = (torch.bincount(items, minlength=n_items) + 1).sqrt()[:, None]
        vectors, values = leading_of_symmetric(weights * scale * scale.T, RANK)
        self._of_rated = (vectors / scale).float()  # f, (n_items, r)
        self._of_asked = (self._of_rated * values).float()  # g, (n_items, r)
        unrated = torch.bincount(items, minlength=n_items) == 0
        self._of_new = self._of_asked[unrated][:1]  # g of an item that was not there: as of all that nobody rated
        if len(self._of_new) == 0:
            # Its row of the matrix above times the vectors, which is an eigenvector's entry times its value (Nyström).
            row = scale.double() * (_PRIOR_SHARE**_POWER / _NONE_OF_THEM)
            self._of_new = (row.T @ vectors).float()
        self._weights = self._sums(ones)

    def arrays(self, windows: Sequence[WindowEffects]) -> dict[str, npt.NDArray[Any]]:
        """The factors as `recsys.artifact.latent.factored` takes them, for the present averages of the windows."""
        mean, variance = total(windows, self._users, self._times)
        return {
            "sitting_weights": self._weights.numpy(),
            "sitting_means": self._sums(mean).numpy(),
            "sitting_squares": self._sums(variance + mean.square()).numpy(),
            "sitting_items": np.ascontiguousarray(self._of_asked.numpy()),
        }

    @property
    def of_new_item(self) -> npt.NDArray[np.float32]:
        """The row of `sitting_items` of an item that was not there, (r,)."""
        row: npt.NDArray[np.float32] = self._of_new[0].numpy()
        return row

    def _sums(self, values: Tensor) -> Tensor:
        """Σ_j values_j f_j over the training ratings j of each user, of values (n,) of all of them, (n_users, r)."""
        sums: Tensor = self._rated.matrix(values) @ self._of_rated
        return sums


def _counts(groups: Tensor, items: Tensor, n_items: int) -> Tensor:
    """How many groups have both items, (n_items, n_items), of items (n,) and the groups (n,) that they are in."""
    entries = torch.sparse_coo_tensor(
        torch.stack([groups, items]), torch.ones(len(items)), (int(groups.max()) + 1, n_items), check_invariants=False
    ).coalesce()
    counts: Tensor = torch.sparse.mm(entries.T, entries).to_dense()
    return counts
