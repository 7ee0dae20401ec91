"""A matrix of choices, filtered by its own singular values so that each entry is predicted by the others."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recsys.linalg.leading import ROUNDS, leading_subspace
from recsys.linalg.pattern import Weighted
from recsys.share import Share

# a. On validation parts of MovieLens 100K, NDCG@10 is 0.3143, 0.3187, 0.3187 and 0.3171 with 0, 1/2, 3/4 and 1.
_EXPONENT = 0.75


class Spectrum(NamedTuple):
    """Leading right singular vectors of a matrix X (n, m), V (m, k), and squares of its singular values σ² (k,)."""

    directions: Tensor
    squares: Tensor


class SpectralFilter(NamedTuple):
    """S = X V diag(f) Vᵀ diag(d^a) for X (n, m).

    With f_k = σ_k² / (σ_k² + λ), X V diag(f) Vᵀ is the ridge regression of X on itself, in which an entry predicts
    itself most of all; its share is h_j = Σ_k f_k V_jk². With d_j = 1 / (1 − h_j) and a = 1, S differs off the entries
    of X in nothing from the regression of each column on the others, of which the closed form is EASE^R; it takes the k
    leading directions in place of an inverse of items × items. a < 1 helps items of which others say much less: it lies
    between the regression of items on items and that of users on users, which has no d_j.

    Source: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, whose equation 8 has B_ij =
    −P_ij / P_jj, P = (XᵀX + λI)⁻¹; here P = (I − V diag(f) Vᵀ) / λ.
    """

    directions: Tensor  # V, (m, k)
    gains: Tensor  # f, (k,)
    scales: Tensor  # d^a, (m,)


def spectrum(matrix: Weighted, transposed: Weighted, start: Tensor, rows: Share, rounds: int = ROUNDS) -> Spectrum:
    """The leading part of the spectrum of X (n, m), known by its products and those of Xᵀ, in the type of `start`.

    Exact but for rounding if `start` (m, k) has min(n, m) columns, else by `leading_subspace` from there. This process
    has the rows of X that `rows` says.
    """
    basis = leading_subspace(lambda columns: rows.sum(transposed @ (matrix @ columns)), start, rounds)
    projected = matrix @ basis  # (n, k)
    squares, rotation = torch.linalg.eigh(rows.sum((projected.T @ projected).double()))
    return Spectrum(basis @ rotation.flip(1).to(start), squares.flip(0).clamp(min=0).to(start))


def filtered(of: Spectrum, ridge: float) -> SpectralFilter:
    """The filter with λ = `ridge`, which is above 0."""
    gains = of.squares / (of.squares + ridge)
    own_share = (of.directions.square() @ gains).clamp(max=1 - 1e-6)  # h; rounding may reach 1
    return SpectralFilter(of.directions, gains, (1 - own_share).pow(-_EXPONENT))
