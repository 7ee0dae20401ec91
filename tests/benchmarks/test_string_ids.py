"""The benchmark of ids that are text: a quick run of all of it, with small models."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import string_ids
from benchmarks.document import serving_load as document
from recsys import artifact
from tests.benchmarks.quick_runs import options_of


def test_the_twins_differ_in_nothing_but_their_ids(tmp_path: Path) -> None:
    numbers, text = (artifact.load(each) for each in string_ids.twins(tmp_path, 30, 20, 100))
    assert numbers.user_ids.tolist() == list(range(1, 31))
    assert isinstance(text.user_ids, artifact.StringIds)
    assert {len(each) for each in [*text.user_ids, *text.item_ids.tolist()]} == {36}
    for name in numbers.arrays.keys() & text.arrays.keys():
        assert np.array_equal(numbers.arrays[name], text.arrays[name])
    assert numbers.arrays.keys() - text.arrays.keys() == {"user_ids", "item_ids"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None and not os.environ.get("CI"), reason="wrk is not installed")
def test_a_quick_run_measures_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(string_ids, "_LARGE", (2000, 1000, 5000))
    written = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["string_ids", *options_of("string_ids"), "--json", str(written)])
    string_ids.main()
    result = json.loads(written.read_text())
    get, start = result["get"], result["start"]
    for name in ("text", "numbers"):
        assert get[name]["failed"] == 0
        assert get[name]["per_second"] > 0
        assert start[f"{name}_s"] > 0
    assert get["ratio"] == pytest.approx(get["text"]["per_second"] / get["numbers"]["per_second"], abs=1e-3)
    assert start["ids"] == 3000
    named = [[hold["name"] for hold in holds] for holds in result["loop_holds"].values()]
    assert sorted(named[0]) == sorted(named[1])
    assert f"ratio {start['ratio']}" in capsys.readouterr().out
    assert f"| {get['ratio']} |" in document.string_ids(result)
    assert string_ids.is_cost(result)


def test_without_wrk_the_benchmark_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["string_ids"])
    with pytest.raises(SystemExit, match="apt-get install wrk"):
        string_ids.main()
