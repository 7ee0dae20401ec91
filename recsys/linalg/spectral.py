"""Singular values of a matrix, and functions of them with closed-form gradients.

Everything comes from the eigenvectors of the smaller of the two Gram matrices W Wᵀ and WᵀW, which costs a product and a
small symmetric eigenproblem instead of a full singular value decomposition. Squaring the matrix squares its
condition number, so the leading singular directions, where they stand clear of the rest, are taken out first: what is
left has a narrow spectrum, and its Gram matrix keeps the small singular values that the ratio penalty lives on (a
ratings matrix has σ₁ ≈ 4200 beside σ₉₄₃ ≈ 0.02).

All functions take (..., m, n) real matrices of any shape, batched over the leading dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from recsys.linalg.gradient import with_gradient
from recsys.linalg.large import symmetric_times, times
from recsys.linalg.leading import qr
from recsys.share import Share

# Directions looked for, and applications of W Wᵀ to find them. A ratings matrix has one to three that stand clear of
# the rest; looking for more finds those more exactly, and sixteen columns is where matrix products become cheap.
_LEADING = 16
_APPLICATIONS = 3
_NOISE = 64  # times the rounding of σ₁ is what a direction has that is taken out
# Up to this many rows nothing is taken out: the decomposition is cheap, and looking would cost more than it gains.
_LARGEST_WHOLE = 128


class NonFiniteMatrixError(ValueError):
    """The matrix to decompose has entries that are infinite, undefined, or too large to add up."""


class _Leading(NamedTuple):
    """The leading singular directions, k of them; those that were not found are zero."""

    left: Tensor  # (..., r, k) left singular vectors
    values: Tensor  # (..., k) singular values
    rows: Tensor  # (..., k, c) right singular vectors, one a row
    found: Tensor  # (...,) how many of the k were found


class _Remainder(NamedTuple):
    """The matrix less its leading directions, and the eigenvectors of its Gram matrix."""

    matrix: Tensor  # (..., r, c)
    values: Tensor  # (..., r) its singular values, descending
    eigenvectors: Tensor  # (..., r, r) its left singular vectors, ascending


@dataclass(frozen=True)
class Spectrum:
    """Singular value decomposition W = U diag(σ) Vᵀ in the form that is cheap to get and to use.

    `singular_values` is (..., r) with r = min(m, n), descending; values below the rounding error of the decomposition
    are exactly zero. The singular vectors stay factored: U f(Σ) Vᵀ = Σ_leading f_j u_j v_jᵀ + E diag(f / σ) Eᵀ R, with
    R the rest of the matrix and E the eigenvectors of R Rᵀ.

    >>> W = torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> spectrum = decompose(W)
    >>> spectrum.singular_values.tolist()
    [3.0, 2.0, 0.0]
    >>> spectrum.map(torch.tensor([30.0, 20.0, 10.0])).tolist()  # the direction with σ = 0 stays out
    [[0.0, 20.0, 0.0], [30.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    singular_values: Tensor
    _leading: _Leading | None  # None where none were looked for
    _remainder: _Remainder
    _transposed: bool  # whether they are of Wᵀ, which is then the wider one

    def map(self, weights: Tensor) -> Tensor:
        """U diag(weights) Vᵀ for weights (..., r), as an (..., m, n) matrix; directions with σ = 0 are left out."""
        leading, remainder = self._leading, self._remainder
        of_rest, kept = weights, remainder.values > 0
        if leading is not None:
            places = torch.arange(weights.shape[-1], device=weights.device) + leading.found[..., None]
            of_rest = torch.take_along_dim(weights, places.clamp(max=weights.shape[-1] - 1), -1)
            kept &= places < weights.shape[-1]
        scaled = torch.where(kept, of_rest / torch.where(kept, remainder.values, 1.0), 0.0)
        ascending = scaled.flip(-1)[..., None, :]
        filter_ = symmetric_times(remainder.eigenvectors * ascending, remainder.eigenvectors.mT)  # (..., r, r)
        result = times(filter_, remainder.matrix)
        if leading is not None:
            k = leading.left.shape[-1]
            result += (leading.left * weights[..., None, :k]) @ leading.rows
        return result.mT if self._transposed else result


def decompose(matrix: Tensor) -> Spectrum:
    """Singular values and vectors of (..., m, n), from the smaller Gram matrix.

    Accurate to about ε σ₁ for the leading directions and to about √ε σ′ for the smallest ones, where σ′ is the largest
    singular value that does not stand clear of its successors; ε is the precision of the matrix's own type.

    Raises:
        NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
    """
    transposed = matrix.shape[-2] > matrix.shape[-1]
    wide = matrix.detach().mT if transposed else matrix.detach()  # (..., r, c), r <= c
    if wide.shape[-2] <= _LARGEST_WHOLE:
        return _decompose_whole(wide, transposed)
    wide, scale = _scaled(wide, transposed)
    leading, remainder = _take_out_leading(wide)
    eigenvalues, eigenvectors = torch.linalg.eigh(symmetric_times(remainder, remainder.mT))
    eigenvalues = eigenvalues.flip(-1)
    # Two kinds of rounding: of the Gram matrix, relative to its norm, and of the remainder, relative to σ₁.
    precision = torch.finfo(wide.dtype).eps
    strongest = torch.cat([eigenvalues[..., :1], leading.values.square()], -1).amax(-1, keepdim=True)  # (..., 1), σ₁²
    floor = torch.maximum(precision * eigenvalues[..., :1], _rounding(wide) ** 2 * strongest)
    remainder_values = torch.where(eigenvalues > floor, eigenvalues, 0.0).sqrt()

    places = torch.arange(wide.shape[-2], device=wide.device) - leading.found[..., None]
    values = torch.take_along_dim(remainder_values, places.clamp(min=0), -1)
    k = leading.values.shape[-1]
    values[..., :k] = torch.where(places[..., :k] < 0, leading.values, values[..., :k])
    rest = _Remainder(remainder, remainder_values, eigenvectors)
    return Spectrum(values * scale, leading, rest, transposed)


def _decompose_whole(wide: Tensor, transposed: bool) -> Spectrum:
    """As `decompose`, of (..., r, c) with nothing taken out; a batch is scaled only where it must be."""
    gram, scale = wide @ wide.mT, None
    squares = gram.diagonal(dim1=-2, dim2=-1).sum(-1)  # ‖W‖_F²
    type_ = torch.finfo(wide.dtype)
    inside = (squares > type_.tiny / type_.eps**2) & (squares < type_.max * type_.eps)  # scaling changes no digit
    if not bool(inside.all()):
        wide, scale = _scaled(wide, transposed)
        gram = wide @ wide.mT
    eigenvalues, eigenvectors = torch.linalg.eigh(gram)
    eigenvalues = eigenvalues.flip(-1)
    values = torch.where(eigenvalues > type_.eps * eigenvalues[..., :1], eigenvalues, 0.0).sqrt()
    rest = _Remainder(wide, values, eigenvectors)
    return Spectrum(values if scale is None else values * scale, None, rest, transposed)


def _scaled(wide: Tensor, transposed: bool) -> tuple[Tensor, Tensor]:
    """Of (..., r, c): divided by a power of two near its largest entry, which rounds nothing, and that power, (..., 1).

    Raises:
        NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
    """
    largest = require_summable(wide.mT if transposed else wide)
    scale = torch.exp2(torch.frexp(largest)[1].to(wide.dtype) - 1)
    # Below the normal numbers the directions are lost and derivatives overflow: such a matrix counts as zero.
    return wide * torch.where(largest >= torch.finfo(wide.dtype).tiny, 1 / scale, 0.0), scale[..., 0]


def singular_values(matrix: Tensor) -> Tensor:
    """σ of (..., m, n) as (..., min(m, n)), descending; no gradient. Errors as for `decompose`."""
    return decompose(matrix).singular_values


def accurate_singular_values(matrix: Tensor) -> Tensor:
    """σ of (..., m, n) as (..., min(m, n)), descending, each to about ε σ₁, also the small ones; no gradient.

    From LAPACK's decomposition of the matrix itself, which costs a few times as much as `singular_values`.

    Raises:
        NonFiniteMatrixError: an entry is infinite or not a number.
    """
    require_finite(matrix)
    values: Tensor = torch.linalg.svdvals(matrix.detach())
    return values


def leading_singular_vectors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """U (..., m, rank), σ (..., rank), V (..., n, rank) of the closest matrix of that rank, U diag(σ) Vᵀ; no gradient.

    Accurate to about ε σ₁, as `accurate_singular_values`, whose errors it shares.
    """
    require_finite(matrix)
    left, values, right = torch.linalg.svd(matrix.detach(), full_matrices=False)
    return left[..., :rank], values[..., :rank], right.mT[..., :rank]


def require_summable(matrix: Tensor) -> Tensor:
    """The largest size of an entry of (..., m, n), as (..., 1, 1), if the sum of all cannot overflow.

    Raises:
        NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
    """
    highest, lowest = matrix.amax((-2, -1), keepdim=True), matrix.amin((-2, -1), keepdim=True)
    largest = torch.maximum(highest, -lowest)
    if not bool(torch.isfinite(largest * (matrix.shape[-2] * matrix.shape[-1])).all()):
        raise NonFiniteMatrixError(
            f"the {tuple(matrix.shape)} matrix has entries that are infinite, not numbers, or too large to add up"
        )
    return largest


def require_finite(matrix: Tensor) -> None:
    """Check that no entry of (..., m, n) is infinite or not a number.

    Raises:
        NonFiniteMatrixError: one is.
    """
    if not bool(torch.isfinite(matrix).all()):
        raise NonFiniteMatrixError(f"the {tuple(matrix.shape)} matrix has entries that are infinite or not numbers")


def product_singular_values(left: Tensor, right: Tensor, rows: Share) -> Tensor:
    """σ of left @ rightᵀ for (m, k) and (n, k) factors, as (min(m, n, k),), descending, without forming the product.

    Of left this process has the rows that `rows` says.

    Raises:
        NonFiniteMatrixError: an entry of a factor is infinite or not a number, or the product overflows.
    """
    core = qr(left, rows)[1] @ torch.linalg.qr(right)[1].mT  # (min(m, k), min(n, k))
    if not bool(torch.isfinite(core).all()):
        raise NonFiniteMatrixError(
            f"the factors {tuple(left.shape)} and {tuple(right.shape)} have entries that are infinite, not numbers, or "
            "too large to multiply"
        )
    values: Tensor = torch.linalg.svdvals(core)
    return values


def effective_rank(values: Tensor) -> Tensor:
    """exp(−Σ pᵢ log pᵢ) with pᵢ = σᵢ / Σσ, for (..., r) singular values; 0 for the zero matrix.

    Source: Roy and Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007.
    """
    total = values.sum(-1, keepdim=True)
    shares = values / torch.where(total > 0, total, 1.0)
    entropy = -torch.special.xlogy(shares, shares).sum(-1)
    return torch.where(total[..., 0] > 0, entropy.exp(), 0.0)


ValueAndDerivative = Callable[[Tensor], tuple[Tensor, Tensor]]


def spectral_function(matrix: Tensor, function: ValueAndDerivative) -> Tensor:
    """f(σ(W)) of (..., m, n) as (...,), differentiable once: ∂f/∂W = U diag(∂f/∂σ) Vᵀ.

    `function` maps (..., r) singular values to f, (...,), and ∂f/∂σ, (..., r), with f symmetric in its arguments.
    The derivative in a direction of σ = 0 counts as zero: the middle of the subdifferential.
    Source: Lewis, "The convex analysis of unitarily invariant matrix functions", 1995.
    """
    spectrum = decompose(matrix)
    value, derivative = function(spectrum.singular_values)
    return with_gradient(matrix, value, spectrum.map(derivative)) if matrix.requires_grad else value


def _take_out_leading(wide: Tensor) -> tuple[_Leading, Tensor]:
    """Take the singular directions that block power iteration finds to working precision out of (..., r, c).

    Returns them and the matrix without them, (..., r, c).
    """
    start = torch.randn(wide.shape[-1], _LEADING, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    basis = torch.linalg.qr(wide @ start.to(wide))[0]  # (..., r, k)
    for _ in range(_APPLICATIONS):
        basis = torch.linalg.qr(wide @ (wide.mT @ basis))[0]
    rows = basis.mT @ wide  # (..., k, c)
    rotation = torch.linalg.eigh(rows @ rows.mT)[1].flip(-1)  # Rayleigh-Ritz
    basis, rows = basis @ rotation, rotation.mT @ rows
    values = torch.linalg.vector_norm(rows, dim=-1)  # (..., k)

    # Power iteration turns direction i by (σ_k / σᵢ)^(2·applications + 1) from its place, of which the matrix sees
    # σᵢ times as much; that must be below the rounding of the matrix itself.
    turned = (values[..., -1:] / torch.where(values > 0, values, 1.0)) ** (2 * _APPLICATIONS + 1)
    rounding = torch.finfo(wide.dtype).eps * values[..., :1]
    exact = (values * turned <= rounding) & (values > _NOISE * _rounding(wide) * values[..., :1])
    found = exact.cumprod(-1)
    k = int(found.sum(-1).max())
    mask = found[..., :k].to(wide.dtype)
    left, values = basis[..., :k] * mask[..., None, :], values[..., :k] * mask
    right, triangle = torch.linalg.qr(rows[..., :k, :].mT)  # their rounding is that of σ₁, which is large beside σ_k
    right = right * (mask * triangle.diagonal(dim1=-2, dim2=-1).sign())[..., None, :]
    remainder = ((left * -values[..., None, :]) @ right.mT).add_(wide)
    return _Leading(left, values, right.mT, found.sum(-1)), _between(remainder, left, right)


def _between(matrix: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """(I − L Lᵀ) W (I − R Rᵀ) of (..., r, c), in its place, with orthonormal or zero L (..., r, k) and R (..., c, k).

    What is left of a leading direction after it was subtracted is the rounding of its σ, a direction of its own; its
    own rounding is relative to that.
    """
    to_right = left.mT @ matrix  # (..., k, c)
    to_left = matrix @ right - left @ (to_right @ right)  # (..., r, k)
    return matrix.sub_(torch.cat([left, to_left], -1) @ torch.cat([to_right, right.mT], -2))


def _rounding(wide: Tensor) -> float:
    """How much of σ₁ may be rounding: of the matrix as it came or, in float64, of adding up r products."""
    return max(torch.finfo(wide.dtype).eps, wide.shape[-2] * torch.finfo(torch.float64).eps)
