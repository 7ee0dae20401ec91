"""Random draws that the Gibbs sampler is made of; each takes the generator it draws from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from recsys.share import Share

_BLOCK = 1 << 14  # rows that are drawn at once; bounds memory


class Normal(NamedTuple):
    """Independent rows p_j ~ N(mean_j, precision⁻¹) with means (n, d) and one precision matrix (d, d)."""

    mean: Tensor
    precision: Tensor


def rows(grams: Tensor, weights: Tensor, prior: Normal, noise: Tensor) -> Tensor:
    """Draw all rows p_j (n, d) of a factor from their conditional, which makes them independent.

    p_j ~ N(A_j⁻¹ (Λ m_j + Σ_m w_jm y_jm v_m), A_j⁻¹) with A_j = Λ + Σ_m w_jm v_m v_mᵀ, sums over the observed m.
    Source: Salakhutdinov and Mnih, "Bayesian probabilistic matrix factorization using MCMC", ICML 2008, section 3.3.

    Args:
        grams: Σ_m z_jm z_jmᵀ of z_jm = (v_m, y_jm), or of √w_jm times that, (n, d + 1, d + 1).
        weights: what else w_jm has as a factor, (n,).
        prior: m_j and Λ.
        noise: standard normal numbers, (n, d).
    """
    drawn = torch.empty_like(noise)
    for block in map(slice, range(0, len(noise), _BLOCK), range(_BLOCK, len(noise) + _BLOCK, _BLOCK)):
        sums = grams[block] * weights[block, None, None]
        precision = sums[:, :-1, :-1] + prior.precision
        shift = sums[:, :-1, -1] + prior.mean[block] @ prior.precision  # A_j times the mean
        root = torch.linalg.cholesky(precision)
        half = torch.linalg.solve_triangular(root, shift[:, :, None], upper=False)
        drawn[block] = torch.linalg.solve_triangular(root.mT, half + noise[block, :, None], upper=True)[:, :, 0]
    return drawn


def gamma(shape: Tensor | float, rate: Tensor | float, generator: Generator) -> Tensor:
    """Draw from Gamma(shape, rate), mean shape / rate, in float64; one draw for each entry of `shape`."""
    shapes = torch.as_tensor(shape, dtype=torch.float64)
    drawn: Tensor = torch._standard_gamma(shapes, generator=generator) / rate
    return drawn


def gamma_shape(values: Tensor, held: Share, shapes: Tensor, generator: Generator) -> Tensor:
    """Draw the shape ν, (), of values (n,) from Gamma(ν, ν), mean 1, among `shapes` (m,), all equally likely before.

    log p(x | ν) = Σ_j (ν log ν − log Γ(ν) + (ν − 1) log x_j − ν x_j), from n and two sums over the values, of all
    processes that have some.
    """
    constant = shapes * shapes.log() - torch.lgamma(shapes)
    number, logarithms, total = held.sum(torch.stack([torch.ones_like(values).sum(), values.log().sum(), values.sum()]))
    likely = number * constant + (shapes - 1) * logarithms - shapes * total
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
