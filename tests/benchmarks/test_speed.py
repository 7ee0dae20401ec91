"""The speed benchmark compares two computations of the same thing, and measures them in turns."""

from __future__ import annotations

import torch

from benchmarks.speed.penalty import ratings_like_matrix, value_and_gradient
from benchmarks.speed.training import AutogradRatioPenalty
from benchmarks.speed.turns import alternate
from recsys.penalties import RatioPenalty


def test_both_sides_of_the_ratio_compute_the_same_value_and_gradient() -> None:
    matrix = torch.randn(60, 90, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    both = (value_and_gradient(penalty, matrix) for penalty in (RatioPenalty(1.0), AutogradRatioPenalty(1.0)))
    for ours, autograd in zip(*both, strict=True):
        torch.testing.assert_close(ours, autograd)


def test_the_matrix_has_the_spectrum_of_a_network_in_training() -> None:
    values = torch.linalg.svdvals(ratings_like_matrix().double())
    assert 4000 < values[0] < 5000
    assert 30 < values[1] < 100
    assert 0.01 < values[-1] < 0.1


def test_two_functions_take_turns_after_a_call_each_to_warm_up() -> None:
    calls: list[str] = []
    times = alternate(lambda: calls.append("a"), lambda: calls.append("b"), turns=3)
    assert calls == ["a", "b"] * 4
    assert [len(taken) for taken in times] == [3, 3]
