"""The matrix of the least nuclear norm that agrees with the observed entries, with a proof of how close it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from recsys.linalg.spectral import accurate_singular_values, decompose, singular_values
from synthetic.baselines.observations import checked

# The threshold γ that the iteration starts with, in units of σ₁(P_Ω(M)). What matters is only that it is within a
# factor of ten of the best; it is adapted from there.
_FIRST_THRESHOLD = 0.15
# Over-relaxation of the Douglas-Rachford step: any value below 2 converges, values near 2 do so fastest.
_RELAXATION = 1.8
# Iterations from one certificate, and adaption of the threshold, to the next: a certificate costs as much as two.
_INTERVAL = 25


@dataclass(frozen=True)
class MinimumNuclearNorm:
    """For each of B problems a matrix that agrees with the observations, and bounds on the least nuclear norm."""

    estimate: Tensor  # (B, n, m), equal to the observations where there are any
    upper_bound: Tensor  # (B,), ‖estimate‖_*
    lower_bound: Tensor  # (B,), ⟨D, M⟩ of a D that is zero where nothing is observed and has ‖D‖₂ ≤ 1
    iterations: Tensor  # (B,)

    @property
    def relative_gap(self) -> Tensor:
        """(upper − lower) / upper, (B,): how far above the least nuclear norm the estimate can be at most."""
        return (self.upper_bound - self.lower_bound) / torch.where(self.upper_bound > 0, self.upper_bound, 1.0)


def min_nuclear_norm(
    observations: Tensor, observed: Tensor, tolerance: float = 1e-9, max_iterations: int = 20_000
) -> MinimumNuclearNorm:
    """Solve min ‖Z‖_* subject to P_Ω(Z) = P_Ω(M) for a batch of problems.

    Over-relaxed Douglas-Rachford splitting between the proximal operator of γ‖·‖_*, which lowers every singular value
    by γ, and the projection onto the matrices that agree with the observations:

        Z = prox(V),  Y = P_C(2Z − V),  V ← V + α (Y − Z).

    (V − Z)/γ is a subgradient D of ‖·‖_* at Z. At the solution it is zero outside Ω; made so, and scaled to ‖D‖₂ ≤ 1,
    it is feasible for the dual problem max ⟨D, M⟩, whose value bounds the least nuclear norm from below. γ is adapted
    so that the violation of the constraint and that of D's support fall together.

    Args:
        observations: (B, n, m); what stands in unobserved entries is not looked at.
        observed: (B, n, m), boolean. Unobserved rows and columns come out zero.
        tolerance: a problem is solved once its relative gap is at most this.
        max_iterations: problems that are not solved by then are returned as they are: see `relative_gap`.

    Raises:
        ObservationsError: see `observations.checked`.
        ValueError: the tolerance or the number of iterations is not positive.

    Source: Eckstein and Bertsekas, "On the Douglas-Rachford splitting method and the proximal point algorithm for
    maximal monotone operators", 1992; the dual problem: Recht, Fazel and Parrilo, "Guaranteed minimum-rank solutions of
    linear matrix equations via nuclear norm minimization", 2010.
    """
    if not tolerance > 0 or max_iterations < 1:
        raise ValueError(f"tolerance {tolerance} and max_iterations {max_iterations} must be positive")
    given = checked(observations, observed)
    count = len(given)
    estimate, upper, lower = given.clone(), given.new_full((count,), torch.inf), given.new_zeros(count)
    iterations = torch.zeros(count, dtype=torch.long)

    places = torch.arange(count)  # of the problems that are not solved yet
    matrix, mask, v = given, observed, given
    largest = singular_values(given)[:, :1, None]
    threshold = _FIRST_THRESHOLD * torch.where(largest > 0, largest, 1.0)  # (B, 1, 1)
    for iteration in range(1, max_iterations + 1):
        spectrum = decompose(v)
        z = spectrum.map((spectrum.singular_values - threshold[..., 0]).relu())
        if iteration % _INTERVAL == 0 or iteration == max_iterations:
            subgradient = (v - z) / threshold
            feasible = torch.where(mask, matrix, z)
            estimate[places] = feasible
            upper[places] = accurate_singular_values(feasible).sum(-1)
            lower[places] = _lower_bound(subgradient, matrix, mask)
            iterations[places] = iteration
            unsolved = upper[places] - lower[places] > tolerance * upper[places]
            if not bool(unsolved.any()):
                break
            threshold = _adapted(threshold, z, subgradient, matrix, mask, iteration)
            v = z + threshold * subgradient
            places, matrix, mask, threshold, v, z = (part[unsolved] for part in (places, matrix, mask, threshold, v, z))
        v = v + _RELAXATION * (torch.where(mask, matrix, 2 * z - v) - z)
    return MinimumNuclearNorm(estimate, upper, lower, iterations)


def _lower_bound(subgradient: Tensor, matrix: Tensor, mask: Tensor) -> Tensor:
    """⟨D, M⟩ (B,) of the subgradient (B, n, m) made zero where nothing is observed and scaled to ‖D‖₂ ≤ 1."""
    dual = torch.where(mask, subgradient, 0.0)
    return (dual * matrix).sum((-2, -1)) / accurate_singular_values(dual)[..., 0].clamp(min=1.0)


def _adapted(threshold: Tensor, z: Tensor, subgradient: Tensor, matrix: Tensor, mask: Tensor, iteration: int) -> Tensor:
    """γ (B, 1, 1), smaller where the constraint is violated more than the subgradient's support, larger where less.

    Both violations are relative. The change is at most twofold, and at most by the 1/k-th power of that at the k-th
    adaption: changes that can be summed up leave the convergence as it is.
    """
    primal = torch.linalg.vector_norm(torch.where(mask, z - matrix, 0.0), dim=(-2, -1), keepdim=True)
    primal = primal / torch.linalg.vector_norm(matrix, dim=(-2, -1), keepdim=True)
    dual = torch.linalg.vector_norm(torch.where(mask, 0.0, subgradient), dim=(-2, -1), keepdim=True)
    dual = dual / torch.linalg.vector_norm(subgradient, dim=(-2, -1), keepdim=True)
    limit = 2.0 ** (_INTERVAL / iteration)
    change = (dual / primal).sqrt().nan_to_num(nan=1.0)
    adapted: Tensor = threshold * change.clamp(1 / limit, limit)
    return adapted
