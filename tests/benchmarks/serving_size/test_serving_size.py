"""The benchmark of a large model: its artefact is one of best-ratings, and a quick run measures everything."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.scale.planted import SHAPES, Shape
from benchmarks.serving_size import __main__ as serving_size
from benchmarks.serving_size import table
from benchmarks.serving_size.artefact import written
from recsys import artifact
from serving.answers.ranking import Wanted
from serving.answers.recommender import Recommender
from tests.benchmarks.quick_runs import options_of

SHAPE = Shape(60, 300, 3000)


def test_the_artefact_is_served_as_one_of_best_ratings(tmp_path: Path) -> None:
    model = Recommender(artifact.load(written(tmp_path, SHAPE)))
    assert (model.n_users, model.n_items) == SHAPE[:2]
    assert model.orders == ("relevance", "rating")
    rating, source = model.rate([1], [1])
    assert (0.5 <= rating[0] <= 5, source) == (True, ["model"])
    assert model.fold_in({1: 5.0}, [2], Wanted(n=1)).ratings[0][2] == "fold_in"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None and not os.environ.get("CI"), reason="wrk is not installed")
def test_a_quick_run_measures_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for size in ("100k", "1m"):
        monkeypatch.setitem(SHAPES, size, SHAPE)
    written_to = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["serving_size", *options_of("serving_size"), "--json", str(written_to)])
    serving_size.main()
    result = json.loads(written_to.read_text())
    assert serving_size.is_size(result)
    for both in result["asked"].values():
        assert all(one["failed"] == 0 < one["p50_ms"] <= one["p99_ms"] for one in both.values())
    assert 0 < result["memory"]["pss_mb"] < result["memory"]["rss_mb"]
    assert result["ready"]["processor_s"] > 0
    assert result["loop_holds"]
    assert f"{result['memory']['pss_mb']} MB together" in capsys.readouterr().out
    assert f"{result['memory']['pss_mb']:,} MB" in table.serving_size(result)
