"""The slope of a column against the ratio penalty itself, and against what can be known at all."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from synthetic.identifiability import column_slopes
from synthetic.problems import low_rank_problems


def ratio(matrix: Tensor) -> float:
    values = torch.linalg.svdvals(matrix)
    return float(values.sum() / torch.linalg.vector_norm(values))


def test_the_ratio_falls_along_a_column_where_its_slope_is_above_one() -> None:
    problems = low_rank_problems([1], (12, 12), rank=3, observed=60)
    truth, observed = problems.truth[0], problems.observed[0]
    slopes = column_slopes(truth, observed)
    left, values, right = torch.linalg.svd(truth)
    left, values, right = left[:, :3], values[:3], right[:3]
    gradient = (left * (1 - values * values.sum() / values.square().sum())) @ right
    generator = torch.Generator().manual_seed(0)
    falls = []
    for column in range(12):
        hidden = torch.nonzero(~observed[:, column]).flatten()
        apart = torch.eye(len(hidden), dtype=torch.float64) - left[hidden] @ left[hidden].mT
        steepest = -torch.linalg.solve(apart, gradient[hidden, column])
        changes = [steepest, *torch.randn(50, len(hidden), generator=generator, dtype=torch.float64)]
        ratios = []
        for change in changes:
            changed = truth.clone()
            changed[hidden, column] += 1e-5 * change / torch.linalg.vector_norm(change)
            ratios.append(ratio(changed))
        falls.append(min(ratios) < ratio(truth))
    assert falls == (slopes > 1).tolist()
    assert any(falls) and not all(falls)


def test_a_column_with_fewer_entries_than_the_rank_is_not_determined() -> None:
    problems = low_rank_problems([1], (15, 10), rank=3, observed=120)
    observed = problems.observed[0].clone()
    observed[:, 4] = False
    observed[:2, 4] = True
    slopes = column_slopes(problems.truth[0], observed)
    assert math.isinf(slopes[4]) and bool((slopes[:4] < 1).all())
