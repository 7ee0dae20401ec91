"""The oracle that knows the column space: exact without noise, and the least-squares fit of each column with it."""

from __future__ import annotations

import torch

from synthetic.baselines.column_space import complete
from synthetic.problems import low_rank_problems


def test_without_noise_the_truth_is_found_and_with_it_each_column_is_fitted_by_least_squares() -> None:
    for noise in (0.0, 0.2):
        problems = low_rank_problems([0, 1], (20, 15), rank=2, observed=150, noise=noise)
        basis = torch.linalg.svd(problems.truth)[0][..., :2]
        estimate = complete(problems.observations, problems.observed, basis)
        if not noise:
            torch.testing.assert_close(estimate, problems.truth)
        for problem in range(2):
            for column in range(15):
                rows = problems.observed[problem, :, column]
                residual = (estimate - problems.observations)[problem, rows, column]
                torch.testing.assert_close(basis[problem, rows].mT @ residual, torch.zeros(2, dtype=torch.float64))
