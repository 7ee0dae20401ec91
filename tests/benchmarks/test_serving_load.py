"""The benchmark of the server: a quick run of all of it, with a real load generator and real servers."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.document import serving_load as document
from benchmarks.serving_load import __main__ as serving_load
from recsys import artifact
from tests.benchmarks.quick_runs import options_of
from tests.serving import films

needs_wrk = pytest.mark.skipif(
    shutil.which("wrk") is None and not os.environ.get("CI"), reason="the load generator wrk is not installed"
)


@pytest.fixture
def of_movielens_size(tmp_path: Path) -> Path:
    """An artefact with as many users, items and ratings as MovieLens-100K has."""
    n_users, n_items, n_ratings = 943, 1682, 90_000
    rng = np.random.default_rng(0)
    pairs = np.sort(rng.choice(n_users * n_items, n_ratings, replace=False))
    arrays: dict[str, artifact.Array] = {
        "matrix": rng.uniform(1, 5, (n_users, n_items)).astype(np.float32),
        "user_ids": np.arange(1, n_users + 1),
        "item_ids": np.arange(1, n_items + 1),
        "user_means": np.zeros(n_users, np.float32),
        "item_means": np.zeros(n_items, np.float32),
        "rating_users": (pairs // n_items).astype(np.int32),
        "rating_items": (pairs % n_items).astype(np.int32),
        "rating_values": rng.integers(1, 6, n_ratings).astype(np.float32),
    }
    items = artifact.ItemTable(tuple(f"Film {n}" for n in range(n_items)), (1999,) * n_items, (("Drama",),) * n_items)
    return artifact.save(tmp_path / "artifacts", films.manifest("LinearNetwork"), arrays, items)


@pytest.mark.slow
@needs_wrk
def test_no_request_fails_under_load_and_reloads_and_a_worker_stays_small(
    of_movielens_size: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "result.json"
    files = ["--artifact", str(of_movielens_size), "--json", str(written)]
    monkeypatch.setattr(sys, "argv", ["serving_load", *options_of("serving_load"), *files])
    serving_load.main()

    result = json.loads(written.read_text())
    for name in ("get", "post"):
        for side in ("real", "bare"):
            assert result[name][side]["failed"] == 0
            assert result[name][side]["p99_ms"] >= result[name][side]["p50_ms"] > 0
        assert result[name]["ratio"] == pytest.approx(
            result[name]["real"]["per_second"] / result[name]["bare"]["per_second"], abs=1e-3
        )
    assert result["reloads"]["failed"] == result["health"]["failed"] == 0
    for connection in ("kept_connection", "new_connections"):
        assert result["health"][connection]["p99_ms"] >= result["health"][connection]["p50_ms"] > 0
    holds = [row["milliseconds"] for row in result["loop_holds"]]
    assert holds == sorted(holds, reverse=True)
    assert result["reloads"]["exported"] >= result["reloads"]["loaded"] >= 1
    assert result["peak_memory"]["difference_mb"] <= 80
    assert f"{result['batch']['pairs_per_second']} pairs/s" in capsys.readouterr().out
    assert f"{result['batch']['pairs_per_second']:,} pairs a second" in document.serving_load(result)


def test_without_wrk_the_benchmark_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["serving_load"])
    with pytest.raises(SystemExit, match="apt-get install wrk"):
        serving_load.main()


@needs_wrk
def test_without_an_artefact_the_benchmark_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["serving_load", "--artifact", str(tmp_path)])
    with pytest.raises(SystemExit, match="make train"):
        serving_load.main()
