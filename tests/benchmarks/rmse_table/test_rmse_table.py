"""The table of test RMSEs: real rows, runs that are not repeated, and results that grow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.document.rmse_table import rmse_table
from benchmarks.rmse_table.__main__ import main
from benchmarks.rmse_table.picture import picture
from benchmarks.rmse_table.runs import current_fingerprint
from benchmarks.rmse_table.table import as_markdown, merged, row_of
from benchmarks.rmse_table.table2 import BY_MODEL
from data.movielens import Ratings

ROOT = Path(__file__).parents[3]


def fitted(rmse: float) -> dict[str, Any]:
    """What a run of ours leaves."""
    run = {"test_rmse": rmse, "test_rmse_as_served": rmse, "effective_rank": 4.0, "steps": 10, "fit_seconds": 2.0}
    made_by = {"commit": "0123abc", "threads": 2, "fingerprint": "0123456789abcdef"}
    return {**run, "parameters": 1_586_126, "peak_memory_mb": 700, **made_by}


def test_a_row_has_the_mean_coverage_of_the_intervals_where_a_model_predicts_them() -> None:
    line = BY_MODEL["best-all"]
    runs = [
        fitted(0.9)
        | {"test_coverage_50": 0.5 + add, "test_coverage_90": 0.9}
        | {"test_coverage_50_as_served": 0.52, "test_coverage_90_as_served": 0.91}
        for add in (0.0, 0.02)
    ]
    row = row_of(line, "u1", [0, 1], runs)
    assert row.coverage_50 == pytest.approx(0.51)
    assert row.coverage_90 == pytest.approx(0.9)
    assert "| 51.0% | 90.0% | 52.0% | 91.0% |" in as_markdown([asdict(row)])
    document = rmse_table(merged({}, row))
    assert "| best-all, u1 | 51.0% | 90.0% |\n| best-all, u1, as served | 52.0% | 91.0% |" in document
    assert row_of(line, "u1", [0], [fitted(0.9)]).coverage_50 is None


def test_a_row_says_what_is_reached_without_times_and_the_document_where_it_differs() -> None:
    runs = [fitted(0.84 + add) | {"test_rmse_as_served": 0.86 + add} for add in (0.0, 0.02)]
    row = row_of(BY_MODEL["best-all"], "0.9", [0, 1], runs)
    assert row.rmse_as_served == pytest.approx([0.86, 0.88])
    assert row.rmse_as_served_mean == pytest.approx(0.87)
    plain, peer = (row_of(BY_MODEL[name], "0.9", [0], [fitted(0.9)]) for name in ("best-ratings", "imc"))
    assert (plain.rmse_as_served, peer.rmse_as_served) == ([0.9], None)
    written = as_markdown([asdict(row), asdict(plain), asdict(peer)])
    assert "| 0.8500 | ±0.0141 | 0.8700 | 2 |" in written
    assert "| 0.9000 | – | 0.9000 | 1 |" in written
    assert "| 0.9000 | – | – | 1 |" in written
    content: dict[str, Any] = {}
    for each in (row, plain, peer):
        content = merged(content, each)
    document = rmse_table(content)
    assert "| best-all, 90:10 | 0.8500 | 0.8700 |" in document
    assert "| best-ratings, 90:10 |" not in document


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`table("--models", …)` gives what the command prints."""
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["rmse_table", *arguments])
        main()
        return capsys.readouterr().out

    return run


@pytest.mark.slow
def test_a_row_is_measured_once_and_read_back_the_second_time(
    table: Callable[..., str], movielens_100k: Ratings, tmp_path: Path
) -> None:
    options = ["--split", "0.8", "--seeds", "0", "--runs", str(tmp_path / "runs")]
    options += ["--json", str(tmp_path / "table.json")]
    printed = table("--models", "embedding-adam", "imc", *options)
    (metrics,) = tmp_path.glob("runs/*/artifacts/latest/metrics.json")
    (of_peer,) = tmp_path.glob("runs/imc-0.8/seed0.json")
    written = [file.stat().st_mtime_ns for file in (metrics, of_peer)]
    assert table("--models", "embedding-adam", "imc", *options) == printed
    assert [file.stat().st_mtime_ns for file in (metrics, of_peer)] == written

    ours, imc = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert (ours["model"], ours["split"], ours["seeds"], ours["paper_rmse"]) == ("embedding-adam", "0.8", [0], 1.348)
    assert ours["rmse"] == [json.loads(metrics.read_text())["test_rmse"]]
    assert 0.9 < ours["rmse_mean"] < 1.1
    assert 1.0 < imc["rmse_mean"] < 1.2
    assert imc["paper_rmse"] == 1.653
    assert 1 < imc["effective_rank"] < 20
    for row in (ours, imc):
        assert row["parameters"] > 100
        assert 50 < row["peak_memory_mb"] < 5000
        assert row["fit_seconds"] > 0
    assert f"| embedding-adam | 0.8 | no | 1.348 | {ours['rmse_mean']:.4f} |" in printed
    assert (tmp_path / "table.md").read_text() == printed
    assert (tmp_path / "table.png").read_bytes().startswith(b"\x89PNG")

    of_other_sources = json.loads(of_peer.read_text()) | {"test_rmse": 0.5, "fingerprint": "0123456789abcdef"}
    of_peer.write_text(json.dumps(of_other_sources))
    assert f"{imc['rmse_mean']:.4f}" in table("--models", "imc", *options)
    assert json.loads(of_peer.read_text())["test_rmse"] == pytest.approx(imc["rmse_mean"])


@pytest.mark.slow
def test_a_killed_table_goes_on_with_the_fit_that_was_not_finished(
    table: Callable[..., str], movielens_100k: Ratings, tmp_path: Path
) -> None:
    arguments = ["--models", "imc", "--split", "0.9", "--seeds", "0", "1", "--runs", str(tmp_path)]
    command = [sys.executable, "-m", "benchmarks.rmse_table", *arguments]
    first, second = (tmp_path / "imc-0.9" / f"seed{seed}.json" for seed in (0, 1))
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL) as process:
        while not first.exists() and process.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    assert not second.exists()
    written = first.stat().st_mtime_ns
    printed = table(*arguments)
    assert first.stat().st_mtime_ns == written
    of_both = [json.loads(file.read_text())["test_rmse"] for file in (first, second)]
    assert of_both[0] != of_both[1]
    assert f"{sum(of_both) / 2:.4f}" in printed


def test_an_unknown_model_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["rmse_table", "--models", "netflix"])
    with pytest.raises(SystemExit, match="2"):
        main()
    message = capsys.readouterr().err
    for part in ("invalid choice: 'netflix'", "lnn-adam-ratio", "fm-implicit"):
        assert part in message


def test_mean_and_deviation_are_over_the_seeds() -> None:
    row = row_of(BY_MODEL["lnn-adam-ratio"], "0.9", [0, 1], [fitted(0.9), fitted(0.92)])
    assert row.rmse_mean == pytest.approx(0.91)
    assert row.rmse_std == pytest.approx(0.02 / 2**0.5)
    assert row.paper_rmse == 0.915
    assert "| 0.9100 | ±0.0141 |" in as_markdown([asdict(row)])


def test_a_table_says_which_rows_are_of_earlier_code() -> None:
    content: dict[str, Any] = {}
    for model in ("lnn-gd", "lnn-adam", "fm"):
        run = fitted(0.9)
        if model != "lnn-gd":
            run["fingerprint"] = current_fingerprint(BY_MODEL[model], "0.9")
        content = merged(content, row_of(BY_MODEL[model], "0.9", [0], [run]))
    assert [row["of_earlier_code"] for row in content["rows"]] == [True, False, False]
    assert "These were measured by earlier code: lnn-gd (90:10); " in rmse_table(content)
    assert "| 0123abc, earlier code |" in as_markdown(content["rows"])

    content = merged(content, row_of(BY_MODEL["fm"], "0.9", [0], [fitted(0.9)]))
    assert "Only lnn-adam (90:10) was measured by it; " in rmse_table(content)
    earlier, current = ([row for row in content["rows"] if row["of_earlier_code"] is old] for old in (True, False))
    assert "All rows were measured by earlier code; " in rmse_table({**content, "rows": earlier})
    assert "earlier" not in rmse_table({**content, "rows": current})


def test_a_row_has_the_commits_that_its_runs_were_made_with() -> None:
    runs = [fitted(0.9), fitted(0.9) | {"commit": "4567def"}, fitted(0.9)]
    row = row_of(BY_MODEL["lnn-gd"], "0.9", [0, 1, 2], runs)
    assert (row.commit, row.fingerprint, row.threads) == ("0123abc, 4567def", "0123456789abcdef", 2)


def test_a_row_replaces_the_one_of_its_model_and_split_and_leaves_the_others() -> None:
    content: dict[str, Any] = {}
    for model, split, rmse in (("fm", "0.8", 0.9), ("fm", "0.9", 0.89), ("lnn-gd", "0.9", 0.94), ("fm", "0.9", 0.88)):
        run = {**fitted(rmse), "effective_rank": None}
        content = merged(content, row_of(BY_MODEL[model], split, [0], [run]))
    found = [(row["model"], row["split"], row["rmse"]) for row in content["rows"]]
    assert found == [("lnn-gd", "0.9", [0.94]), ("fm", "0.9", [0.88]), ("fm", "0.8", [0.9])]
    assert picture(content["rows"]).startswith(b"\x89PNG")
