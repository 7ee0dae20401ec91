"""Ways to complete a matrix, for a comparison on problems with a known answer: Adam:1+R and what it is compared with.

Each method is given the observed entries and nothing else, except where its name says so, and goes on until it stands
still, to about the last digits of float64 where it converges that far; what "still" means is said beside each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from recsys.linalg.spectral import NonFiniteMatrixError
from synthetic.baselines.min_nuclear_norm import min_nuclear_norm
from synthetic.baselines.opt_space import opt_space
from synthetic.baselines.soft_impute import validated_soft_impute
from synthetic.dynamics import Dynamics
from synthetic.problems import Problems
from synthetic.table1 import experiment
from synthetic.table1.cells import Cell
from synthetic.table1.search import dynamics

# Gradient descent at depth 3 becomes unstable from a learning rate of 2 to 3 on, depending on the number of entries.
GD_LEARNING_RATE, GD_MOST_STEPS = 1.0, 30_000


def adam_with_ratio_penalty(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """Depth 1, Adam and the ratio penalty, both λ and the learning rate annealed until rounding stops them."""
    pairs = [(experiment.ANNEALED_STRENGTH, experiment.ANNEALED_LEARNING_RATE)] * len(seeds)
    run = dynamics(Cell("adam", 1, "ratio"), problems, seeds, pairs, experiment.ANNEALING)
    run.advance(experiment.ANNEALED_STEPS)
    if bool(run.diverged.any()):
        raise NonFiniteMatrixError("training diverged, so the learning rate is too large for this problem")
    return run.end_product


def minimum_nuclear_norm(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """The exact minimum, to a relative duality gap of 1e-12; what 20,000 iterations reach where that is not enough."""
    return min_nuclear_norm(problems.observations, problems.observed, tolerance=1e-12).estimate


def gradient_descent_at_depth_3(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """Depth 3, gradient descent, no penalty, until 200 steps change the matrix by less than 1e-9 of itself."""
    run = Dynamics(
        problems.observations,
        problems.observed,
        seeds=seeds,
        optimizer="gd",
        depth=3,
        penalty="none",
        strengths=torch.zeros(len(seeds)),
        learning_rates=torch.full((len(seeds),), GD_LEARNING_RATE, dtype=torch.float64),
    )
    run.advance(GD_MOST_STEPS)
    return run.end_product


def opt_space_with_estimated_rank(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """OptSpace, which estimates the rank, until a step changes the matrix by less than 1e-13 of itself."""
    return _opt_space(problems, None)


def opt_space_told_the_rank(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """OptSpace given the rank of the truth, which no other method knows."""
    rank = int(torch.linalg.matrix_rank(problems.truth[0]))
    return _opt_space(problems, rank)


def soft_impute(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """SoftImpute, its λ from held-out observed entries, until an iteration changes it by less than 1e-6 of itself.

    The path ends at 1e-4 of the λ from which on the solution is zero. With smaller ones it approaches the minimum of
    the nuclear norm, at a cost that grows without bound.
    """
    return validated_soft_impute(
        problems.observations, problems.observed, count=20, smallest=1e-4, tolerance=1e-6
    ).estimate


METHODS: dict[str, Callable[[Problems, Sequence[int]], Tensor]] = {
    "Adam:1+R": adam_with_ratio_penalty,
    "minimum nuclear norm": minimum_nuclear_norm,
    "GD:3": gradient_descent_at_depth_3,
    "OptSpace": opt_space_with_estimated_rank,
    "OptSpace, told the rank": opt_space_told_the_rank,
    "SoftImpute": soft_impute,
}


def _opt_space(problems: Problems, rank: int | None) -> Tensor:
    each = zip(problems.observations, problems.observed, strict=True)
    return torch.stack([opt_space(*problem, rank, tolerance=1e-13).estimate for problem in each])
