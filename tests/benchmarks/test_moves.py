"""The moves of rated and unrated entries: measured as they are defined, and as docs/method.md explains them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.moves.measuring import RUNS, STEPS, as_rows, measure
from benchmarks.moves.table import as_markdown

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "moves.json"
ADAM, DESCENT, SLOW_DESCENT = RUNS


@pytest.mark.slow
def test_descent_moves_by_the_rate_times_the_gradient_and_adam_first_by_the_rate() -> None:
    rows = {(row.optimizer, row.step): row for row in measure(0, [1, 2])}
    assert set(rows) == {(name, step) for name in RUNS for step in (1, 2)}
    for step in (1, 2):
        for row in (rows[DESCENT, step], rows[SLOW_DESCENT, step]):
            assert row.move_rated == pytest.approx(row.rate * row.gradient_rated, rel=1e-3)
            assert row.move_unrated == pytest.approx(row.rate * row.gradient_unrated, rel=1e-3)
    assert rows[SLOW_DESCENT, 1].rate == rows[DESCENT, 1].rate / 100
    assert rows[SLOW_DESCENT, 1].gradient_rated == rows[DESCENT, 1].gradient_rated  # of one start
    first = rows[ADAM, 1]
    assert first.move_rated == pytest.approx(first.rate, rel=0.01)
    assert first.move_unrated == pytest.approx(first.rate, rel=0.01)


def test_the_results_are_what_the_document_explains() -> None:
    rows = {(row["optimizer"], row["step"]): row for row in json.loads(RESULTS.read_text())["rows"]}
    assert set(rows) == {(name, step) for name in RUNS for step in STEPS}
    late = [step for step in STEPS if step >= 100]
    for step in late:
        adam, descent, slow = (rows[name, step] for name in RUNS)
        assert adam["move_unrated"] == pytest.approx(adam["move_rated"], rel=1)  # of the same size
        assert max(descent["move_unrated"], slow["move_unrated"]) < 0.1 * adam["move_unrated"]
    for name in (DESCENT, SLOW_DESCENT):
        assert rows[name, 1]["move_unrated"] > 100 * rows[name, 2]["move_unrated"]  # the leap, then standstill
        assert rows[name, 2]["move_unrated"] == pytest.approx(rows[DESCENT, 2]["move_unrated"], rel=0.1)
        assert rows[name, STEPS[-1]]["mean_unrated"] < 0.1
    assert rows[ADAM, STEPS[-1]]["mean_unrated"] > 2


def test_a_run_is_named_once_and_each_step_has_its_rate() -> None:
    numbers = dict.fromkeys(("gradient_rated", "gradient_unrated", "move_rated", "move_unrated", "mean_unrated"), 0.5)
    rates = (0.00812, 5000.0)
    rows = [
        {"optimizer": name, "rate": rate, "step": step, **numbers} for name in RUNS for step, rate in enumerate(rates)
    ]
    lines = as_markdown({"rows": rows})
    assert lines[2] == "| Adam | 0 | 0.0081 | 5.0e-01 | 5.0e-01 | 0.5 | 0.5 | 0.5 |"
    assert lines[3].startswith("|  | 1 | 5000 | ")
    assert lines[4].startswith("| gradient descent | 0 | ")
    assert as_rows([]) == []
