"""Ways to complete a matrix, for a comparison on problems with a known answer: Adam:1+R and what it is compared with.

Each method is given the observed entries and nothing else, except where its name says so, and goes on until it stands
still, to about the last digits of float64 where it converges that far; what "still" means is said beside each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from recsys.penalties import RatioPenalty
from recsys.spectral import NonFiniteMatrixError, leading_singular_vectors
from synthetic.baselines.min_nuclear_norm import min_nuclear_norm
from synthetic.baselines.opt_space import opt_space
from synthetic.baselines.soft_impute import validated_soft_impute
from synthetic.dynamics import Dynamics
from synthetic.problems import Problems

# Adam's learning rate is constant while the matrix finds its rank, which takes the longest where entries are few. Then
# it falls geometrically, and λ with it: what is left of error falls with the square of either. With 1,150 steps a
# decade one of three problems with 2,000 observed entries stays behind at 1e-17, with 660 at 1e-8.
LEARNING_RATE, LAST_LEARNING_RATE = 3e-3, 1e-14
CONSTANT_STEPS, STEPS_PER_DECADE = 2500, 1500
ANNEALING_BLOCK = 50  # steps with one learning rate
# Ten times more, and on some problems the error stays behind; less, and the rank is found more slowly.
STRENGTH_PER_RATE = 0.01  # λ / learning rate
# β₂ and ε differ from Adam's defaults since the gradients fall with λ: 0.999 would remember the steep start for
# thousands of steps, and 1e-8 would outweigh the gradient.
ADAM = {"betas": (0.9, 0.95), "eps": 1e-30}

# Gradient descent at depth 3 becomes unstable from a learning rate of 2 to 3 on, depending on the number of entries.
GD_LEARNING_RATE, GD_MOST_STEPS = 1.0, 30_000


def adam_with_ratio_penalty(problems: Problems, seeds: Sequence[int]) -> Tensor:
    """Depth 1, Adam and the ratio penalty, both λ and the learning rate annealed until rounding stops them."""
    run = _AccurateDynamics(
        problems.observations,
        problems.observed,
        seeds=seeds,
        optimizer="adam",
        depth=1,
        penalty="ratio",
        strengths=torch.full((len(seeds),), STRENGTH_PER_RATE * LEARNING_RATE, dtype=torch.float64),
        learning_rates=torch.full((len(seeds),), LEARNING_RATE, dtype=torch.float64),
        optimizer_options=ADAM,
    )
    run.advance(CONSTANT_STEPS)
    while float(run.learning_rates[0]) > LAST_LEARNING_RATE:
        run.learning_rates *= 10 ** (-ANNEALING_BLOCK / STEPS_PER_DECADE)
        run.strengths = STRENGTH_PER_RATE * run.learning_rates
        run.advance(ANNEALING_BLOCK)
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


class _AccurateDynamics(Dynamics):
    """Training that follows singular values down to rounding, where the Gram matrix loses them at √ε σ₁ = 1e-8 σ₁.

    A step costs about half as much again. What looks converged is trained on, since the learning rate decides.
    """

    def _end_product_gradient(self, matrix: Tensor) -> Tensor:
        left, values, right = leading_singular_vectors(matrix, min(matrix.shape[-2:]))
        slopes = RatioPenalty(1.0).of_singular_values(values)[1] * self.strengths[self.running, None]
        gradient = torch.addcmul(-self._targets, self._weights, matrix)
        return gradient + (left * slopes[..., None, :]) @ right.mT

    def _look(self) -> None:
        if not bool(torch.isfinite(self.end_product).all()):
            raise NonFiniteMatrixError("training diverged, so the learning rate is too large for this problem")
