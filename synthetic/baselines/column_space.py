"""Completion by an oracle that knows the column space of the truth: what noise alone leaves of error."""

from __future__ import annotations

import torch
from torch import Tensor


def complete(observations: Tensor, observed: Tensor, basis: Tensor) -> Tensor:
    """U C, with C the least-squares fit of the observed entries of each column, min Σ_{i observed} (U_i c_j − Y_ij)².

    Of all C that fit a column equally well, the shortest.

    Args:
        observations: Y, (..., n, m); what stands in unobserved places does not matter.
        observed: (..., n, m), bool.
        basis: U, (..., n, r), whose columns span the column space.
    """
    rows = basis[..., None, :, :] * observed.mT[..., None]  # (..., m, n, r), one system for each column
    targets = torch.where(observed, observations, 0.0).mT[..., None]  # (..., m, n, 1)
    coefficients: Tensor = torch.linalg.pinv(rows) @ targets  # (..., m, r, 1)
    return basis @ coefficients[..., 0].mT
