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

from benchmarks.document import experiments
from synthetic.annealing import Annealing
from synthetic.dynamics import Dynamics
from synthetic.problems import low_rank_problems
from synthetic.table1 import __main__ as table1
from synthetic.table1 import cells, experiment, search, table
from synthetic.table1.cells import Cell, extra_cells, paper_cells, paper_values, parse

KEYS = {"optimizer", "depth", "penalty", "test_error", "effective_rank", "paper_test_error", "paper_rank", "lambda"}
KEYS |= {"learning_rate", "steps", "seconds", "seeds"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """A cell on small matrices."""
    monkeypatch.setitem(cells.VARIANTS, "small", {"shape": (10, 12), "rank": 1, "observed": 100})
    settings = {"RUNGS": ((100, 2), (300, 1)), "BLOCK": 100, "MOST_STEPS": 1500, "MOST_UNPENALISED_STEPS": 1500}
    for name, value in settings.items():
        monkeypatch.setattr(search, name, value)
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


def test_settings_are_chosen_for_each_problem_without_its_unobserved_entries(small: Cell) -> None:
    outcome = experiment.run_cell(small, [0, 1])
    assert all((choice.strength, choice.learning_rate) in small.grid for choice in outcome.choices)
    assert max(outcome.test_errors) < 1e-6  # of 1 at the start
    assert max(outcome.oracle_test_errors) < 1e-20

    problems = low_rank_problems([0, 1], **small.problem)
    other = replace(
        problems,
        truth=torch.randn(2, 10, 12, dtype=torch.float64),
        observations=torch.where(problems.observed, problems.observations, 1e6),
    )
    trained = search.train(small, other, [0, 1])
    assert trained.choices == outcome.choices
    assert problems.test_error(trained.estimate).tolist() == outcome.test_errors
    assert trained.cell_steps >= 2 * (6 * 100 + 2 * 200 + 100)


def test_a_part_of_the_observed_entries_is_held_out_and_given_back(
    small: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_on: list[torch.Tensor] = []
    observe = Dynamics.observe

    def recorded(run: Dynamics, observations: torch.Tensor, observed: torch.Tensor) -> None:
        trained_on.extend([run._weights > 0, observed])
        observe(run, observations, observed)

    monkeypatch.setattr(Dynamics, "observe", recorded)
    problems = low_rank_problems([3], **small.problem)
    search.train(small, problems, [3])
    part, everything = trained_on
    assert torch.equal(everything, problems.observed)
    assert part.sum() == 95 and not bool((part & ~everything).any())


def test_noise_is_fitted_no_further_than_helps_held_out_entries(monkeypatch: pytest.MonkeyPatch, small: Cell) -> None:
    noisy = {"shape": (20, 20), "rank": 1, "observed": 250, "noise": 0.3}
    monkeypatch.setitem(cells.VARIANTS, "small", noisy)
    outcome = experiment.run_cell(small, [2])
    assert 1e-4 < outcome.oracle_test_errors[0] < outcome.test_errors[0]
    assert outcome.choices[0].decades < search.FALLS[-1]
    monkeypatch.setattr(search, "FALLS", search.FALLS[-1:])
    assert outcome.test_errors[0] < experiment.run_cell(small, [2]).test_errors[0]


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
    assert not any(row["of_earlier_code"] for row in first["rows"])
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


def test_rows_of_earlier_code_stay_with_their_own_notes_until_they_are_replaced() -> None:
    old = {"optimizer": "gd", "depth": 3, "penalty": "ratio", "variant": "", "seeds": [0], "note": "slow"}
    new = old | {"depth": 1, "seeds": [0, 1], "fingerprint": table.fingerprint_of(Cell("gd", 1, "ratio"), [0, 1])}
    assert [row["of_earlier_code"] for row in table.merged([old, new | {"fingerprint": ""}], [new])] == [False, True]
    assert table.merged([old], [])[0]["note"] == "slow"
    assert experiments.made_by(table.merged([old], [new])) == [
        "- seeds 0–1: gd:1:ratio",
        "- seed 0, earlier code: all others",
    ]
