"""The way back: what a server has kept is exported, trained on, and answered by the model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.database.connecting import engine_of, open_table
from data.movielens import Ratings
from data.tables import read_ratings
from recsys.command.main import main
from serving.ratings.changes import Put
from serving.ratings.opening import open_database
from tests.serving.conftest import KEY, ROOT, StartServer
from tests.serving.eventually import eventually

FIT = (
    "fit", "--config", "embedding-adam-ratio", "--trainer.max_epochs", "2", "--trainer.check_val_every_n_epoch", "1",
    "--data", "TableDataModule", "--data.split", "all", "--data.scale", "1,5,1", "--data.ratings",
)  # fmt: skip
NOW = 1_700_000_000


def recsys(folder: Path, *arguments: str) -> str:
    """Run the command as a process of its own in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "recsys.command", *arguments],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def plays(folder: Path, *, times: bool = True) -> Path:
    """A file of ratings, of users 1 … 30 and items 1 … 20, all given before `NOW`."""
    rng = np.random.default_rng(0)
    pairs = rng.choice(600, 300, replace=False)
    table = {"userId": pairs // 20 + 1, "movieId": pairs % 20 + 1, "rating": rng.integers(1, 6, 300)}
    written = folder / "plays.csv"
    pd.DataFrame({**table, **({"timestamp": NOW - 1 - pairs} if times else {})}).to_csv(written, index=False)
    return written


@pytest.mark.slow
def test_ratings_go_from_the_server_through_training_into_the_next_model(
    start_server: StartServer, tmp_path: Path
) -> None:
    plays(tmp_path)
    recsys(tmp_path, *FIT, "plays.csv")
    url = f"sqlite:///{tmp_path}/ratings.db"
    client = start_server(artifact=tmp_path / "artifacts" / "latest", api_key=KEY, ratings_database=url)
    client.headers["X-API-Key"] = KEY
    version = client.get("/v1/model").json()["version"]

    for item, rating in ((1, 5), (2, 1), (99, 4)):  # a new user, and a new item
        answer = client.put(f"/v1/users/77/ratings/{item}", json={"rating": rating}).json()
        assert (answer["known_user"], answer["known_item"]) == (False, item != 99)
    assert client.get("/v1/ratings?user_id=77&item_id=3").json()["source"] == "fold_in"

    said = recsys(tmp_path, "export_ratings", url, "--with", "plays.csv", "--output", "all.parquet")
    assert said == "all.parquet holds 303 ratings; the server keeps 3.\n"
    recsys(tmp_path, *FIT, "all.parquet")  # which lets `latest` point at the new artefact
    eventually(lambda: client.get("/v1/model").json()["version"] != version)
    for item in (3, 99):
        assert client.get(f"/v1/ratings?user_id=77&item_id={item}").json()["source"] == "model"
    answer = client.get("/v1/users/77/recommendations?n=30").json()
    assert (answer["source"], answer["total"]) == ("model", 18)  # 21 items but those that were rated
    client.put("/v1/users/77/ratings/3", json={"rating": 2})  # goes on
    assert client.get("/v1/ratings?user_id=77&item_id=4").json()["source"] == "fold_in"


@pytest.mark.parametrize(("suffix", "times"), [("csv", True), ("parquet", True), ("jsonl", False)])
def test_what_is_exported_is_all_there_is_and_of_a_pair_the_newer_rating(
    tmp_path: Path, suffix: str, times: bool
) -> None:
    source = plays(tmp_path, times=times)
    before = read_ratings(source, scale="1,5,1")
    of_users, of_items = before.user_ids[before.users], before.item_ids[before.items]
    first, second = ((int(of_users[row]), int(of_items[row])) for row in (0, 1))
    others = np.where(before.values[:2] > 2, 1, 5).tolist()
    url = f"sqlite:///{tmp_path}/ratings.db"
    database = open_database(url)
    database.commit([
        Put((str(first[0]), str(first[1])), others[0], NOW),
        Put((str(second[0]), str(second[1])), others[1], 1),  # long before
        Put(("31", "21"), 4.0, NOW),
        Put(("31", "1"), 3.0, NOW),
    ])  # fmt: skip
    database.close()
    main(["export_ratings", url, "--with", str(source), "--output", f"{tmp_path}/all.{suffix}"])
    after = read_ratings(tmp_path / f"all.{suffix}", scale="1,5,1")
    pairs = zip(after.user_ids[after.users].tolist(), after.item_ids[after.items].tolist(), strict=True)
    found = dict(zip(pairs, after.values.tolist(), strict=True))
    expected = dict(zip(zip(of_users.tolist(), of_items.tolist(), strict=True), before.values.tolist(), strict=True))
    expected |= {first: others[0], (31, 21): 4.0, (31, 1): 3.0} | ({} if times else {second: others[1]})
    assert found == expected
    assert (after.timestamps is None) == (not times)
    if after.timestamps is not None and before.timestamps is not None:
        assert after.timestamps[1:300].tolist() == before.timestamps[1:].tolist()
        assert {int(after.timestamps[0]), *after.timestamps[300:].tolist()} == {NOW}


def test_stored_ratings_can_be_exported_alone_also_those_of_text(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ratings.db"
    database = open_database(url)
    database.commit([Put(('"é"', "2"), 3.5, 1), Put(('"a,b"', "2"), 3.0, 1)])
    database.close()
    main(["export_ratings", url, "--output", str(tmp_path / "all.csv")])
    table = pd.read_csv(tmp_path / "all.csv")
    assert sorted(table.itertuples(index=False, name=None)) == [("a,b", 2, 3.0, 1), ("é", 2, 3.5, 1)]


def test_movielens_is_exported_with_its_films(movielens_100k: Ratings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ratings.db"
    database = open_database(url)
    database.commit([Put(("2000", "50"), 5.0, NOW)])
    database.close()
    names = {name: tmp_path / f"{name}.parquet" for name in ("output", "items", "users")}
    main(["export_ratings", url, "--with", "100k", *(f"--{name}={path}" for name, path in names.items())])
    after = read_ratings(names["output"], items=names["items"], users=names["users"])
    assert len(after) == 100_001
    for name in ("title", "genres"):
        assert after.item_table[name].tolist() == movielens_100k.item_table[name].tolist()
    assert after.item_table["year"].equals(movielens_100k.item_table["year"])
    assert after.user_table.loc[2000].isna().all()
    assert (after.user_table.loc[:943, "age"] == movielens_100k.user_table["age"]).all()


def test_an_export_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(url: str, *options: str) -> str:
        with pytest.raises(SystemExit):
            main(["export_ratings", url, "--output", str(tmp_path / "out.csv"), *options])
        assert not (tmp_path / "out.csv").exists()
        return capsys.readouterr().err

    url = f"sqlite:///{tmp_path}/ratings.db"
    assert "has no table recsys_ratings" in refused(url)
    assert not (tmp_path / "ratings.db").exists()
    engine = engine_of(url)
    open_table(engine)
    engine.dispose()
    assert "holds no ratings yet" in refused(url)
    database = open_database(url)
    database.commit([Put(("1", "2"), 9.0, 1)])
    source = str(plays(tmp_path))
    assert "rating 9 of user 1 for item 2 is none of 1, 2, ... 5" in refused(url, "--with", source)
    assert "--with one of 100k" in refused(url, "--with", source, "--items", str(tmp_path / "items.csv"))
    database.commit([Put(('"a"', "2"), 3.0, 1)])
    database.close()
    assert "of two models" in refused(url)
    assert "user ids of the ratings are whole numbers, and 'a'" in refused(url, "--with", source)
    assert "is no URL" in refused("ratings.db")
