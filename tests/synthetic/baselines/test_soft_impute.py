"""SoftImpute against the optimality conditions of its objective, and where the answer is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from synthetic.baselines.observations import ObservationsError
from synthetic.baselines.soft_impute import along_path, penalty_path, soft_impute, validated_soft_impute
from synthetic.problems import low_rank_problems


def objective(x: Tensor, mask: Tensor, z: Tensor, penalty: Tensor) -> Tensor:
    misfit = torch.where(mask, x - z, 0.0).square().sum((-2, -1)) / 2
    value: Tensor = misfit + penalty * torch.linalg.matrix_norm(z, "nuc")
    return value


class TestOptimality:
    @pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
    @pytest.mark.parametrize("noise", [0.0, 0.5])
    def test_the_residual_is_a_subgradient_of_the_penalty(self, share: float, noise: float) -> None:
        # Z is optimal if and only if G = P_Ω(X − Z) has ‖G‖₂ ≤ λ and ⟨G, Z⟩ = λ‖Z‖_*.
        problems = low_rank_problems([0, 1], (25, 30), rank=3, observed=300, noise=noise)
        x, mask = problems.observations, problems.observed
        penalty = share * torch.linalg.matrix_norm(x, 2)
        z = soft_impute(x, mask, penalty, tolerance=1e-11).estimate
        residual = torch.where(mask, x - z, 0.0)
        assert (torch.linalg.matrix_norm(residual, 2) <= penalty * (1 + 1e-6)).all()
        norms = torch.linalg.matrix_norm(z, "nuc")
        torch.testing.assert_close((residual * z).sum((-2, -1)), penalty * norms, rtol=1e-6, atol=0)

    def test_the_start_does_not_change_the_solution(self) -> None:
        problems = low_rank_problems([2], (20, 20), rank=2, observed=200)
        penalty = torch.tensor([0.5])
        cold = soft_impute(problems.observations, problems.observed, penalty, tolerance=1e-10)
        warm = soft_impute(problems.observations, problems.observed, penalty, problems.truth, tolerance=1e-10)
        torch.testing.assert_close(cold.estimate, warm.estimate, rtol=0, atol=1e-6)

    def test_nothing_is_lower_than_the_solution(self) -> None:
        problems = low_rank_problems([3], (20, 20), rank=2, observed=200)
        x, mask, penalty = problems.observations, problems.observed, torch.tensor([0.5], dtype=torch.float64)
        z = soft_impute(x, mask, penalty, tolerance=1e-10).estimate
        generator = torch.Generator().manual_seed(0)
        for size in (1e-1, 1e-3):
            other = z + size * torch.randn(z.shape, generator=generator, dtype=torch.float64)
            assert objective(x, mask, other, penalty) > objective(x, mask, z, penalty)


class TestKnownAnswers:
    def test_observed_everywhere_it_lowers_the_singular_values(self) -> None:
        x = low_rank_problems([0], (9, 7), rank=4, observed=63, noise=0.3).observations
        left, values, right = torch.linalg.svd(x, full_matrices=False)
        expected = (left * (values - 1.5).relu()[:, None, :]) @ right
        fit = soft_impute(x, torch.ones_like(x, dtype=torch.bool), torch.tensor([1.5]))
        torch.testing.assert_close(fit.estimate, expected, rtol=0, atol=1e-12)

    def test_a_low_rank_matrix_is_recovered_up_to_the_shrinkage_of_a_small_penalty(self) -> None:
        problems = low_rank_problems([0, 1], (40, 50), rank=2, observed=1200)
        path = penalty_path(problems.observations, problems.observed, count=12, smallest=1e-5)
        *_, last = along_path(problems.observations, problems.observed, path)
        assert (problems.test_error(last.estimate) < 1e-7).all()

    def test_the_misfit_falls_and_the_nuclear_norm_grows_along_the_path(self) -> None:
        problems = low_rank_problems([4], (25, 30), rank=3, observed=300, noise=0.2)
        x, mask = problems.observations, problems.observed
        fits = list(along_path(x, mask, penalty_path(x, mask, count=8, smallest=1e-3), tolerance=1e-9))
        misfits = torch.stack([torch.where(mask, x - fit.estimate, 0.0).square().sum() for fit in fits])
        norms = torch.stack([torch.linalg.matrix_norm(fit.estimate, "nuc").sum() for fit in fits])
        assert (misfits.diff() < 0).all() and (norms.diff() > 0).all()
        assert not fits[0].estimate.any(), "from λ = σ₁ on the solution is zero"

    def test_a_problem_is_solved_in_a_batch_as_alone(self) -> None:
        problems = low_rank_problems([5, 6], (20, 15), rank=2, observed=150)
        batch = validated_soft_impute(problems.observations, problems.observed, count=6, smallest=1e-2)
        alone = validated_soft_impute(problems.observations[1:], problems.observed[1:], count=6, smallest=1e-2)
        torch.testing.assert_close(batch.estimate[1], alone.estimate[0], rtol=0, atol=1e-10)
        torch.testing.assert_close(batch.penalty[1], alone.penalty[0])


class TestValidation:
    def test_noise_calls_for_a_penalty_in_the_middle_of_the_path(self) -> None:
        problems = low_rank_problems([0], (40, 50), rank=2, observed=1200, noise=1.0)
        x, mask = problems.observations, problems.observed
        chosen = validated_soft_impute(x, mask, count=12, smallest=1e-3, tolerance=1e-5)
        share = float(chosen.penalty / torch.linalg.matrix_norm(x, 2))
        assert 0.05 < share < 0.8
        hardly_any = soft_impute(x, mask, torch.tensor([1e-2]), tolerance=1e-5)
        assert problems.test_error(chosen.estimate) < problems.test_error(hardly_any.estimate) * 0.6

    def test_without_noise_the_smallest_penalty_is_chosen(self) -> None:
        problems = low_rank_problems([0], (40, 50), rank=2, observed=1200)
        chosen = validated_soft_impute(problems.observations, problems.observed, count=8, smallest=1e-3)
        assert float(chosen.penalty / torch.linalg.matrix_norm(problems.observations[0], 2)) < 2e-3

    def test_too_few_entries_to_hold_some_out_are_refused(self) -> None:
        x, mask = torch.ones(1, 3, 3), torch.zeros(1, 3, 3, dtype=torch.bool)
        mask[0, 0, 0] = True
        with pytest.raises(ObservationsError, match="1 observed entries, too few"):
            validated_soft_impute(x, mask)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"penalty": torch.zeros(1)}, "positive penalty"),
        ({"penalty": torch.ones(2)}, "one positive penalty for each of the 1 problems"),
        ({"penalty": torch.ones(1), "tolerance": 0.0}, "must be positive"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        soft_impute(torch.ones(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.bool), **arguments)


@pytest.mark.parametrize("arguments", [{"count": 1}, {"smallest": 0.0}, {"smallest": 1.5}, {"held_out": 1.0}])
def test_a_path_or_a_share_out_of_range_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"path has|share of observed"):
        validated_soft_impute(torch.ones(1, 3, 3), torch.ones(1, 3, 3, dtype=torch.bool), **arguments)
