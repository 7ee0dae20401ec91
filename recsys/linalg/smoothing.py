"""The smoothed nuclear norm S_ε(W) = Σ (√(σᵢ² + ε²) − ε), with its gradient from matrix products alone.

The gradient is U g(Σ) Vᵀ with g(σ) = σ / √(σ² + ε²): that of the nuclear norm, U Vᵀ, except that directions with σ well
below ε count for less. The nuclear norm has a kink wherever a σ is 0; this is smooth, and a smooth function of a matrix
needs no decomposition. With W = L + R, L the leading singular directions, and A = R Rᵀ,

    U g(Σ) Vᵀ = U_L g(Σ_L) V_Lᵀ + f(A) R,    f(x) = 1 / √(x + ε²),

and without L the spectrum of A is so short that a polynomial of low degree stands in for f. Products of matrices are
what processors are best at, and what is short enough for such a polynomial is also short enough for bfloat16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recsys.linalg.gradient import with_gradient
from recsys.linalg.leading import leading_eigenvectors
from recsys.linalg.spectral import require_summable, spectral_function

# How far p(σ) may be from g(σ), which is between 0 and 1. Test RMSE is that of the exact ratio (benchmarks.rmse_table).
TOLERANCE = 0.1
_DEGREES = (2, 4, 6)  # of the polynomial in A: one, two and three products
_SMALLEST = 256  # rows of the smaller side from which on this is faster than a decomposition
# Directions looked for, and how often the matrix is applied: first in W, which leaves what bfloat16 can hold, then in
# A, which is cheaper to apply. A Ritz pair is found if its residual is that small a part of its value.
_FAR, _FAR_APPLICATIONS, _FAR_RESIDUAL = 16, 3, 0.02
_NEAR, _NEAR_APPLICATIONS, _NEAR_RESIDUAL = 48, 7, 0.05
_PLACES = 64  # where the polynomial meets g, on half of its range
_LARGEST = 1e12  # entry, in units of ε, whose square can still be added up in float32
_MARGIN = 1.1  # of the largest singular value that is left, which the Ritz value is a lower bound of


def smoothed_nuclear_norm(matrix: Tensor, smoothing: float) -> Tensor:
    """S_ε(W) of (..., m, n) as (...,), differentiable once; ε = `smoothing` > 0, in the units of the singular values.

    Exact but for rounding, with one exception: for a single float32 matrix of at least 256 rows and columns whose
    spectrum is short without its leading directions, a polynomial p takes the place of g, |p − g| ≤ `TOLERANCE`, and
    what else is approximate turns directions by half as much at most. The value is then Σ ∫₀^σᵢ p, so that value and
    gradient belong together, and off by at most 1.5 `TOLERANCE` times the sum of the singular values that p is for.
    What counts as short depends on the type that products are in: bfloat16 where the processor multiplies in it, else
    float32, in which longer spectra do without a decomposition.

    Raises:
        NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
    """
    found = None
    if matrix.ndim == 2 and matrix.dtype == torch.float32 and min(matrix.shape) >= _SMALLEST:
        found = _by_products(matrix.detach(), smoothing)
    if found is None:
        return spectral_function(matrix, lambda values: value_and_derivative(values, smoothing))
    return with_gradient(matrix, *found)


def value_and_derivative(values: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """S_ε, (...,), and g(σ), (..., r), for singular values (..., r)."""
    roots = torch.hypot(values, values.new_tensor(smoothing))
    # √(σ² + ε²) − ε without cancellation
    return (values * (values / (roots + smoothing))).sum(-1), values / roots


def _by_products(matrix: Tensor, smoothing: float) -> tuple[Tensor, Tensor] | None:
    """S_ε and its gradient, or None where no polynomial of `_DEGREES` is near enough to g."""
    largest = float(require_summable(matrix))
    if largest > _LARGEST * smoothing:
        return None
    transposed = matrix.shape[0] > matrix.shape[1]
    wide = (matrix.mT if transposed else matrix) / smoothing  # (r, c), r <= c; S_ε(W) = ε S_1(W / ε)
    rest = _without_found_directions(wide)
    coefficients = None if rest is None else _polynomial(rest.longest)
    if rest is None or coefficients is None:
        return None
    filter_, integral = _evaluate(coefficients, rest.gram / rest.longest**2)  # f(A), (r, r)
    gradient = (filter_ @ rest.matrix).to(wide.dtype)
    lengths = torch.linalg.vector_norm(rest.rows, dim=-1)  # (k,), singular values
    gradient.addmm_(rest.basis * lengths.square().add(1).rsqrt(), rest.rows)
    # Σ ∫₀^σ p, with ∫₀^σ s q(s² / l²) ds = l² ∫₀^(σ²/l²) q / 2; what was taken out adds nothing to it
    value = smoothing * (value_and_derivative(lengths, 1.0)[0] + rest.longest**2 * integral)
    return value, gradient.mT if transposed else gradient


@dataclass(frozen=True)
class _Rest:
    """W = basis @ rows + matrix, basisᵀ matrix = 0, basis with orthonormal columns that are nearly singular vectors."""

    basis: Tensor  # (r, k)
    rows: Tensor  # (k, c)
    matrix: Tensor  # (r, c) in the type that is multiplied in
    gram: Tensor  # (r, r) matrix @ matrixᵀ, in that type
    longest: float  # its largest singular value is at most this, which is at least 1


def _without_found_directions(wide: Tensor) -> _Rest | None:
    """The rest of (r, c) without singular directions that are found, first in the matrix, then in its Gram matrix.

    None where what the first left is too large for the precision of its Gram matrix.
    """
    kind = _fast_type(wide.device)
    far, _, _ = leading_eigenvectors(lambda x: wide @ (wide.mT @ x), wide, _FAR, _FAR_APPLICATIONS, _FAR_RESIDUAL)
    far_rows = far.mT @ wide
    remainder = torch.addmm(wide, far, far_rows, alpha=-1)
    rounded = remainder.to(kind)
    fast_gram = _times_own_transpose(rounded)
    gram = fast_gram.to(wide)
    # Rounding adds a matrix of norm δ, which is 2 √r times the standard deviation of its independent entries. What it
    # does to g(σ) is at most δ σ / (2 √(σ² + 1)³) < 0.2 δ.
    deviation = torch.finfo(kind).eps / math.sqrt(12) * float(torch.linalg.vector_norm(gram)) / len(gram)
    if 0.2 * 2 * math.sqrt(len(gram)) * deviation > TOLERANCE / 2:
        return None
    near, squares, next_square = leading_eigenvectors(
        lambda x: (fast_gram @ x.to(kind)).to(x), wide, _NEAR, _NEAR_APPLICATIONS, _NEAR_RESIDUAL
    )
    near_rows = near.mT @ remainder
    # (I − N Nᵀ) A (I − N Nᵀ) = A − N Mᵀ − M Nᵀ with M = A N − N diag(θ) / 2
    moved = (fast_gram @ near.to(kind)).to(wide) - near * (squares / 2)  # (r, k)
    gram.addmm_(near, moved.mT, alpha=-1).addmm_(moved, near.mT, alpha=-1)
    return _Rest(
        torch.cat([far, near], 1),
        torch.cat([far_rows, near_rows]),
        remainder.addmm_(near, near_rows, alpha=-1).to(kind),
        gram.to(kind),
        max(1.0, _MARGIN * math.sqrt(next_square)),
    )


def _fast_type(device: torch.device) -> torch.dtype:
    """What the device multiplies fastest in that keeps two digits.

    A processor may be able to do more than torch is allowed to use: where AVX-512 is forbidden, bfloat16 is emulated.
    """
    allowed = torch.backends.cpu.get_cpu_capability() == "AVX512"
    fast = device.type == "cuda" or (allowed and torch.cpu.get_capabilities().get("avx512_bf16", False))
    return torch.bfloat16 if fast else torch.float32


def _polynomial(longest: float) -> list[float] | None:
    """Coefficients of the shortest q with |σ q((σ / longest)²) − σ / √(σ² + 1)| <= `TOLERANCE` on [0, longest].

    σ q is the odd Chebyshev interpolant, whose error falls with the degree as (1/l + √(1 + 1/l²))^-(2 degree + 1).
    """
    places = np.cos((np.arange(_PLACES) + 0.5) * np.pi / (2 * _PLACES))  # in (0, 1); g is odd, so half of them will do
    wanted = longest * places / np.hypot(longest * places, 1)
    for degree in _DEGREES:
        odd = np.cos((2 * np.arange(degree + 1)[:, None] + 1) * np.arccos(places))  # (degree + 1, places)
        series = np.zeros(2 * degree + 2)
        series[1::2] = odd @ wanted * (2 / _PLACES)
        if np.abs(series[1::2] @ odd - wanted).max() <= TOLERANCE:
            coefficients = np.polynomial.chebyshev.cheb2poly(series)[1::2] / longest
            return [float(coefficient) for coefficient in coefficients]
    return None


def _evaluate(coefficients: Sequence[float], matrix: Tensor) -> tuple[Tensor, Tensor]:
    """q(S) = Σ cⱼ Sʲ, (r, r), and ½ Σ cⱼ tr Sʲ⁺¹ / (j + 1), (), the sum of ∫ q(s) ds / 2 from 0 to each eigenvalue s.

    S is (r, r), the degree n of q even and at least 2. By Horner's rule in S²; each Σ aⱼ Sʲ on the way, multiplied with
    S and S² entry by entry and added up, gives the traces of the next two powers, which need no products of their own.
    """
    square = _times_own_transpose(matrix)
    trace = matrix.diagonal().sum(dtype=torch.float32)
    traces = [trace, _inner(matrix, matrix), _inner(matrix, square), _inner(square, square)]  # tr S, …, tr S⁴
    *lower, constant, linear, quadratic = coefficients
    total = _plus(square * quadratic, matrix, linear, constant)
    while lower:
        *lower, constant, linear = lower
        total = _plus(total @ square, matrix, linear, constant)
        *others, last = coefficients[len(lower) :]
        for place, power in enumerate((matrix, square)):
            known = torch.stack(traces[place : place + len(others)]) @ trace.new_tensor(others)
            traces.append((_inner(total, power) - known) / last)
    weights = [coefficient / (2 * power) for power, coefficient in enumerate(coefficients, 1)]
    return total, torch.stack(traces[: len(weights)]) @ trace.new_tensor(weights)


def _inner(left: Tensor, right: Tensor) -> Tensor:
    """tr(left rightᵀ) of two (r, r) matrices, (), added up in float32."""
    return (left * right).sum(dtype=torch.float32)


def _times_own_transpose(matrix: Tensor) -> Tensor:
    """X Xᵀ of (r, c), (r, r): three of its four quarters are multiplied out, the fourth is one of them transposed."""
    half = len(matrix) // 2
    upper, lower = matrix[:half], matrix[half:]
    product = matrix.new_empty(len(matrix), len(matrix))
    torch.mm(upper, upper.mT, out=product[:half, :half])
    torch.mm(lower, lower.mT, out=product[half:, half:])
    torch.mm(lower, upper.mT, out=product[half:, :half])
    product[:half, half:] = product[half:, :half].mT
    return product


def _plus(total: Tensor, matrix: Tensor, linear: float, constant: float) -> Tensor:
    total.add_(matrix, alpha=linear).diagonal().add_(constant)
    return total
