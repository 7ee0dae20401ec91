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
    """What the ratings say of n rows: y_jm ~ N(p_j · v_m, 1 / w_jm) for the observed pairs (j, m)."""

    weights: Tensor  # (n, m), sparse, w; w_jm > 0 where there is a rating
    weighted_targets: Tensor  # (n, m), sparse, w_jm y_jm
    vectors: Tensor  # (m, d), the v_m


def rows(regression: Regression, prior: Normal, generator: Generator) -> Tensor:
    """Draw all rows p_j (n, d) of a factor at once from their joint conditional, which makes them independent.

    p_j ~ N(A_j⁻¹ (Λ m_j + Σ_m w_jm y_jm v_m), A_j⁻¹) with A_j = Λ + Σ_m w_jm v_m v_mᵀ, sums over the observed m.
    All A_j come from one product of the weights with the m × d(d+1)/2 matrix of the distinct entries of v_m v_mᵀ.
    Source: Salakhutdinov and Mnih, "Bayesian probabilistic matrix factorization using MCMC", ICML 2008, section 3.3.
    """
    vectors = regression.vectors
    d = vectors.shape[1]
    lower, upper = torch.tril_indices(d, d)
    place = torch.empty(d, d, dtype=torch.long)  # of each entry of A_j among the distinct ones
    place[lower, upper] = place[upper, lower] = torch.arange(len(lower))
    sums = regression.weights @ (vectors.index_select(1, lower) * vectors.index_select(1, upper))  # (n, d(d+1)/2)
    precision = sums.index_select(1, place.flatten()).view(-1, d, d) + prior.precision
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


def gamma_shape(values: Tensor, shapes: Tensor, generator: Generator) -> Tensor:
    """Draw the shape ν, (), of values (n,) from Gamma(ν, ν), mean 1, among `shapes` (m,), all equally likely before.

    log p(x | ν) = Σ_j (ν log ν − log Γ(ν) + (ν − 1) log x_j − ν x_j), from n and two sums over the values.
    """
    constant = shapes * shapes.log() - torch.lgamma(shapes)
    likely = len(values) * constant + (shapes - 1) * values.log().sum() - shapes * values.sum()
    return shapes[torch.multinomial((likely - likely.max()).exp(), 1, generator=generator)[0]]


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
