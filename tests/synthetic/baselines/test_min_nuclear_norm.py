"""The least nuclear norm: certified, against an independent solver, and where the answer is known."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from torch import Tensor

from synthetic.baselines.min_nuclear_norm import min_nuclear_norm
from synthetic.problems import low_rank_problems


def by_cvxpy(observations: Tensor, observed: Tensor) -> tuple[float, Tensor]:
    """The least nuclear norm of one problem, and its matrix, from cvxpy's interior-point solver."""
    if "CI" not in os.environ:
        pytest.importorskip("cvxpy", reason="cvxpy comes with the extra 'acceptance'")
    cvxpy: Any = __import__("cvxpy")
    z = cvxpy.Variable(tuple(observations.shape))
    rows, columns = (places.numpy() for places in observed.nonzero(as_tuple=True))
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.normNuc(z)), [z[rows, columns] == observations[observed].numpy()])
    least = problem.solve(solver=cvxpy.CLARABEL)
    return float(least), torch.from_numpy(z.value)


@pytest.mark.parametrize(
    ("shape", "rank", "observed", "noise"), [((10, 12), 2, 60, 0.0), ((12, 8), 3, 50, 0.5), ((9, 9), 1, 30, 0.0)]
)
def test_an_independent_solver_finds_the_same(shape: tuple[int, int], rank: int, observed: int, noise: float) -> None:
    problems = low_rank_problems([0], shape, rank, observed, noise)
    least, estimate = by_cvxpy(problems.observations[0], problems.observed[0])
    ours = min_nuclear_norm(problems.observations, problems.observed, tolerance=1e-10)
    assert ours.lower_bound[0] - 1e-7 <= least
    assert float(ours.upper_bound[0]) == pytest.approx(least, rel=1e-7)
    torch.testing.assert_close(ours.estimate[0], estimate, rtol=0, atol=1e-3)  # where it is flat, the norm tells little


class TestCertificate:
    def test_every_problem_of_a_batch_is_solved_to_the_gap_asked_for(self) -> None:
        problems = low_rank_problems([0, 1, 2], (30, 40), rank=4, observed=500)
        solved = min_nuclear_norm(problems.observations, problems.observed, tolerance=1e-9)
        assert (solved.relative_gap <= 1e-9).all() and (solved.relative_gap > -1e-13).all()
        assert torch.equal(solved.estimate[problems.observed], problems.observations[problems.observed])
        norms = torch.linalg.matrix_norm(solved.estimate, "nuc")
        torch.testing.assert_close(norms, solved.upper_bound, rtol=1e-12, atol=0)
        assert (norms <= torch.linalg.matrix_norm(problems.truth, "nuc") * (1 + 1e-9)).all()

    def test_the_lower_bound_holds_long_before_the_end(self) -> None:
        problems = low_rank_problems([3], (30, 40), rank=4, observed=500)
        least = min_nuclear_norm(problems.observations, problems.observed, tolerance=1e-11).upper_bound
        for iterations in (1, 5, 30, 60):
            early = min_nuclear_norm(problems.observations, problems.observed, max_iterations=iterations)
            assert early.iterations.tolist() == [iterations]
            assert (early.lower_bound <= least).all() and (least <= early.upper_bound).all()
            assert (early.relative_gap > 1e-9).all()

    def test_a_problem_is_solved_in_a_batch_as_alone(self) -> None:
        problems = low_rank_problems([4, 5], (20, 15), rank=2, observed=200)
        batch = min_nuclear_norm(problems.observations, problems.observed)
        alone = min_nuclear_norm(problems.observations[1:], problems.observed[1:])
        torch.testing.assert_close(batch.estimate[1], alone.estimate[0], rtol=0, atol=1e-10)
        assert batch.iterations[1] == alone.iterations[0]


class TestKnownAnswers:
    def test_a_low_rank_matrix_is_recovered_from_enough_entries(self) -> None:
        problems = low_rank_problems([0, 1], (40, 50), rank=2, observed=1200)
        solved = min_nuclear_norm(problems.observations, problems.observed, tolerance=1e-11)
        assert (problems.test_error(solved.estimate) < 1e-18).all()

    def test_two_by_two_with_one_entry_missing(self) -> None:
        # Of [[1, a], [b, z]] the nuclear norm is least where the rank is 1, at z = ab, as long as |ab| <= 1; beyond
        # that the largest singular value would grow too fast, and the least is at a smaller |z|.
        mask = torch.tensor([[[True, True], [True, False]]])
        x = torch.tensor([[[1.0, 0.5], [0.8, 0.0]]])
        solved = min_nuclear_norm(x, mask, tolerance=1e-13)
        assert float(solved.estimate[0, 1, 1]) == pytest.approx(0.4, abs=1e-6)

    def test_a_diagonal_is_completed_by_zeros_of_its_own_norm(self) -> None:
        # ‖Z‖_* >= |trace Z| = 6, which the diagonal matrix itself attains.
        x, mask = torch.diag(torch.tensor([3.0, 2.0, 1.0]))[None], torch.eye(3, dtype=torch.bool)[None]
        assert float(min_nuclear_norm(x, mask).upper_bound) == pytest.approx(6, rel=1e-9)

    def test_a_matrix_observed_everywhere_stays_as_it_is(self) -> None:
        x = low_rank_problems([0], (7, 9), rank=3, observed=63).truth
        assert torch.equal(min_nuclear_norm(x, torch.ones_like(x, dtype=torch.bool)).estimate, x)

    def test_zeros_are_completed_by_zeros(self) -> None:
        solved = min_nuclear_norm(torch.zeros(1, 4, 5), torch.ones(1, 4, 5, dtype=torch.bool))
        assert not solved.estimate.any() and solved.relative_gap.tolist() == [0]

    def test_scaling_the_observations_scales_the_answer(self) -> None:
        problems = low_rank_problems([6], (15, 20), rank=3, observed=150)
        one = min_nuclear_norm(problems.observations, problems.observed)
        for factor in (1e-8, 1e8):
            scaled = min_nuclear_norm(factor * problems.observations, problems.observed)
            torch.testing.assert_close(scaled.estimate / factor, one.estimate, rtol=0, atol=1e-6)


@pytest.mark.parametrize("arguments", [{"tolerance": 0.0}, {"tolerance": float("nan")}, {"max_iterations": 0}])
def test_a_limit_that_is_not_positive_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        min_nuclear_norm(torch.ones(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.bool), **arguments)
