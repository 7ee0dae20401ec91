"""What a completion method is given: the values of some entries of a batch of matrices, and which entries those are."""

from __future__ import annotations

import torch
from torch import Tensor


class ObservationsError(ValueError):
    """The observations and the mask that says which entries they are don't fit, or can't be completed."""


def checked(observations: Tensor, observed: Tensor) -> Tensor:
    """The observations (B, n, m) in float64, with 0 where `observed` (B, n, m) is false, whatever stood there.

    Rows and columns without an observed entry are allowed: nothing is known about them.

    Raises:
        ObservationsError: the shapes differ or aren't (B, n, m), the mask isn't boolean, a problem has no observed
            entry, or an observed entry is infinite or not a number.
    """
    if observations.ndim != 3 or observations.shape != observed.shape:
        raise ObservationsError(
            f"observations {tuple(observations.shape)} and mask {tuple(observed.shape)} must both be (B, n, m)"
        )
    if observed.dtype != torch.bool:
        raise ObservationsError(f"the mask of observed entries must be boolean, not {observed.dtype}")
    empty = (~observed.flatten(1).any(1)).nonzero().flatten().tolist()
    if empty:
        raise ObservationsError(f"problem {empty[0]} has no observed entry, so there is nothing to complete it from")
    bad = (observed & ~torch.isfinite(observations)).nonzero()
    if len(bad):
        problem, row, column = bad[0].tolist()
        value = float(observations[problem, row, column])
        raise ObservationsError(
            f"observed entry ({row}, {column}) of problem {problem} is {value}; mark it as unobserved or mend it"
        )
    return torch.where(observed, observations.double(), 0.0)
