"""Flixster and Douban: files that are checked before any work, matrices as tables, and the table of RMSEs."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.document.other_data import other_data
from benchmarks.other_data import matrices
from benchmarks.other_data.__main__ import main
from benchmarks.other_data.matrices import MATRICES
from benchmarks.other_data.table import as_markdown, is_table, merged, row_of

N_USERS, N_ITEMS = 40, 30


def fitted(rmse: float, **more: Any) -> dict[str, Any]:
    """What a fit leaves."""
    made_by = {"commit": "0123abc", "fingerprint": "0123456789abcdef"}
    return {"test_rmse": rmse, "fit_seconds": 2.0, "peak_memory_mb": 700, **made_by, **more}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small matrices of ratings in halves that take the place of the published ones."""
    if importlib.util.find_spec("h5py") is None:
        reason = "h5py is missing; make extras brings it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    import h5py

    generator = np.random.default_rng(0)
    values = np.clip(np.rint(2 * generator.normal(3.2, 1, (N_USERS, N_ITEMS))) / 2, 1, 5)
    part = generator.choice(3, values.shape, p=[0.4, 0.5, 0.1])  # unknown, to learn from, to test on
    for name, matrix in MATRICES.items():
        file = tmp_path / "published" / matrix.file
        file.parent.mkdir(exist_ok=True)
        with h5py.File(file, "w") as content:
            content["M"], content["Otraining"], content["Otest"] = values.T, part.T == 1.0, part.T == 2.0
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        monkeypatch.setitem(MATRICES, name, replace(matrix, sha256=sha256))
    np.savez(tmp_path / "truth.npz", values=values, part=part)
    return tmp_path / "published"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["other_data", *arguments])
    main()


def test_a_matrix_becomes_a_table_of_training_ratings_and_one_of_test_ratings(published: Path) -> None:
    truth = np.load(published.parent / "truth.npz")
    for part, table in enumerate(matrices.ratings(published / "douban.mat"), start=1):
        assert len(table) == (truth["part"] == part).sum()
        assert (truth["part"][table["user"], table["item"]] == part).all()
        assert (truth["values"][table["user"], table["item"]] == table["rating"]).all()


def test_a_missing_or_foreign_file_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> str:
        with pytest.raises(SystemExit) as ended:
            run(monkeypatch, "--folder", str(tmp_path), "--runs", str(tmp_path / "runs"))
        assert ended.value.code == 2
        return capsys.readouterr().err

    assert "flixster.mat cannot be read: No such file or directory. It is training_test_dataset.mat" in refused()
    (tmp_path / "flixster.mat").write_bytes(b"another")
    found = hashlib.sha256(b"another").hexdigest()
    assert f"flixster.mat is not Flixster as published: its SHA-256 is {found}, not 8b07e0387e" in refused()
    assert not any((tmp_path / "runs").iterdir())


@pytest.mark.slow
def test_a_recipe_and_another_method_are_measured_once_and_read_back_the_second_time(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    arguments = ["--folder", str(published), "--data", "flixster", "--models", "embedding-adam-ratio", "svd"]
    arguments += ["--seeds", "1", "--runs", str(tmp_path / "runs"), "--json", str(results)]
    run(monkeypatch, *arguments)
    printed = capsys.readouterr().out
    ours, svd = json.loads(results.read_text())["rows"]
    for row, name in ((ours, "embedding-adam-ratio"), (svd, "svd")):
        assert (row["model"], row["data"], row["seeds"]) == (name, "flixster", [1])
        assert 0.8 < row["rmse_mean"] < 1.2, "the ratings are noise with a deviation of 1"
        assert f"| {name} | {row['rmse_mean']:.4f} (1 seed) |" in printed
    files = sorted((tmp_path / "runs").rglob("result.json"))
    written = [file.stat().st_mtime_ns for file in files]
    run(monkeypatch, *arguments)
    assert capsys.readouterr().out == printed
    assert [file.stat().st_mtime_ns for file in files] == written
    assert len(files) == 2


def test_the_table_has_what_is_published_beside_what_was_measured() -> None:
    covered = [fitted(0.7 + add, test_coverage_50=0.5, test_coverage_90=0.9) for add in (0.0, 0.02)]
    content: dict[str, Any] = merged({}, row_of("best-ratings", "douban", [0, 1], covered))
    content = merged(content, row_of("svd", "flixster", [0], [fitted(0.9)]))
    assert is_table(content)
    lines = as_markdown(content)
    assert lines[0] == "| test RMSE | Flixster | Douban |"
    assert "| best-ratings + |  | 0.7100 ± 0.0141 (2 seeds) |" in lines
    assert "| svd | 0.9000 (1 seed) |  |" in lines
    assert next(line for line in lines if line.startswith("| GLocal-K, as published")).endswith("|  | 0.721 |")
    assert content["rows"][1]["coverage_50"] == 0.5
    document = other_data(content)
    assert "Measured by the code of commit 0123abc, torch" in document
    assert document.endswith("Of earlier code than the last row: svd (flixster), best-ratings (douban).")
