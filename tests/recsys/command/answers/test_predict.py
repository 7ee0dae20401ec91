"""`recsys predict --pairs`: an artefact's ratings of any pairs, in any format, without torch."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.movielens import Ratings
from recsys import artifact
from recsys.artifact import SOURCES, Artifact
from recsys.command.main import main
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest, with_text_ids
from tests.recsys.command.answers.without_torch import without_torch

TIMED = Path(__file__).parents[2] / "fixtures" / "bayesian_embedding" / "artefact"
USERS, ITEM_IDS = [3, 7, 99, 3], [10, 11, 10, 55]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small artefact in artifacts/latest, and pairs.csv."""
    monkeypatch.chdir(tmp_path)
    artifact.save(tmp_path / "artifacts", manifest(), arrays(), ITEMS)
    (tmp_path / "pairs.csv").write_text("user,item\n3,10\n7,11\n99,10\n3,55\n")
    return tmp_path


def predict(*arguments: object) -> None:
    main(["predict", *map(str, arguments)])


def read(path: Path) -> pd.DataFrame:
    match path.suffix:
        case ".parquet":
            return pd.read_parquet(path)
        case ".jsonl" | ".ndjson":
            return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")


def expected(model: Artifact, *asked: Any) -> tuple[list[float], list[str]]:
    said = model.predict(*asked)
    return said.ratings.tolist(), [SOURCES[source] for source in said.sources]


def test_real_ratings_are_predicted_as_python_does_where_there_is_no_torch(
    finished: Path, movielens_100k: Ratings, tmp_path: Path
) -> None:
    data = movielens_100k
    users, items = data.user_ids[data.users], data.item_ids[data.items]
    pd.DataFrame({"user_id": users, "movie_id": items, "rating": data.values}).to_parquet(tmp_path / "u.parquet")
    done = without_torch(
        "predict", "--pairs", "u.parquet", "--artifact", finished / "artifacts" / "latest", "--output", "p.parquet",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("p.parquet holds 100,000 predictions of lnn-adam-smoothed-ratio-0.9: ")
    written = read(tmp_path / "p.parquet")
    assert list(written) == ["user", "item", "rating", "source"]
    ratings, sources = expected(artifact.load(finished / "artifacts" / "latest"), users, items)
    assert written["user"].tolist() == users.tolist()
    assert written["item"].tolist() == items.tolist()
    assert written["rating"].to_numpy().tolist() == ratings
    assert written["source"].tolist() == sources
    assert {"model", "user_mean"} <= set(sources)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.parquet", "p.jsonl", "p.ndjson", "folder/p.csv"])
def test_every_format_holds_the_same(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    predict("--pairs", "pairs.csv", "--output", name)
    written = read(folder / name)
    ratings, sources = expected(artifact.load(), USERS, ITEM_IDS)
    assert written["user"].tolist() == USERS
    assert written["item"].tolist() == ITEM_IDS
    assert written["rating"].astype(np.float32).tolist() == ratings
    assert written["source"].tolist() == sources == ["model", "model", "item_mean", "user_mean"]
    assert f"{name} holds 4 predictions of test: 2 by model, 1 by user_mean, 1 by item_mean." in capsys.readouterr().out


def test_pairs_are_read_in_many_forms(folder: Path) -> None:
    (folder / "numbers.tsv").write_text("3\t10\n7\t11\n99\t10\n3\t55\n")
    lines = (f'{{"uid": {user}, "item": {item}}}\n' for user, item in zip(USERS, ITEM_IDS, strict=True))
    (folder / "lines.jsonl").write_text("".join(lines))
    (folder / "packed.csv.gz").write_bytes(gzip.compress(b"movieId,userId\n10,3\n11,7\n10,99\n55,3\n"))
    (folder / "parts").mkdir()
    (folder / "parts" / "1.csv").write_text("user,item\n3,10\n7,11\n")
    (folder / "parts" / "2.csv").write_text("user,item\n99,10\n3,55\n")
    predict("--pairs", "pairs.csv", "--output", "p.csv")
    for name in ("numbers.tsv", "lines.jsonl", "packed.csv.gz", "parts"):
        predict("--pairs", name, "--output", "other.csv")
        assert (folder / "other.csv").read_text() == (folder / "p.csv").read_text(), name
    (folder / "odd.csv").write_text("what,who\n10,3\n11,7\n10,99\n55,3\n")
    predict("--pairs=odd.csv", "--columns.user", "who", "--data.columns.item", "what", "--output", "other.csv")
    assert (folder / "other.csv").read_text() == (folder / "p.csv").read_text()


def test_text_ids_come_back_as_they_were_written(folder: Path) -> None:
    odd = ["", "007", 'a,"b"\n🙂']
    artifact.save(folder / "artifacts", manifest(), with_text_ids(arrays(), odd, ["x", "ü"]), ITEMS)
    asked = pd.DataFrame({"user": [odd[1], odd[2], "7", odd[0]], "item": ["ü", "x", "ü", "nothing"]})
    for name in ("asked.csv", "asked.parquet"):
        asked.to_csv(name, index=False, quoting=1) if name.endswith("csv") else asked.to_parquet(name)
        predict("--pairs", name, "--output", "p.parquet")
        written = read(folder / "p.parquet")
        assert written["user"].tolist() == asked["user"].tolist()
        assert written["item"].tolist() == asked["item"].tolist()
        assert written["rating"].tolist() == expected(artifact.load(), asked["user"], asked["item"])[0]


def test_times_and_deviations_are_those_of_the_model(folder: Path) -> None:
    model = artifact.load(TIMED)
    users, items = [*model.user_ids[:3].tolist(), 10**6], model.item_ids[:4].tolist()
    written = [880_000_000, "", 900_000_000, ""]
    (folder / "timed.csv").write_text(
        "user,item,when\n" + "".join(f"{u},{i},{t}\n" for u, i, t in zip(users, items, written, strict=True))
    )
    predict("--pairs", "timed.csv", "--artifact", TIMED, "--columns.time", "when", "--output", "p.jsonl")
    rows = [json.loads(line) for line in (folder / "p.jsonl").read_text().splitlines()]
    times = [880_000_000, -1, 900_000_000, -1]
    assert [row["rating"] for row in rows] == pytest.approx(model.predict(users, items, times).ratings.tolist())
    deviations = model.predict_deviations(users, items, times)
    assert [row["deviation"] for row in rows[:3]] == pytest.approx(deviations[:3].tolist())
    assert rows[3]["deviation"] is None
    assert [row["time"] for row in rows] == [880_000_000, None, 900_000_000, None]
    predict("--pairs", "timed.csv", "--artifact", TIMED, "--output", "without.csv")
    assert read(folder / "without.csv")["rating"].astype(np.float32).tolist() == model.predict(users, items)[0].tolist()


def test_blocks_of_rows_are_one_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predict("--pairs", "pairs.csv", "--output", "whole.csv")
    monkeypatch.setattr("recsys.command.answers.predict._ROWS", 3)
    predict("--pairs", "pairs.csv", "--output", "blocks.csv")
    assert (folder / "blocks.csv").read_text() == (folder / "whole.csv").read_text()


MISTAKES = {
    "no file": (("--pairs", "nothing.csv"), "no file nothing.csv"),
    "no artefact": (("--pairs", "pairs.csv", "--artifact", "nowhere"), "nowhere/manifest.json cannot be read"),
    "no column": (("--pairs", "odd.csv"), "odd.csv has no column that is known for item; its columns are user, what. "
                  "Name it: --columns.item NAME"),
    "an id that is text": (("--pairs", "text.csv"), "text.csv, line 3: the user id 'ann' is of another kind than those "
                           "of the model, which are whole numbers"),
    "an id with zeros": (("--pairs", "zeros.csv"), "zeros.csv, line 2: the item id '010' is of another kind"),
    "a missing id": (("--pairs", "missing.csv"), "missing.csv, line 3: the item id is missing"),
    "an unknown format": (("--pairs", "pairs.csv", "--output", "p.xlsx"), "p.xlsx is of no format that is written; "
                          "name one of .csv"),
    "a table of whole numbers where text is needed": (("--pairs", "numbers.parquet", "--artifact", "text"),
                                                      "numbers.parquet, row 1: the user id 3 is of another kind"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_line_and_leaves_what_was_there(
    folder: Path, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "odd.csv").write_text("user,what\n3,10\n")
    (folder / "text.csv").write_text("user,item\n3,10\nann,10\n")
    (folder / "zeros.csv").write_text("user,item\n3,010\n")
    (folder / "missing.csv").write_text("user,item\n3,10\n3,\n")
    pd.DataFrame({"user": [3], "item": [10]}).to_parquet("numbers.parquet")
    named = Artifact(manifest(), with_text_ids(arrays(), ["a", "b", "c"]), ITEMS)
    named.save("text")
    (folder / "predictions.csv").write_text("as before")
    arguments, message = MISTAKES[mistake]
    with pytest.raises(SystemExit) as stopped:
        predict(*arguments)
    assert stopped.value.code == 1
    printed = capsys.readouterr().err
    assert message in printed.splitlines()[-1]
    assert printed.splitlines()[-1].startswith("recsys: ")
    assert (folder / "predictions.csv").read_text() == "as before"
    assert not list(folder.glob(".writing-*"))


def test_its_help_says_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in ((("--pairs", "x", "--help"), "Without --pairs, a checkpoint"), (("--help",), "--pairs")):
        with pytest.raises(SystemExit) as stopped:
            predict(*arguments)
        assert stopped.value.code == 0
        assert said in " ".join(capsys.readouterr().out.split())
