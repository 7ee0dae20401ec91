"""The table of test RMSEs: one real row, and runs that are not repeated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.rmse_table import as_markdown, row_of
from data.movielens import Ratings

ROOT = Path(__file__).parents[2]


def test_a_row_is_measured_once_and_read_back_the_second_time(movielens_100k: Ratings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.rmse_table", "--models", "embedding-adam", "--split", "0.8"]
    command += ["--seeds", "0", "--runs", str(tmp_path / "runs"), "--json", str(tmp_path / "table.json")]
    printed = subprocess.check_output(command, cwd=ROOT, text=True)
    (metrics,) = tmp_path.glob("runs/*/artifacts/latest/metrics.json")
    written = metrics.stat().st_mtime_ns
    assert subprocess.check_output(command, cwd=ROOT, text=True) == printed
    assert metrics.stat().st_mtime_ns == written

    (row,) = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert (row["model"], row["split"], row["seeds"], row["paper_rmse"]) == ("embedding-adam", "0.8", [0], 1.348)
    assert row["rmse"] == [json.loads(metrics.read_text())["test_rmse"]]
    assert 0.9 < row["rmse_mean"] < 1.1
    assert f"| embedding-adam | 0.8 | 1.348 | {row['rmse_mean']:.4f} |" in printed


def test_mean_and_deviation_are_over_the_seeds() -> None:
    runs = [{"test_rmse": rmse, "effective_rank": 4.0, "steps": 10, "fit_seconds": 2.0} for rmse in (0.9, 0.92)]
    row = row_of("lnn-adam-ratio", "0.9", [0, 1], runs)
    assert row.rmse_mean == pytest.approx(0.91)
    assert row.rmse_std == pytest.approx(0.02 / 2**0.5)
    assert row.paper_rmse == 0.915
    assert "| 0.9100 | ±0.0141 |" in as_markdown([row])
