"""Runs the `recsys` command as a user does, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.movielens import Ratings
from recsys.command.main import main

CONFIGS = Path(__file__).parents[2] / "recsys" / "configs"
Command = Callable[..., str]


@pytest.fixture
def recsys(
    movielens_100k: Ratings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """`recsys("fit", …)` runs the command in an empty folder and gives what it printed on either stream."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["recsys"])

    def run(*arguments: object) -> str:
        main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return captured.out + captured.err

    return run
