"""`recsys.fit` and `recsys.cross_validate`: from tables in memory to models, as the command does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recsys
from data.errors import ColumnError, OptionError
from data.movielens import load
from recsys.artifact import Artifact
from recsys.command.cli import RecsysCLI
from recsys.errors import CommandError
from recsys.fitting import arguments

FEW = {"trainer.max_epochs": 17}


@pytest.fixture(scope="module")
def plays() -> pd.DataFrame:
    """The ratings of some users of MovieLens-100K, with ids of text."""
    data = load("100k")
    rows = np.flatnonzero(data.users < 120)
    return pd.DataFrame(
        {
            "uid": [f"user {user}" for user in data.users[rows]],
            "film": data.items[rows],
            "stars": data.values[rows],
        }
    )


@pytest.fixture(scope="module")
def columns() -> dict[str, str]:
    return {"item": "film"}


@pytest.fixture(scope="module")
def model(plays: pd.DataFrame, columns: dict[str, str]) -> Artifact:
    return recsys.fit(plays, columns=columns, split=0.9, options=FEW)


def test_a_table_in_memory_becomes_a_model_of_its_ids(model: Artifact, plays: pd.DataFrame) -> None:
    predicted = model.predict(plays["uid"].tolist()[:100], plays["film"].to_numpy()[:100])
    assert set(predicted.sources) == {0}  # by the model itself
    assert np.corrcoef(predicted.ratings, plays["stars"][:100])[0, 1] > 0.3
    assert 0.8 < model.manifest.metrics["test_rmse"] < 1.05


def test_an_interrupted_fit_names_no_file_that_is_gone(plays: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise SystemExit(1)  # what Lightning makes of Ctrl-C

    monkeypatch.setattr(RecsysCLI, "train", interrupted)
    for fit in (recsys.fit, recsys.cross_validate):
        with pytest.raises(CommandError, match=r"^Interrupted\. Nothing of it is kept: start anew\.$"):
            fit(plays, columns={"item": "film"}, options=FEW)


def test_the_command_comes_to_the_same_numbers_from_a_file(
    model: Artifact, plays: pd.DataFrame, columns: dict[str, str], tmp_path: Path
) -> None:
    plays.to_parquet(tmp_path / "plays.parquet")
    again = recsys.fit(str(tmp_path / "plays.parquet"), columns=columns, split=0.9, options=FEW)
    assert again.manifest.metrics["test_rmse"] == model.manifest.metrics["test_rmse"]
    assert again.manifest.data_sha256 == model.manifest.data_sha256


def test_all_ratings_are_trained_on_unless_some_are_to_be_tested_on(plays: pd.DataFrame) -> None:
    few = plays.rename(columns={"film": "item"})[:2000]
    everything = recsys.fit(few, options=FEW)
    assert "test_rmse" not in everything.manifest.metrics
    assert everything.arrays["rating_values"].size == 2000
    given = recsys.fit(few[:1800], test=few[1800:], options=FEW)
    assert given.arrays["rating_values"].size == 1800
    assert given.manifest.metrics["test_rmse"] > 0
    assert given.manifest.split == "given"


def test_nothing_is_left_or_printed(
    plays: pd.DataFrame, columns: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    recsys.fit(plays[:500], columns=columns, options=FEW)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""


def test_mistakes_are_exceptions_with_the_commands_messages(plays: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="no column that is known for item; its columns are uid, film, stars"):
        recsys.fit(plays)
    with pytest.raises(CommandError, match="no argument dimensoin; did you mean dimension"):
        recsys.fit(plays, options={"model.dimensoin": 3})
    with pytest.raises(CommandError, match="there is no file"):
        recsys.fit(plays, "the-best")
    with pytest.raises(OptionError, match="ratings are a path or a table of pandas, polars or Arrow, not a set"):
        recsys.fit({3})
    with pytest.raises(OptionError, match="MovieLens has its own scale"):
        recsys.fit("100k", scale=(1, 5))


def test_a_movielens_data_set_is_named(tmp_path: Path) -> None:
    with arguments({"ratings": "100k", "split": 0.9, "seed": 3}, "best-ratings", 3, {}) as given:
        assert given[:6] == [
            "--config",
            "best-ratings",
            "--data",
            "MovieLensDataModule",
            "--data.split=0.9",
            "--data.seed=3",
        ]
        assert "--data.name=100k" in given


def test_cross_validation_tests_each_rating_once(plays: pd.DataFrame, columns: dict[str, str]) -> None:
    result = recsys.cross_validate(plays[:3000], folds=3, columns=columns, options=FEW)
    assert len(result.folds) == 3
    rmses = [fold["test_rmse"] for fold in result.folds]
    assert result.mean() == pytest.approx(np.mean(rmses))
    assert result.deviation() == pytest.approx(np.std(rmses, ddof=1))
    assert len(set(rmses)) == 3
    assert repr(result).startswith("<CrossValidation of best-ratings, 3 folds: test RMSE ")


def test_fewer_users_and_items_than_dimensions_are_enough() -> None:
    pairs = {"user": ["ann", "ann", "bob", "cy", "cy"], "item": ["tea", "rum", "tea", "tea", "rum"]}
    model = recsys.fit(pd.DataFrame({**pairs, "rating": [5, 1, 4, 5, 2]}))
    liked, disliked = model.predict(["bob", "bob"], ["tea", "rum"]).ratings
    assert 1 <= disliked < liked <= 5
