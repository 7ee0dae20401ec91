"""The figure of depth: one schedule for all cells, rates from held-out entries, and a picture of the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from synthetic.annealing import Annealing
from synthetic.figures import depth_figure
from synthetic.figures.__main__ import RESULTS
from synthetic.problems import low_rank_problems
from synthetic.table1.cells import PAPER_OPTIMIZERS


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_figure, "STEPS", 45)
    monkeypatch.setattr(depth_figure, "SEARCHED_STEPS", 20)
    monkeypatch.setattr(depth_figure, "SCHEDULE", Annealing(constant_steps=20, steps_per_decade=10))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("optimizer", "rate_falls"), [("adam", True), ("gd", False)])
def test_strength_falls_and_the_rate_where_steps_do_not_shrink_by_themselves(optimizer: str, rate_falls: bool) -> None:
    run = depth_figure._dynamics(optimizer, 2, low_rank_problems([0, 1], (8, 8), 1, 40), [0, 1], [1e-2, 1e-3])
    strengths, rates = run.strengths, run.learning_rates
    depth_figure._train(run, 45)
    assert run.steps.tolist() == [45, 45]
    torch.testing.assert_close(run.strengths, 0.01 * strengths)  # of the last steps, from 40 on
    torch.testing.assert_close(run.learning_rates, (0.01 if rate_falls else 1.0) * rates)


@pytest.mark.usefixtures("short")
def test_the_rate_is_chosen_without_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = depth_figure._best_rate("adam", 1, 0)
    assert chosen in depth_figure.ADAPTIVE_RATES
    problems = low_rank_problems([0] * 3)
    lying = type(problems)(torch.zeros_like(problems.truth), problems.observed, problems.observations)
    monkeypatch.setattr(depth_figure, "low_rank_problems", lambda seeds: lying)
    assert depth_figure._best_rate("adam", 1, 0) == chosen


def test_a_finished_cell_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_figure, "DEPTHS", (1, 2))
    monkeypatch.setattr(
        depth_figure,
        "_measure",
        lambda optimizer, depth, seeds: pd.DataFrame({"optimizer": optimizer, "depth": depth, "seed": list(seeds)}),
    )
    data = depth_figure.over_depth([0, 1], tmp_path)
    assert len(data) == len(PAPER_OPTIMIZERS) * 2 * 2
    monkeypatch.setattr(depth_figure, "_measure", None)  # would fail if it were called
    pd.testing.assert_frame_equal(depth_figure.over_depth([0, 1], tmp_path), data)


def test_the_picture_has_a_line_for_each_optimiser() -> None:
    data = pd.read_csv(RESULTS / "depth.csv")
    assert set(data["depth"]) == set(depth_figure.DEPTHS) and set(data["optimizer"]) == set(PAPER_OPTIMIZERS)
    errors, ranks = depth_figure.draw_over_depth(data).axes
    for axes, column in ((errors, "test_error"), (ranks, "effective_rank")):
        drawn = {str(line.get_label()): line.get_ydata() for line in axes.get_lines()}
        for optimizer, name in depth_figure.NAMES.items():
            middle = data[data["optimizer"] == optimizer].groupby("depth")[column].median()
            assert drawn[name] == pytest.approx(middle.tolist())
    legend = ranks.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == list(depth_figure.NAMES.values())
