"""SoftImpute: nuclear-norm-penalised completion along a path of penalties, each solution the start of the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from recsys.linalg.spectral import decompose, singular_values
from synthetic.baselines.observations import ObservationsError, checked


@dataclass(frozen=True)
class SoftImputeFit:
    """Solutions of B problems, each for a λ of its own."""

    estimate: Tensor  # (B, n, m)
    penalty: Tensor  # (B,), λ
    iterations: Tensor  # (B,)


def soft_impute(
    observations: Tensor,
    observed: Tensor,
    penalty: Tensor,
    start: Tensor | None = None,
    tolerance: float = 1e-7,
    max_iterations: int = 5000,
) -> SoftImputeFit:
    """Solve min ½‖P_Ω(X − Z)‖_F² + λ‖Z‖_* for a batch of problems.

    Each iteration fills what is not observed in from the last estimate and lowers every singular value by λ:

        Z ← S_λ(P_Ω(X) + P_Ω^⊥(Z')),   S_λ(U diag(σ) Vᵀ) = U diag((σ − λ)₊) Vᵀ,

    with Z' the last estimate carried on by Nesterov's momentum, which starts anew whenever the last step points against
    it. Small penalties need it: there the plain iteration takes steps that are short long before it has arrived.

    Args:
        observations: X (B, n, m); what stands in unobserved entries is not looked at.
        observed: (B, n, m), boolean. Unobserved rows and columns come out zero.
        penalty: λ (B,), positive.
        start: (B, n, m), zero where None.
        tolerance: a problem is solved once an iteration changes its Z by at most this, relative to ‖Z‖_F.
        max_iterations: problems that are not solved by then are returned as they are.

    Raises:
        ObservationsError: see `observations.checked`.
        ValueError: a penalty, the tolerance or the number of iterations is not positive.

    Source: Mazumder, Hastie and Tibshirani, "Spectral regularization algorithms for learning large incomplete
    matrices", 2010; the momentum and its restart: O'Donoghue and Candès, "Adaptive restart for accelerated gradient
    schemes", 2015.
    """
    given = checked(observations, observed)
    if penalty.shape != given.shape[:1] or not bool((penalty > 0).all()):
        raise ValueError(f"there must be one positive penalty for each of the {len(given)} problems, not {penalty}")
    if not tolerance > 0 or max_iterations < 1:
        raise ValueError(f"tolerance {tolerance} and max_iterations {max_iterations} must be positive")
    estimate = torch.zeros_like(given) if start is None else start.double().clone()
    iterations = torch.zeros(len(given), dtype=torch.long)

    places = torch.arange(len(given))  # of the problems that are not solved yet
    matrix, mask, weight, z = given, observed, penalty.double(), estimate.clone()
    carried, momentum = z, given.new_ones(len(given))  # Z', and the t of Nesterov's sequence
    for iteration in range(1, max_iterations + 1):
        spectrum = decompose(torch.where(mask, matrix, carried))
        new = spectrum.map((spectrum.singular_values - weight[:, None]).relu())
        estimate[places], iterations[places] = new, iteration
        step = new - z
        unsolved = _norm(step) > tolerance * _norm(new)
        if not bool(unsolved.any()):
            break
        against = ((carried - new) * step).sum((-2, -1)) > 0
        momentum = torch.where(against, 1.0, momentum)
        following = (1 + (1 + 4 * momentum.square()).sqrt()) / 2
        carried = new + ((momentum - 1) / following)[:, None, None] * step
        places, matrix, mask, weight, z, carried, momentum = (
            part[unsolved] for part in (places, matrix, mask, weight, new, carried, following)
        )
    return SoftImputeFit(estimate, penalty, iterations)


def penalty_path(observations: Tensor, observed: Tensor, count: int = 30, smallest: float = 1e-5) -> Tensor:
    """Penalties (count, B) falling in equal ratios from λ_max = σ₁(P_Ω(X)) to `smallest` λ_max.

    From λ_max on the solution is zero.

    Raises:
        ObservationsError: see `observations.checked`.
        ValueError: the count is below 2, or `smallest` is not between 0 and 1.
    """
    if count < 2 or not 0 < smallest < 1:
        raise ValueError(
            f"a path has 2 penalties or more and falls to a share between 0 and 1, not {count}, {smallest}"
        )
    largest = singular_values(checked(observations, observed))[:, 0]
    return largest * torch.logspace(0, 1, count, base=smallest, dtype=torch.float64)[:, None]


def along_path(
    observations: Tensor, observed: Tensor, penalties: Tensor, tolerance: float = 1e-7, max_iterations: int = 5000
) -> Iterator[SoftImputeFit]:
    """Solve for the penalties (L, B) in turn, starting each from the last solution. Errors as for `soft_impute`."""
    start = None
    for penalty in penalties:
        fit = soft_impute(observations, observed, penalty, start, tolerance, max_iterations)
        yield fit
        start = fit.estimate


def validated_soft_impute(
    observations: Tensor,
    observed: Tensor,
    held_out: float = 0.1,
    seed: int = 0,
    count: int = 30,
    smallest: float = 1e-5,
    tolerance: float = 1e-7,
    max_iterations: int = 5000,
) -> SoftImputeFit:
    """SoftImpute with λ chosen on observed entries that were held out, for each problem by itself.

    A path is solved without a share `held_out` of the observed entries, drawn with `seed`; λ is the one that predicts
    those with the least squared error. With all observed entries the path is then followed again, down to that λ.

    Raises:
        ObservationsError: see `observations.checked`; or nothing is left to learn from, or to choose by.
        ValueError: as for `soft_impute` and `penalty_path`.
    """
    given = checked(observations, observed)
    validation = _drawn(observed, held_out, seed)
    remaining = observed & ~validation
    penalties = penalty_path(given, remaining, count, smallest)  # (L, B)
    path = along_path(given, remaining, penalties, tolerance, max_iterations)
    errors = torch.stack(
        [torch.where(validation, fit.estimate - given, 0.0).square().sum((-2, -1)) for fit in path]
    )  # (L, B)
    best = errors.argmin(0)  # (B,)

    estimate, iterations = torch.zeros_like(given), torch.zeros(len(given), dtype=torch.long)
    for place, fit in enumerate(
        along_path(given, observed, penalties[: int(best.max()) + 1], tolerance, max_iterations)
    ):
        estimate[best == place] = fit.estimate[best == place]
        iterations[best >= place] += fit.iterations[best >= place]
    return SoftImputeFit(estimate, torch.take_along_dim(penalties, best[None], 0)[0], iterations)


def _drawn(observed: Tensor, share: float, seed: int) -> Tensor:
    """A mask (B, n, m) of that share of each problem's observed entries, the same for the same seed and mask."""
    if not 0 < share < 1:
        raise ValueError(f"the share of observed entries to hold out must be between 0 and 1, not {share}")
    drawn = torch.zeros_like(observed)
    for problem, mask in enumerate(observed):
        places = mask.flatten().nonzero()[:, 0]
        count = round(share * len(places))
        if not 0 < count < len(places):
            raise ObservationsError(
                f"problem {problem} has {len(places)} observed entries, too few to hold out a share of {share}"
            )
        order = torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))
        drawn[problem].view(-1)[places[order[:count]]] = True
    return drawn


def _norm(matrix: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(matrix, dim=(-2, -1))  # (B,)
    return norm
