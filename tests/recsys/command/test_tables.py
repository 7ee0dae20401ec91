"""`recsys fit` on anyone's ratings: as on MovieLens, but for ids, times and scales that are others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.movielens import Ratings
from recsys import artifact
from tests.recsys.command.conftest import DEFAULT, SHORT, Command

PLAYS = pd.DataFrame(
    {
        "user": [f"u{row // 12:02}" for row in range(360)],
        "item": [f"i{(row * 7) % 12:02}" for row in range(360)],
        "rating": [(row * row) % 5 + 1 for row in range(360)],
    }
)
TABLE = ("--data", "TableDataModule", "--data.ratings", "plays.csv")
FEW = ("--trainer.max_epochs", 2, "--trainer.check_val_every_n_epoch", 1)
WINDOWS = "recsys.posterior.time_windows.TimeWindows"
SWEEPS = ("--trainer.max_epochs", 3, "--model.point_epochs", 1, "--model.burn_in", 1)


def refused(recsys: Command, capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command says when it refuses."""
    with pytest.raises(SystemExit):
        recsys("fit", *arguments)
    return capfd.readouterr().err


def fitted() -> tuple[artifact.TrainedModel, dict[str, Any]]:
    return artifact.load(Path("artifacts/latest")), json.loads(Path("artifacts/latest/metrics.json").read_text())


@pytest.mark.slow
def test_movielens_with_ids_of_text_is_predicted_as_with_numbers(recsys: Command, movielens_100k: Ratings) -> None:
    recsys("fit", *DEFAULT, *SHORT)
    numbers, expected = fitted()
    known = movielens_100k
    pd.DataFrame(
        {
            "reviewerID": [f"user {user:04}" for user in known.user_ids[known.users]],
            "asin": [f"{item:04}" for item in known.item_ids[known.items]],
            "overall": known.values,
            "unixReviewTime": known.timestamps,
        }
    ).to_parquet("plays.parquet")
    films = known.item_table.reset_index().astype({"item_id": str})
    films.assign(item_id=films["item_id"].str.zfill(4)).to_parquet("films.parquet")

    files = ("--data.ratings", "plays.parquet", "--data.items", "films.parquet")
    recsys("fit", *DEFAULT, *SHORT, "--data", "TableDataModule", *files)
    words, metrics = fitted()
    for name in ("validation_rmse", "test_rmse"):
        assert metrics[name] == pytest.approx(expected[name], abs=1e-6)
    assert words.user_ids.tolist()[:2] == ["user 0001", "user 0002"]
    assert np.array_equal(words.arrays["user_means"], numbers.arrays["user_means"])
    assert words.items.titles == numbers.items.titles
    assert words.items.genres == numbers.items.genres


def test_a_given_test_part_and_a_scale_are_used_and_said(recsys: Command, caplog: pytest.LogCaptureFixture) -> None:
    PLAYS.iloc[:300].to_csv("plays.csv", index=False)
    PLAYS.iloc[300:].to_csv("test.csv", index=False)
    printed = recsys("fit", *DEFAULT, *FEW, *TABLE, "--data.test", "test.csv", "--data.scale", "0,10")
    model, metrics = fitted()
    assert caplog.text.count("plays.csv: user is user, item is item, rating is rating") == 1
    assert caplog.text.count("test.csv: user is user") == 1
    assert "split given" in printed
    assert metrics["split"] == "given"
    assert metrics["test_ratings_of_unknown_users"] == 60
    assert (*model.manifest.rating_scale,) == (0, 10)


def test_a_checkpoint_is_not_taken_up_with_other_ratings(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    PLAYS.to_csv("plays.csv", index=False)
    recsys("fit", *DEFAULT, *TABLE, "--data.validation", 0, "--trainer.max_epochs", 2)
    (checkpoint,) = Path("checkpoints").glob("*/refit.ckpt")
    PLAYS.assign(rating=PLAYS["rating"].replace(5, 4)).to_csv("plays.csv", index=False)
    again = ("--data.validation", 0, "--trainer.max_epochs", 4, "--ckpt_path", checkpoint)
    assert "data, SHA-256: " in refused(recsys, capfd, *DEFAULT, *TABLE, *again)


def test_a_model_of_times_is_refused_without_times_before_it_is_trained(
    recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    PLAYS.to_csv("plays.csv", index=False)
    said = refused(recsys, capfd, "--config", "best-ratings", *TABLE, *SWEEPS, "--model.time", WINDOWS)
    assert "recsys: plays.csv does not say when its ratings were given. Name the column of times" in said
    assert not Path("checkpoints").exists()


def test_an_ordered_probit_of_continuous_ratings_is_refused_before_it_is_trained(
    recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    PLAYS.assign(rating=np.linspace(1, 5, len(PLAYS))).to_csv("plays.csv", index=False)
    said = refused(recsys, capfd, "--config", "best-ratings", *TABLE, *SWEEPS, "--model.likelihood", "OrderedProbit")
    assert said.splitlines()[-1] == (
        "recsys: an ordered probit needs ratings of 3 to 20 levels, and these have 324. Leave it out: "
        "--model.likelihood GaussianRatings takes any ratings."
    )
    assert not Path("checkpoints").exists()


def test_a_faulty_file_is_refused_with_its_line(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    Path("plays.csv").write_text("user,item,rating\n1,1,4\n1,2,good\n")
    said = refused(recsys, capfd, *DEFAULT, *FEW, *TABLE)
    assert said.splitlines()[-1] == (
        "recsys: plays.csv, line 3: the rating 'good' is not a number. Correct it, or remove that row."
    )


@pytest.mark.parametrize("source", ["TableDataModule", "MovieLensDataModule"])
def test_the_help_of_a_source_says_what_it_takes(
    source: str, recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        recsys("fit", f"--data.help={source}")
    said = " ".join(capfd.readouterr().out.split())
    assert ("a file of ratings, or a folder of its parts" in said) == (source == "TableDataModule")
    assert ("data set of the catalogue: 100k" in said) == (source == "MovieLensDataModule")
    assert "share of the training ratings to hold out" in said
