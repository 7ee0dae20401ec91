"""`recsys prepare`, and what takes the folder that it makes: fit, describe, `recsys.fit`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recsys
from data.errors import OptionError
from data.movielens import Ratings
from recsys.command.main import main

FEW = {"trainer.max_epochs": 6}


@pytest.fixture(scope="module")
def table(movielens_100k: Ratings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ratings of some users of MovieLens 100k, with ids of text."""
    rows = np.flatnonzero(movielens_100k.users < 120)
    file = tmp_path_factory.mktemp("prepare") / "plays.csv"
    pd.DataFrame(
        {
            "user": [f"user {user}" for user in movielens_100k.users[rows]],
            "item": movielens_100k.items[rows],
            "rating": movielens_100k.values[rows],
        }
    ).to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def folder(table: Path) -> Path:
    """The table, prepared."""
    main(["prepare", str(table), "--out", str(table.with_name("prepared")), "--scale", "1,5"])
    return table.with_name("prepared")


def test_the_command_says_what_there_is_and_when_nothing_is_to_be_done(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["prepare", str(table), "--out", str(folder), "--data.scale", "1,5"])
    out = capsys.readouterr().out
    assert out.startswith(f"{folder} holds already <Ratings plays.csv: ")
    assert "by 120 users" in out


def test_what_is_refused_is_one_line(folder: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--out", str(folder)], ["--out", str(folder / "new"), "--columns.user", "who"]):
        with pytest.raises(SystemExit) as raised:
            main(["prepare", str(table), *arguments])
        assert raised.value.code == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith("recsys: ")
        assert "--replace" in said or "has no column 'who'" in said
    assert not (folder / "new").exists()


def test_a_fit_of_the_folder_is_that_of_the_table(folder: Path, table: Path) -> None:
    one = recsys.fit(str(folder), "lnn-adam-ratio", split=0.9, seed=1, options=FEW)
    other = recsys.fit(table, "lnn-adam-ratio", split=0.9, seed=1, scale="1,5", options=FEW)
    assert one.manifest.metrics["test_rmse"] == other.manifest.metrics["test_rmse"]
    pairs = (["user 7", "user 3"], [50, 7])
    assert np.array_equal(one.predict(*pairs).ratings, other.predict(*pairs).ratings)


def test_options_of_a_table_do_not_go_with_a_folder(folder: Path) -> None:
    with pytest.raises(OptionError, match="prepared ratings have their own scale: leave them out"):
        recsys.fit(folder, scale="1,5")


def test_the_folder_is_described_as_the_table_is(folder: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for arguments in ([str(folder)], [str(table), "--scale", "1,5"]):
        main(["describe", *arguments])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_fit_with_given_test_ratings_is_called_so(table: Path, tmp_path: Path) -> None:
    plays = pd.read_csv(table)
    plays[:-500].to_csv(tmp_path / "train.csv", index=False)
    plays[-500:].to_csv(tmp_path / "test.csv", index=False)
    main(
        ["prepare", str(tmp_path / "train.csv"), "--test", str(tmp_path / "test.csv"), "--out", str(tmp_path / "both")]
    )
    runs = {name: str(tmp_path / name) for name in ("checkpoints", "artifacts")}
    options = [f"--run.{name}={folder}" for name, folder in runs.items()]
    source = [
        "--data=PreparedDataModule",
        f"--data.folder={tmp_path / 'both'}",
        "--data.validation=0",
        "--trainer.max_epochs=2",
    ]
    main(["fit", "--config=lnn-adam-ratio", *source, *options, "--trainer.logger=false"])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["lnn-adam-ratio-given"]


@pytest.mark.slow
def test_a_fit_of_all_of_movielens_100k_is_that_of_its_own_data_module(tmp_path: Path) -> None:
    main(["prepare", "100k", "--out", str(tmp_path / "prepared")])
    rmse = [
        recsys.fit(source, "best-ratings", split="u1", options={"trainer.max_epochs": 20}).manifest.metrics["test_rmse"]
        for source in (tmp_path / "prepared", "100k")
    ]
    assert rmse[0] == rmse[1]
