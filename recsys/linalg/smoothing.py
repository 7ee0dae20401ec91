"""The smoothed nuclear norm S_ε(W) = Σ (√(σᵢ² + ε²) − ε), with its gradient from a few products and one inverse.

The gradient is U g(Σ) Vᵀ with g(σ) = σ / √(σ² + ε²): that of the nuclear norm, U Vᵀ, except that directions with σ well
below ε count for less. The nuclear norm has a kink wherever a σ is 0; this is smooth, and a smooth function of a matrix
needs no decomposition. With W = L + R, L the leading singular directions, and A = R Rᵀ,

    U g(Σ) Vᵀ = U_L g(Σ_L) V_Lᵀ + f(A) R,    f(x) = 1 / √(x + ε²),

and without its own leading eigenvectors the spectrum of A is so short that f(A) is nearly a I + b A + c (I + A / γ)⁻¹.
The inverse is that of a well conditioned matrix, by Cholesky's factors, and takes as long as a product of (r, r)
matrices. It is in float32; products with R are in bfloat16 where the processor multiplies in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recsys.linalg.large import symmetric_times
from recsys.linalg.leading import leading_eigenvectors
from recsys.linalg.spectral import require_summable

# How far p(σ) may be from g(σ), which is between 0 and 1. Test RMSE is that of the exact ratio (benchmarks.rmse_table).
TOLERANCE = 0.1
_SMALLEST = 256  # rows of the smaller side from which on this is faster than a decomposition
# Directions looked for, and how often the matrix is applied: first in W, which leaves what bfloat16 can hold, then in
# A, which is cheaper to apply. A Ritz pair is found if its residual is that small a part of its value.
_FAR, _FAR_APPLICATIONS, _FAR_RESIDUAL = 16, 3, 0.02
_NEAR, _NEAR_APPLICATIONS, _NEAR_RESIDUAL = 32, 4, 0.05
_PLACES = 64  # where p is fitted to g
_LARGEST = 1e12  # entry, in units of ε, whose square can still be added up in float32
_MARGIN = 1.1  # of the largest singular value that is left, which the Ritz value is a lower bound of


def smoothed_nuclear_norm(matrix: Tensor, smoothing: float) -> tuple[Tensor, Tensor] | None:
    """S_ε(W), (), and its gradient, (m, n), of a large float32 matrix with a short spectrum but for leading directions.

    ε = `smoothing` > 0 is in the units of the singular values.

    A rational function p takes the place of g, |p − g| ≤ `TOLERANCE`, and what else is approximate turns directions by
    half as much at most. The value is then Σ ∫₀^σᵢ p, so that value and gradient belong together, and off by at most
    1.5 `TOLERANCE` times the sum of the singular values that p is for. What counts as short depends on the type that
    products are in: bfloat16 where the processor multiplies in it, else float32, in which longer spectra are squared.

    Returns:
        None for others, which are to be decomposed: of another type or shape, with fewer than 256 rows or columns, or
        with a longer spectrum.

    Raises:
        NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
    """
    if matrix.ndim != 2 or matrix.dtype != torch.float32 or min(matrix.shape) < _SMALLEST:
        return None
    if float(require_summable(matrix)) > _LARGEST * smoothing:
        return None
    transposed = matrix.shape[0] > matrix.shape[1]
    rest = _without_far(matrix.mT if transposed else matrix, smoothing)
    found = None if rest is None else _of_gram(rest.gram)
    if rest is None or found is None:
        return None
    filter_, of_rest = found
    gradient = (filter_.to(rest.matrix) @ rest.matrix).float()
    lengths = torch.linalg.vector_norm(rest.rows, dim=-1)  # (k,), singular values
    gradient.addmm_(rest.basis * lengths.square().add(1).rsqrt(), rest.rows)
    value = smoothing * (value_and_derivative(lengths, 1.0)[0] + of_rest)
    return value, gradient.mT if transposed else gradient


def value_and_derivative(values: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """S_ε, (...,), and g(σ), (..., r), for singular values (..., r)."""
    roots = torch.hypot(values, values.new_tensor(smoothing))
    # √(σ² + ε²) − ε without cancellation
    return (values * (values / (roots + smoothing))).sum(-1), values / roots


@dataclass(frozen=True)
class _Rest:
    """W / ε = basis @ rows + matrix, basisᵀ matrix = 0, basis with orthonormal columns, nearly singular vectors."""

    basis: Tensor  # (r, k)
    rows: Tensor  # (k, c)
    matrix: Tensor  # (r, c) in the type that is multiplied in
    gram: Tensor  # (r, r) matrix @ matrixᵀ, in that type


def _without_far(wide: Tensor, smoothing: float) -> _Rest | None:
    """The rest of (r, c), r <= c, in units of ε, without singular directions that are found in it.

    None where it is too large for the precision of its Gram matrix.
    """
    basis, _, _ = leading_eigenvectors(
        lambda x: wide @ ((wide.mT @ x) / smoothing) / smoothing, wide, _FAR, _FAR_APPLICATIONS, _FAR_RESIDUAL
    )
    rows = (basis.mT @ wide) / smoothing
    kind = _fast_type(wide.device)
    matrix = torch.addmm(wide, basis, rows, beta=1 / smoothing, alpha=-1).to(kind)
    gram = symmetric_times(matrix, matrix.mT)
    # Rounding adds a matrix of norm δ, which is 2 √r times the standard deviation of its independent entries. What it
    # does to g(σ) is at most δ σ / (2 √(σ² + 1)³) < 0.2 δ.
    norm = float(torch.linalg.vector_norm(gram, dtype=torch.float32))
    deviation = torch.finfo(kind).eps / math.sqrt(12) * norm / len(gram)
    if 0.2 * 2 * math.sqrt(len(gram)) * deviation > TOLERANCE / 2:
        return None
    return _Rest(basis, rows, matrix, gram)


def _of_gram(fast_gram: Tensor) -> tuple[Tensor, Tensor] | None:
    """f(A), (r, r), for ε = 1, and Σ ∫₀^σ p, (), of a Gram matrix A, (r, r); None where no p is near enough to g.

    Leading eigenvectors that are found keep their own f(θ), so p is for the others alone.
    """
    gram = fast_gram.to(torch.float32, copy=True)
    vectors, squares, next_square = leading_eigenvectors(
        lambda x: (fast_gram @ x.to(fast_gram)).float(), gram, _NEAR, _NEAR_APPLICATIONS, _NEAR_RESIDUAL
    )
    fitted = _fit(max(1.0, _MARGIN * math.sqrt(next_square)))
    if fitted is None:
        return None
    filter_, integral = _evaluate(fitted, _with_eigenvalues(gram, vectors, torch.zeros_like(squares)))
    filter_ = _with_eigenvalues(filter_, vectors, squares.add(1).rsqrt())
    return filter_, integral + value_and_derivative(squares.sqrt(), 1.0)[0]


def _with_eigenvalues(matrix: Tensor, vectors: Tensor, values: Tensor) -> Tensor:
    """(I − N Nᵀ) S (I − N Nᵀ) + N diag(values) Nᵀ of symmetric (r, r), in its place, with orthonormal N (r, k).

    It is S − N Mᵀ − M Nᵀ with M = S N − N (Nᵀ S N + diag(values)) / 2.
    """
    moved = matrix @ vectors  # (r, k)
    moved -= vectors @ ((vectors.mT @ moved + torch.diag(values)) / 2)
    return matrix.addmm_(vectors, moved.mT, alpha=-1).addmm_(moved, vectors.mT, alpha=-1)


def _fast_type(device: torch.device) -> torch.dtype:
    """What the device multiplies fastest in that keeps two digits.

    A processor may be able to do more than torch is allowed to use: where AVX-512 is forbidden, bfloat16 is emulated.
    """
    allowed = torch.backends.cpu.get_cpu_capability() == "AVX512"
    fast = device.type == "cuda" or (allowed and torch.cpu.get_capabilities().get("avx512_bf16", False))
    return torch.bfloat16 if fast else torch.float32


@dataclass(frozen=True)
class _Fitted:
    """p(σ) = constant σ + linear σ³ + inverse σ / (1 + σ² / shift), odd as g is."""

    constant: float
    linear: float
    inverse: float
    shift: float


def _fit(longest: float) -> _Fitted | None:
    """The p that is near σ / √(σ² + 1) on [0, longest], None if it is off by more than `TOLERANCE` somewhere.

    By least squares at places that are dense near 0, where g bends: the largest errors of p are then about equal. The
    shift is that of the smallest largest error, to which a line in `longest` comes near.
    """
    shift = 1.35 + 0.15 * longest
    squares = np.cos((np.arange(_PLACES) + 0.5) * np.pi / (2 * _PLACES)) ** 4  # of places in (0, 1)
    slopes = np.stack([np.ones(_PLACES), squares, 1 / (1 + longest**2 * squares / shift)], axis=1)  # p(σ) / σ
    basis = longest * np.sqrt(squares)[:, None] * slopes
    wanted = longest * np.sqrt(squares / (longest**2 * squares + 1))
    constant, linear, inverse = np.linalg.lstsq(basis, wanted, rcond=None)[0].tolist()
    if np.abs(basis @ [constant, linear, inverse] - wanted).max() > TOLERANCE:
        return None
    return _Fitted(constant, linear / longest**2, inverse, shift)


def _evaluate(fitted: _Fitted, gram: Tensor) -> tuple[Tensor, Tensor]:
    """f(A) = constant I + linear A + inverse (I + A / shift)⁻¹, (r, r), and Σ ∫₀^σ p, (), of the σ² of A, (r, r).

    ∫₀^σ p = constant σ²/2 + linear σ⁴/4 + inverse shift/2 log(1 + σ²/shift), with sums tr A, ‖A‖² and a determinant.
    """
    shifted = gram / fitted.shift
    shifted.diagonal().add_(1)
    factor = torch.linalg.cholesky(shifted)
    logarithms = 2 * factor.diagonal().double().log().sum()
    filter_ = torch.cholesky_inverse(factor).mT  # symmetric, and transposed its rows are contiguous, as those of A
    filter_.mul_(fitted.inverse).add_(gram, alpha=fitted.linear).diagonal().add_(fitted.constant)
    of_polynomial = (
        fitted.constant * gram.diagonal().sum() / 2 + fitted.linear * torch.linalg.vector_norm(gram).square() / 4
    )
    return filter_, of_polynomial + fitted.inverse * fitted.shift / 2 * logarithms.to(gram)
