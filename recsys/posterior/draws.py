"""Random draws that the Gibbs sampler is made of; each takes the generator it draws from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor


class Normal(NamedTuple):
    """Independent rows p_j ~ N(mean_j, precision⁻¹) with means (n, d) and one precision matrix (d, d)."""

    mean: Tensor
    precision: Tensor


class Regression(NamedTuple):
    """What the ratings say of n rows: y_jm ~ N(p_j · v_m, 1 / (α_j ω_m)) for the observed pairs (j, m)."""

    observed: Tensor  # (n, m), 1 where there is a rating, else 0
    weighted_targets: Tensor  # (n, m), α_j ω_m y_jm where there is a rating, else 0
    vectors: Tensor  # (m, d), the v_m
    row_weights: Tensor  # (n,), α
    column_weights: Tensor  # (m,), ω


def rows(regression: Regression, prior: Normal, generator: Generator) -> Tensor:
    """Draw all rows p_j (n, d) of a factor at once from their joint conditional, which makes them independent.

    p_j ~ N(A_j⁻¹ (Λ m_j + Σ_m α_j ω_m y_jm v_m), A_j⁻¹) with A_j = Λ + α_j Σ_m ω_m v_m v_mᵀ, sums over the observed m.
    All A_j come from one product of the mask with the m × d(d+1)/2 matrix of the distinct entries of v_m v_mᵀ.
    Source: Salakhutdinov and Mnih, "Bayesian probabilistic matrix factorization using MCMC", ICML 2008, section 3.3.
    """
    vectors = regression.vectors
    d = vectors.shape[1]
    lower, upper = torch.tril_indices(d, d)
    outer = vectors[:, lower] * vectors[:, upper] * regression.column_weights[:, None]  # (m, d(d+1)/2)
    sums = (regression.observed @ outer) * regression.row_weights[:, None]
    precision = vectors.new_empty(len(sums), d, d)
    precision[:, lower, upper] = sums
    precision[:, upper, lower] = sums
    precision += prior.precision
    shift = regression.weighted_targets @ vectors + prior.mean @ prior.precision  # (n, d), A_j times the mean
    root = torch.linalg.cholesky(precision)
    half = torch.linalg.solve_triangular(root, shift[:, :, None], upper=False)
    noise = torch.randn(half.shape, generator=generator)
    drawn: Tensor = torch.linalg.solve_triangular(root.mT, half + noise, upper=True)[:, :, 0]
    return drawn


def gamma(shape: Tensor | float, rate: Tensor | float, generator: Generator) -> Tensor:
    """Draw from Gamma(shape, rate), mean shape / rate, in float64; one draw for each entry of `shape`."""
    shapes = torch.as_tensor(shape, dtype=torch.float64)
    drawn: Tensor = torch._standard_gamma(shapes, generator=generator) / rate
    return drawn


def wishart(inverse_scale: Tensor, degrees: float, generator: Generator) -> Tensor:
    """Draw Λ (d, d), float64, from the Wishart distribution with mean degrees · inverse_scale⁻¹.

    By Bartlett's decomposition: Λ = L B Bᵀ Lᵀ with L Lᵀ = inverse_scale⁻¹, B lower triangular, standard normal below
    the diagonal and the root of a chi-squared with (degrees − i) degrees at diagonal place i = 0, 1, …
    """
    d = inverse_scale.shape[0]
    halves = (degrees - torch.arange(d, dtype=torch.float64)) / 2
    diagonal = (2 * gamma(halves, 1.0, generator)).sqrt()
    below = torch.randn(d, d, dtype=torch.float64, generator=generator).tril(-1)
    root = torch.linalg.cholesky(torch.linalg.inv(inverse_scale)) @ (below + torch.diag(diagonal))
    product: Tensor = root @ root.T
    return product


def correlated(n: int, precision: Tensor, generator: Generator) -> Tensor:
    """Draw n rows (n, d), float64, from N(0, precision⁻¹)."""
    noise = torch.randn(precision.shape[0], n, dtype=torch.float64, generator=generator)
    root = torch.linalg.cholesky(precision)
    drawn: Tensor = torch.linalg.solve_triangular(root.T, noise, upper=True)
    return drawn.T
