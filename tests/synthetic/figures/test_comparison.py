"""Adam:1+R and what it is compared with, on problems that all of them should solve, and one that some can't."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import torch

from recsys.linalg.spectral import NonFiniteMatrixError
from synthetic.annealing import Annealing
from synthetic.figures import comparison, figure4
from synthetic.figures.comparison import METHODS
from synthetic.problems import Problems, low_rank_problems
from synthetic.table1 import experiment


@pytest.mark.parametrize(
    ("method", "largest"),
    [
        ("Adam:1+R", 1e-18),
        ("minimum nuclear norm", 1e-20),
        ("GD:3", 1e-3),  # what is left of its start
        ("OptSpace, told the rank", 1e-20),
        ("SoftImpute", 1e-4),  # what its smallest λ leaves
    ],
)
def test_an_easy_problem_is_solved_by(method: str, largest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # An easy problem does not need the patience of one with two entries for each degree of freedom.
    monkeypatch.setattr(experiment, "ANNEALING", Annealing(constant_steps=2500, steps_per_decade=200))
    monkeypatch.setattr(experiment, "ANNEALED_STEPS", 4000)
    monkeypatch.setattr(comparison, "GD_MOST_STEPS", 3000)
    problems = low_rank_problems([0], (16, 16), rank=1, observed=190)
    assert problems.test_error(METHODS[method](problems, [0])) < largest


def test_a_learning_rate_that_makes_training_diverge_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "ANNEALED_LEARNING_RATE", 1e308)
    with pytest.raises(NonFiniteMatrixError):
        METHODS["Adam:1+R"](low_rank_problems([0], (8, 8), rank=1, observed=40), [0])


def test_a_finished_point_is_kept_and_every_other_setting_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Sequence[int]] = []

    def truth(problems: Problems, seeds: Sequence[int]) -> torch.Tensor:
        calls.append(seeds)
        return problems.truth + 0.1

    monkeypatch.setitem(METHODS, "OptSpace", truth)
    first = figure4.completed("OptSpace", 2000, [0, 1], tmp_path)
    assert first["test_error"].tolist() == pytest.approx([0.01, 0.01]) and first["seed"].tolist() == [0, 1]
    pd.testing.assert_frame_equal(figure4.completed("OptSpace", 2000, [0, 1], tmp_path), first)
    assert calls == [[0, 1]]
    figure4.completed("OptSpace", 2500, [0, 1], tmp_path)
    figure4.completed("OptSpace", 2000, [1], tmp_path)
    assert calls == [[0, 1], [0, 1], [1]]


def off_by(error: float, problems: Problems, seeds: Sequence[int]) -> torch.Tensor:
    return problems.truth + error


def test_the_figure_is_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure4, "SIZES", (2000, 3000))
    for place, method in enumerate(METHODS):
        monkeypatch.setitem(METHODS, method, functools.partial(off_by, 10.0**-place))
    data = figure4.over_observed_entries([0, 1], tmp_path)
    assert len(data) == 2 * 2 * len(METHODS)
    errors, ranks = figure4.draw_over_observed_entries(data).axes
    drawn = {line.get_label(): line.get_ydata() for line in errors.get_lines()}
    for place, method in enumerate(METHODS):
        assert drawn[method] == pytest.approx([10.0 ** (-2 * place)] * 2)
    legend = ranks.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == list(METHODS)
