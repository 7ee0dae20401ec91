"""The synthetic problems are what their description says."""

from __future__ import annotations

import pytest
import torch

from synthetic.problems import low_rank_problems


def test_the_truth_has_the_rank_and_a_mean_square_of_one() -> None:
    problems = low_rank_problems([0, 1], shape=(30, 50), rank=3, observed=400)
    for truth in problems.truth:
        values = torch.linalg.svdvals(truth)
        assert values[2] > 1 and values[3] < 1e-12 * values[0]
        torch.testing.assert_close(truth.square().mean(), torch.tensor(1.0, dtype=torch.float64))


def test_as_many_entries_are_observed_as_asked_for_and_they_equal_the_truth() -> None:
    problems = low_rank_problems([3, 4], observed=2000)
    assert problems.observed.sum((1, 2)).tolist() == [2000, 2000]
    assert torch.equal(problems.observations, torch.where(problems.observed, problems.truth, 0.0))


def test_noise_changes_the_observations_and_leaves_the_truth() -> None:
    clean, noisy = low_rank_problems([5]), low_rank_problems([5], noise=0.1)
    assert torch.equal(clean.truth, noisy.truth) and torch.equal(clean.observed, noisy.observed)
    difference = (noisy.observations - clean.observations)[clean.observed]
    assert 0.09 < difference.std() < 0.11


def test_a_problem_depends_on_its_own_seed_alone() -> None:
    assert torch.equal(low_rank_problems([7, 8]).truth[1], low_rank_problems([8]).truth[0])


def test_the_test_error_counts_unobserved_entries_alone() -> None:
    problems = low_rank_problems([0, 1], shape=(6, 7), rank=2, observed=20)
    estimate = torch.where(problems.observed, 1e9, problems.truth + 2)
    assert problems.test_error(estimate).tolist() == pytest.approx([4, 4])
    assert low_rank_problems([0], shape=(4, 4), rank=1, observed=16).test_error(torch.ones(1, 4, 4)).tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": []}, "no seeds"),
        ({"rank": 0}, "rank of 1 to 100, not 0"),
        ({"rank": 101}, "not 101"),
        ({"observed": 0}, "1 to 10000 entries"),
        ({"observed": 10001}, "1 to 10000 entries"),
        ({"noise": -1.0}, "standard deviation"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        low_rank_problems(**{"seeds": [0], **arguments})  # type: ignore[arg-type]  # wrong on purpose
