"""OptSpace: a spectral start from trimmed observations, then gradient descent over pairs of subspaces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from recsys.linalg.spectral import accurate_singular_values, leading_singular_vectors
from synthetic.baselines.observations import ObservationsError, checked

# Armijo's rule: a step must lower the cost by this share of what its slope promises, and is halved until it does.
_SUFFICIENT = 1e-4
# A step halved so often moves nothing that float64 could tell: the descent has come to its end.
_HALVINGS = 50
# The descents at smaller ranks only have to find the right surroundings for the next: their tolerance and their steps.
_PRELIMINARY_TOLERANCE, _PRELIMINARY_ITERATIONS = 1e-4, 500


@dataclass(frozen=True)
class OptSpaceFit:
    """A completed matrix, its rank, and how the last descent went."""

    estimate: Tensor  # (n, m)
    rank: int
    costs: Tensor  # ½‖P_Ω(M − X S Yᵀ)‖_F² before the first step of the descent at the full rank, and after each
    converged: bool


def opt_space(
    observations: Tensor,
    observed: Tensor,
    rank: int | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 5000,
) -> OptSpaceFit:
    """Complete one matrix M (n, m) by X S Yᵀ with orthonormal X (n, r) and Y (m, r).

    1. Trimming: rows and columns with far more observed entries than the average are set to zero (`trimmed`).
    2. Start: the leading singular vectors of the trimmed matrix. (The paper scales its singular values by nm/|Ω|, which
       the S by least squares in step 3 makes immaterial.)
    3. Descent on F(X, Y) = min_S ½‖P_Ω(M − X S Yᵀ)‖_F², a function of the two column spaces alone, over the product of
       two Grassmann manifolds: steps along the negative gradient, put back onto the manifold by orthonormalisation,
       their first length that of Barzilai and Borwein, halved until Armijo's rule holds.

    Ranks are gone through from 1 on (the incremental variant): the next rank starts at the end of the last one and the
    leading singular vectors of what it leaves of M. Where entries are few, the leading singular vectors of the
    observations are mostly noise, and a descent that starts at all of them at once may get lost.

    The paper's regularisation, which is zero as long as no row of X or Y is several times longer than the average, is
    left out: it serves the proof, needs an incoherence that nobody knows, and is zero around Gaussian factors.

    Args:
        observations: (n, m); what stands in unobserved entries is not looked at.
        observed: (n, m), boolean. Unobserved rows and columns come out zero.
        rank: r; None takes `estimated_rank`.
        tolerance: a descent ends when a step changes the estimate by at most this, relative to its norm.
        max_iterations: steps of the descent at the full rank at most.

    Raises:
        ObservationsError: see `observations.checked`; or there isn't one matrix of two dimensions.
        ValueError: the rank does not fit the shape, or another argument is not positive.

    Source: Keshavan, Montanari and Oh, "Matrix completion from a few entries", 2010; the incremental variant: Keshavan
    and Oh, "A gradient descent algorithm on the Grassman manifold for matrix completion", 2009; the length of the
    steps: Barzilai and Borwein, "Two-point step size gradient methods", 1988.
    """
    matrix = _one(observations, observed)
    if not tolerance > 0 or max_iterations < 1:
        raise ValueError(f"tolerance {tolerance} and max_iterations {max_iterations} must be positive")
    rank = estimated_rank(matrix, observed) if rank is None else rank
    n, m = matrix.shape
    if not 1 <= rank <= min(n, m):
        raise ValueError(f"a {n}x{m} matrix has a rank of 1 to {min(n, m)}, not {rank}")

    remaining = matrix
    x, y = matrix.new_zeros(n, 0), matrix.new_zeros(m, 0)
    for reached in range(1, rank + 1):
        left, _, right = leading_singular_vectors(trimmed(remaining, observed), 1)
        point = _point(matrix, observed, torch.cat([x, left], 1), torch.cat([y, right], 1))
        last = reached == rank
        limits = (tolerance, max_iterations) if last else (_PRELIMINARY_TOLERANCE, _PRELIMINARY_ITERATIONS)
        point, costs, converged = _descend(matrix, observed, point, *limits)
        x, y, remaining = point.x, point.y, -point.residual
    return OptSpaceFit(point.estimate, rank, torch.tensor(costs, dtype=torch.float64), converged)


def trimmed(matrix: Tensor, observed: Tensor) -> Tensor:
    """P_Ω(M) (n, m) with zeros in rows and columns that have more than twice the average number of observed entries.

    Their singular values would otherwise stand above those of the signal.
    """
    n, m = matrix.shape
    total = observed.sum()
    rows = observed.sum(1, keepdim=True) * n <= 2 * total  # (n, 1)
    columns = observed.sum(0, keepdim=True) * m <= 2 * total  # (1, m)
    return torch.where(observed & rows & columns, matrix, 0.0)


def estimated_rank(observations: Tensor, observed: Tensor) -> int:
    """The rank that the singular values σ of the trimmed observations (n, m) suggest, from |Ω| of √(nm) ε entries.

    The larger of two estimates: the i of the least (σ_{i+1} + σ₁ √(i/ε)) / σ_i, which is the paper's, and the number of
    σ up to the last gap that stands out. The latter is the i ≥ 0 of the least i + τ max_{j>i} (σ_j − σ_{j+1}) / g, with
    g the average of the last ten gaps, for the smallest τ of 0.05, 0.1, … that gives more than 0. From few entries both
    come out too small: the gap behind the signal drowns in the noise that not observing entries is.

    Source: Keshavan and Oh (see `opt_space`) for the first; the authors' published program for taking the larger.
    """
    matrix = _one(observations, observed)
    values = accurate_singular_values(trimmed(matrix, observed))
    if len(values) == 1 or values[0] == 0:
        return 1
    n, m = matrix.shape
    per_line = float(observed.sum()) / (n * m) ** 0.5  # ε
    places = torch.arange(1, len(values), dtype=torch.float64)  # i
    by_ratio = int(((values[1:] + values[0] * (places / per_line).sqrt()) / values[:-1]).argmin()) + 1

    gaps = torch.cat([values.diff().neg(), values.new_zeros(1)])  # σ_i − σ_{i+1}
    rounding = torch.finfo(torch.float64).eps * values[0]
    gaps = torch.where(gaps > rounding, gaps, 0.0)
    largest_left = gaps.flip(0).cummax(0).values.flip(0) / gaps[-11:-1].mean().clamp(min=rounding)
    by_gap, factor = 0, 0.0  # i, τ
    while by_gap == 0 and largest_left[0] > 0:
        factor += 0.05
        by_gap = int((torch.arange(len(gaps)) + factor * largest_left).argmin())
    return max(by_ratio, by_gap)


@dataclass(frozen=True)
class _Point:
    """A pair of subspaces, with the cost there and what it was computed from."""

    x: Tensor  # (n, r), orthonormal
    y: Tensor  # (m, r), orthonormal
    core: Tensor  # S (r, r)
    residual: Tensor  # P_Ω(X S Yᵀ − M) (n, m)
    cost: float

    @property
    def estimate(self) -> Tensor:
        return self.x @ self.core @ self.y.mT

    def gradient(self) -> tuple[Tensor, Tensor]:
        """∂F/∂X = R Y Sᵀ and ∂F/∂Y = Rᵀ X S, less their parts within the subspaces, which move nothing.

        S need not be differentiated, since F is at its minimum over S. In exact arithmetic the parts within are zero.
        """
        of_x, of_y = self.residual @ self.y @ self.core.mT, self.residual.mT @ self.x @ self.core
        return of_x - self.x @ (self.x.mT @ of_x), of_y - self.y @ (self.y.mT @ of_y)


def _point(matrix: Tensor, observed: Tensor, x: Tensor, y: Tensor) -> _Point:
    """The point of the column spaces of x (n, r) and y (m, r), with S by least squares: r² equations in r² unknowns."""
    # The R of a QR decomposition may have negative diagonal entries; with positive ones the basis moves continuously.
    x, y = (q * torch.where(r.diagonal() < 0, -1.0, 1.0) for q, r in (torch.linalg.qr(x), torch.linalg.qr(y)))
    r = x.shape[1]
    mask = observed.to(matrix.dtype)
    of_rows = (x[:, :, None] * x[:, None, :]).flatten(1)  # (n, r²)
    of_columns = (y[:, :, None] * y[:, None, :]).flatten(1)  # (m, r²)
    normal = (of_rows.mT @ mask @ of_columns).reshape(r, r, r, r).permute(0, 2, 1, 3).reshape(r * r, r * r)
    target = (x.mT @ matrix @ y).flatten()
    # By the pseudo-inverse, since too few entries leave S undetermined.
    core = (torch.linalg.pinv(normal, hermitian=True) @ target).reshape(r, r)
    residual = mask * (x @ core @ y.mT) - matrix
    return _Point(x, y, core, residual, float(residual.square().sum()) / 2)


def _descend(
    matrix: Tensor, observed: Tensor, point: _Point, tolerance: float, max_iterations: int
) -> tuple[_Point, list[float], bool]:
    """The end of a descent from a point, the costs on its way, and whether it ended by itself."""
    costs = [point.cost]
    gradient = torch.cat(point.gradient())  # (n + m, r)
    length = 1 / float(point.core.square().sum()) if point.cost else 0.0  # about 1 / the largest curvature
    for iteration in range(max_iterations):
        slope = float(gradient.square().sum())
        if slope == 0:
            return point, costs, True
        new = _step(matrix, observed, point, gradient, length, slope)
        if new is None:
            return point, costs, True
        costs.append(new.cost)
        moved = torch.cat([new.x - point.x, new.y - point.y])
        new_gradient = torch.cat(new.gradient())
        bent = new_gradient - gradient
        # The two lengths of Barzilai and Borwein in turn; where the cost is concave along the step, the last one's sign
        # is no guide, only its size.
        along = abs(float((moved * bent).sum()))
        if along > 0:
            length = float(moved.square().sum()) / along if iteration % 2 else along / float(bent.square().sum())
        change = torch.linalg.vector_norm(new.estimate - point.estimate) / torch.linalg.vector_norm(new.core)
        point, gradient = new, new_gradient
        if change <= tolerance:
            return point, costs, True
    return point, costs, False


def _step(
    matrix: Tensor, observed: Tensor, point: _Point, gradient: Tensor, length: float, slope: float
) -> _Point | None:
    """The point that a step along the negative gradient leads to; None if none lowers the cost enough."""
    of_x, of_y = gradient[: len(point.x)], gradient[len(point.x) :]
    for _ in range(_HALVINGS):
        new = _point(matrix, observed, point.x - length * of_x, point.y - length * of_y)
        if new.cost <= point.cost - _SUFFICIENT * length * slope:
            return new
        length /= 2
    return None


def _one(observations: Tensor, observed: Tensor) -> Tensor:
    if observations.ndim != 2:
        raise ObservationsError(f"observations {tuple(observations.shape)} must be (n, m): one matrix at a time")
    return checked(observations[None], observed[None])[0]
