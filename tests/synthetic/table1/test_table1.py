"""Table 1: cells, the search that sees observed entries alone, and rows that survive an interruption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synthetic.annealing import Annealing
from synthetic.problems import low_rank_problems
from synthetic.table1 import __main__ as table1
from synthetic.table1 import cells, experiment, table
from synthetic.table1.cells import Cell, extra_cells, paper_cells, paper_values, parse

KEYS = {"optimizer", "depth", "penalty", "test_error", "effective_rank", "paper_test_error", "paper_rank", "lambda"}
KEYS |= {"learning_rate", "steps", "seconds", "seeds"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """A cell on small matrices."""
    monkeypatch.setitem(cells.VARIANTS, "small", {"shape": (10, 12), "rank": 1, "observed": 100})
    for name, steps in (("FIRST_RUNG", 100), ("SECOND_RUNG", 300), ("BLOCK", 100), ("MOST_STEPS", 1500)):
        monkeypatch.setattr(experiment, name, steps)
    return Cell("adam", 1, "ratio", "small")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["table1", *arguments])
    table1.main()


def test_the_names_of_cells_are_read_as_they_are_written() -> None:
    everything = [*paper_cells(), *extra_cells()]
    assert [parse(str(cell)) for cell in everything] == everything
    assert len(set(everything)) == len(everything)


def test_every_cell_of_the_paper_has_its_values_and_the_others_have_none() -> None:
    assert {str(cell) for cell in paper_cells()} == set(paper_values())
    assert len(paper_values()) == 60
    assert not {str(cell) for cell in extra_cells()} & set(paper_values())


@pytest.mark.parametrize("text", ["adam", "adam:1", "adam:0:ratio", "sgd:1:ratio", "adam:1:rank", "adam:1:ratio:loud"])
def test_what_is_no_cell_is_refused_with_what_there_is(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--cells", f"adam:1:none,{text}")
    message = capsys.readouterr().err
    assert f"'{text}' is no cell" in message and "adagrad" in message


def test_the_search_does_not_see_unobserved_entries_and_finds_what_recovers_the_matrix(small: Cell) -> None:
    outcome = experiment.run_cell(small, [0, 1])
    assert (outcome.choice.strength, outcome.choice.learning_rate) in small.grid
    assert max(outcome.test_errors) < 0.3  # of 1 at the start

    problem = low_rank_problems([0], **small.problem)
    other = replace(
        problem,
        truth=torch.randn(1, 10, 12, dtype=torch.float64),
        observations=torch.where(problem.observed, problem.observations, 1e6),
    )
    choice, steps = experiment.search(small, other)
    assert choice == outcome.choice
    assert steps >= 12 * 100 + 4 * 200 + 100


def test_finished_cells_are_kept_and_rows_have_what_readers_expect(
    small: Cell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "table1.json"
    arguments = ("--cells", "adam:1:none,gd:1:none:small", "--seeds", "0", "--workers", "1", f"--runs={tmp_path}")
    run(monkeypatch, *arguments, f"--json={result}")
    first = json.loads(result.read_text())
    assert all(set(row) >= KEYS for row in first["rows"])
    assert first["rows"][0]["paper_test_error"] == 1.0 and first["rows"][1]["paper_test_error"] is None
    assert 0.9 < first["rows"][0]["test_error"] < 1.1  # unobserved entries have no gradient, and stay near zero
    capsys.readouterr()

    monkeypatch.setattr(table, "run_cell", None)  # would fail if it were called
    run(monkeypatch, *arguments, f"--json={result}")
    assert json.loads(result.read_text())["rows"] == first["rows"]
    assert "| adam:1:none | 1e+00 | " in capsys.readouterr().out


@pytest.mark.slow
def test_a_table_that_was_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "synthetic.table1", "--seeds=0", "--workers=2", f"--runs={tmp_path}"]
    process = subprocess.Popen(command)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers: list[str] = []
    while len(workers) < 3:  # two, and one that watches shared resources
        time.sleep(0.02)
        workers = children.read_text().split()
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_annealing_goes_far_below_what_a_constant_strength_leaves(small: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cells.VARIANTS, "annealed", small.problem)
    monkeypatch.setattr(experiment, "ANNEALING", Annealing(constant_steps=2500, steps_per_decade=200))
    monkeypatch.setattr(experiment, "ANNEALED_STEPS", 4000)
    outcome = experiment.run_cell(Cell("adam", 1, "ratio", "annealed"), [0])
    assert outcome.test_errors[0] < 1e-20


def test_notes_are_about_cells_and_each_is_told_once() -> None:
    for name in json.loads(table.NOTES.read_text()):
        assert str(parse(name)) == name
    rows = [{"optimizer": "gd", "depth": depth, "penalty": "ratio", "variant": "", "note": "slow"} for depth in (1, 3)]
    assert table.notes_of([*rows, {"optimizer": "adam"}]) == ["- gd:1:ratio, gd:3:ratio: slow"]
