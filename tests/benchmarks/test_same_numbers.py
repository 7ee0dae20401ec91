"""The comparison of numbers before and after a change, with a short fit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import same_numbers
from benchmarks.same_numbers import differences


def test_a_number_that_changed_appeared_or_went_is_named() -> None:
    before = {"loss": "1", "rmse": "2", "gone": "3"}
    assert differences(before, dict(before)) == []
    assert differences(before, {"loss": "1", "rmse": "2.5", "new": "4"}) == [
        "gone: 3 before, nothing after",
        "new: nothing before, 4 after",
        "rmse: 2 before, 2.5 after",
    ]


@pytest.mark.slow
def test_the_same_code_gives_the_same_numbers_and_another_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "before.json"
    monkeypatch.setattr(same_numbers, "_EPOCHS", 5)
    monkeypatch.setattr(same_numbers, "_REQUESTS", 200)

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["same_numbers", *arguments, "--recipes", "embedding-adam-ratio"])
        same_numbers.main()

    run("--json", str(file))
    recorded = json.loads(file.read_text())
    of_the_server = next(what for what in recorded["numbers"] if "/v1/predictions" in what)
    recorded["numbers"][of_the_server] = "200 something else"
    file.write_text(json.dumps(recorded))
    with pytest.raises(SystemExit) as refusal:
        run("--against", str(file))
    lines = str(refusal.value).splitlines()
    assert [line.partition(": ")[0] for line in lines[:-1]] == [of_the_server.partition(": ")[0]]


@pytest.mark.parametrize("content", [None, "{}", '{"commit": "a", "numbers": [1]}'])
def test_a_comparison_with_no_numbers_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "before.json"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(sys, "argv", ["same_numbers", "--against", str(file)])
    with pytest.raises(SystemExit, match=r"^2$"):
        same_numbers.main()
