"""Runs the `recsys` command as a user does, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.datamodules import movielens
from data.movielens import Ratings
from recsys.command.main import main

CONFIGS = Path(__file__).parents[3] / "recsys" / "configs"
Command = Callable[..., str]
DEFAULT = ("--config", CONFIGS / "lnn-adam-smoothed-ratio.yaml")
SHORT = ("--trainer.max_epochs", 4, "--trainer.check_val_every_n_epoch", 1, "--run.checkpoint_every", 2)


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


@pytest.fixture(scope="session")
def _few_ratings(movielens_100k: Ratings) -> Ratings:
    data = movielens_100k
    rows = np.flatnonzero((data.users < 60) & (data.items < 100))
    users, new_users = np.unique(data.users[rows], return_inverse=True)
    items, new_items = np.unique(data.items[rows], return_inverse=True)
    return replace(
        data,
        users=new_users,
        items=new_items,
        values=data.values[rows],
        timestamps=data.require_times()[rows],
        user_ids=np.asarray(data.user_ids)[users],
        item_ids=np.asarray(data.item_ids)[items],
        user_table=data.user_table.iloc[users],
        item_table=data.item_table.iloc[items],
    )


@pytest.fixture
def few_ratings(_few_ratings: Ratings, monkeypatch: pytest.MonkeyPatch) -> Ratings:
    """The real ratings of the first 60 users for the first 100 items, as MovieLens 100K, so that fits take a moment."""
    monkeypatch.setattr(movielens, "_load_once", lambda *_: _few_ratings)
    return _few_ratings


@pytest.fixture(scope="session")
def finished(movielens_100k: Ratings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the default recipe was fitted for four epochs; nobody may change it."""
    folder = tmp_path_factory.mktemp("finished")
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["recsys"])
        main(["fit", *map(str, (*DEFAULT, *SHORT))])
    return folder
