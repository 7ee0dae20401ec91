"""The benchmark of ratings that arrive: a quick run of all of it, with a real load generator and a real server."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.document import serving_load as document
from benchmarks.ratings_load import __main__ as ratings_load
from tests.benchmarks.quick_runs import options_of


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None and not os.environ.get("CI"), reason="wrk is not installed")
def test_ratings_are_stored_and_predicted_under_load_and_no_request_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["ratings_load", *options_of("ratings_load"), "--json", str(written)])
    ratings_load.main()
    result = json.loads(written.read_text())
    assert result["workers"].keys() == {"1", "2"}
    for measured in result["workers"].values():
        assert measured["put"]["failed"] == 0
        assert measured["put"]["per_second"] > 0
        for got in measured["get"].values():
            assert got["alone"]["failed"] == got["beside"]["failed"] == got["puts"]["failed"] == 0
            assert got["ratio"] == pytest.approx(got["beside"]["p50_ms"] / got["alone"]["p50_ms"], abs=1e-3)
    ratio = result["workers"]["2"]["get"]["by_model"]["ratio"]
    assert f"2 workers: by_model {ratio}" in capsys.readouterr().out
    assert f"| {ratio} |" in document.ratings_load(result)
    assert ratings_load.is_load(result)


def test_without_wrk_the_benchmark_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["ratings_load"])
    with pytest.raises(SystemExit, match="apt-get install wrk"):
        ratings_load.main()
