"""OptSpace: each of its steps, and problems whose answer is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from synthetic.baselines.observations import ObservationsError
from synthetic.baselines.opt_space import _point, estimated_rank, opt_space, trimmed
from synthetic.problems import low_rank_problems


class TestRecovery:
    @pytest.mark.parametrize(
        ("shape", "rank", "observed"), [((40, 50), 2, 1000), ((60, 30), 3, 900), ((30, 30), 1, 300)]
    )
    def test_a_low_rank_matrix_is_recovered_to_the_last_digits(
        self, shape: tuple[int, int], rank: int, observed: int
    ) -> None:
        for seed in (0, 1):
            problems = low_rank_problems([seed], shape, rank, observed)
            fit = opt_space(problems.observations[0], problems.observed[0], rank, tolerance=1e-12)
            assert fit.converged and fit.rank == rank
            assert problems.test_error(fit.estimate[None]) < 1e-18

    def test_few_entries_are_enough_where_the_ranks_are_gone_through(self) -> None:
        # Twice as many entries as the matrix has degrees of freedom. The descent from the leading five singular vectors
        # of the observations, all at once, gets lost on this problem.
        problems = low_rank_problems([2], (100, 100), rank=5, observed=2000)
        fit = opt_space(problems.observations[0], problems.observed[0], 5)
        assert problems.test_error(fit.estimate[None]) < 1e-12

    def test_with_noise_it_comes_close_to_the_error_of_knowing_the_subspaces(self) -> None:
        # Keshavan, Montanari and Oh, 2010: an oracle that knows the subspaces has the error noise² (n + m) r / |Ω|.
        problems = low_rank_problems([0], (60, 60), rank=2, observed=1800, noise=0.1)
        fit = opt_space(problems.observations[0], problems.observed[0], 2)
        oracle = 0.1**2 * 120 * 2 / 1800
        assert 0.5 * oracle < problems.test_error(fit.estimate[None]) < 2 * oracle

    def test_every_step_lowers_the_cost(self) -> None:
        problems = low_rank_problems([1], (40, 50), rank=3, observed=900, noise=0.1)
        costs = opt_space(problems.observations[0], problems.observed[0], 3).costs
        assert (costs.diff() <= 0).all() and costs[-1] < costs[0] / 5

    def test_a_descent_that_may_not_go_on_says_so(self) -> None:
        problems = low_rank_problems([1], (40, 50), rank=3, observed=900)
        fit = opt_space(problems.observations[0], problems.observed[0], 3, max_iterations=2)
        assert not fit.converged and len(fit.costs) == 3

    def test_zeros_are_completed_by_zeros(self) -> None:
        fit = opt_space(torch.zeros(4, 5), torch.ones(4, 5, dtype=torch.bool), 2)
        assert not fit.estimate.any() and fit.converged


class TestCost:
    problems = low_rank_problems([3], (12, 10), rank=4, observed=70)
    matrix, observed = problems.observations[0], problems.observed[0]
    generator = torch.Generator().manual_seed(0)
    x = torch.linalg.qr(torch.randn(12, 3, generator=generator, dtype=torch.float64))[0]
    y = torch.linalg.qr(torch.randn(10, 3, generator=generator, dtype=torch.float64))[0]

    def test_the_gradient_is_the_slope_of_the_cost(self) -> None:
        of_x, of_y = _point(self.matrix, self.observed, self.x, self.y).gradient()
        step = 1e-6
        for place in [(0, 0), (5, 2), (9, 1)]:
            for which, gradient in enumerate((of_x, of_y)):
                ends = []
                for sign in (1, -1):
                    moved = [self.x.clone(), self.y.clone()]
                    moved[which][place] += sign * step  # and back onto the manifold, which changes no first derivative
                    ends.append(_point(self.matrix, self.observed, *moved).cost)
                assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(float(gradient[place]), rel=1e-5, abs=1e-6)

    def test_no_other_core_fits_better(self) -> None:
        point = _point(self.matrix, self.observed, self.x, self.y)
        for place in range(9):
            for size in (1e-3, -1e-3):
                core = point.core.clone()
                core.view(-1)[place] += size
                residual = torch.where(self.observed, point.x @ core @ point.y.mT - self.matrix, 0.0)
                assert residual.square().sum() / 2 > point.cost

    def test_the_cost_depends_on_the_subspaces_alone(self) -> None:
        mixed = torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        point = _point(self.matrix, self.observed, self.x, self.y)
        other = _point(self.matrix, self.observed, self.x @ mixed, self.y @ mixed.mT)
        assert other.cost == pytest.approx(point.cost, rel=1e-10)
        torch.testing.assert_close(other.estimate, point.estimate, rtol=0, atol=1e-9)


class TestTrimming:
    def test_rows_and_columns_with_more_than_twice_the_average_are_set_to_zero(self) -> None:
        observed = torch.zeros(6, 6, dtype=torch.bool)
        observed.fill_diagonal_(True)
        observed[2] = True  # 6 of 11 entries in a row; the average is 11/6, and every column has 1 or 2
        assert torch.equal(trimmed(torch.ones(6, 6), observed), torch.eye(6) * (torch.arange(6) != 2)[:, None])
        assert torch.equal(trimmed(torch.ones(6, 6), observed.mT), torch.eye(6) * (torch.arange(6) != 2)[:, None])

    def test_twice_the_average_is_still_kept(self) -> None:
        observed = torch.zeros(4, 4, dtype=torch.bool)
        observed[0, :2] = observed[1, 2] = observed[2, 3] = True  # 4 entries, 1 a row on average
        assert torch.equal(trimmed(torch.ones(4, 4), observed), observed.float())

    def test_trimming_is_for_the_start_alone(self) -> None:
        # A full row would be set to zero, and yet it is fitted.
        problems = low_rank_problems([0], (40, 40), rank=1, observed=400)
        observed = problems.observed[0].clone()
        observed[3] = True
        fit = opt_space(problems.truth[0], observed, 1, tolerance=1e-12)
        assert not trimmed(problems.truth[0], observed)[3].any()
        assert (fit.estimate - problems.truth[0]).abs().max() < 1e-8


class TestRankEstimate:
    @pytest.mark.parametrize("rank", [3, 5, 8])
    def test_a_matrix_observed_for_the_most_part_shows_its_rank(self, rank: int) -> None:
        for seed in (0, 1, 2):
            problems = low_rank_problems([seed], (80, 80), rank, observed=5600)
            assert estimated_rank(problems.observations[0], problems.observed[0]) == rank

    def test_it_is_the_rank_of_the_completion_where_none_is_given(self) -> None:
        problems = low_rank_problems([0], (80, 80), rank=3, observed=5600)
        fit = opt_space(problems.observations[0], problems.observed[0])
        assert fit.rank == 3 and problems.test_error(fit.estimate[None]) < 1e-15

    def test_it_knows_nothing_from_few_entries(self) -> None:
        problems = low_rank_problems([1], (100, 100), rank=5, observed=2000)
        assert estimated_rank(problems.observations[0], problems.observed[0]) < 5

    @pytest.mark.parametrize("rank", [1, 4])
    def test_of_all_entries_it_is_the_rank(self, rank: int) -> None:
        truth = low_rank_problems([0], (20, 30), rank, observed=600).truth[0]
        assert estimated_rank(truth, torch.ones_like(truth, dtype=torch.bool)) == rank

    @pytest.mark.parametrize("matrix", [torch.zeros(3, 4), torch.ones(1, 6), torch.ones(2, 2)], ids=str)
    def test_of_next_to_nothing_it_is_one(self, matrix: torch.Tensor) -> None:
        assert estimated_rank(matrix, torch.ones_like(matrix, dtype=torch.bool)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 0}, "a 3x4 matrix has a rank of 1 to 3, not 0"),
        ({"rank": 4}, "a 3x4 matrix has a rank of 1 to 3, not 4"),
        ({"rank": 1, "tolerance": 0.0}, "must be positive"),
        ({"rank": 1, "max_iterations": 0}, "must be positive"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        opt_space(torch.ones(3, 4), torch.ones(3, 4, dtype=torch.bool), **arguments)


def test_a_batch_is_refused() -> None:
    with pytest.raises(ObservationsError, match="one matrix at a time"):
        opt_space(torch.ones(1, 3, 4), torch.ones(1, 3, 4, dtype=torch.bool))
