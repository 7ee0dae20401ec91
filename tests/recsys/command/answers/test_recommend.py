"""`recsys recommend`: the best unseen items of all users or of some, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.movielens import Ratings
from recsys import artifact
from recsys.command.main import main
from serving.answers.ranking import Wanted
from serving.answers.recommender import Recommender
from tests.recsys.artifact.small_artefact import with_text_ids
from tests.recsys.command.answers.without_torch import without_torch
from tests.serving import films

TIMED = Path(__file__).parents[2] / "fixtures" / "bayesian_embedding" / "artefact"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the artefact of films in artifacts/latest."""
    monkeypatch.chdir(tmp_path)
    artifact.save(tmp_path / "artifacts", films.manifest("LinearNetwork"), films.arrays("LinearNetwork"), films.ITEMS)
    return tmp_path


def test_real_users_get_what_the_server_gives_where_there_is_no_torch(
    finished: Path, movielens_100k: Ratings, tmp_path: Path
) -> None:
    published = finished / "artifacts" / "latest"
    done = without_torch("recommend", "--n", 7, "--artifact", published, "--output", "recs.parquet", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "recs.parquet holds 6,601 recommendations of lnn-adam-smoothed-ratio-0.9 to 943 users.\n"
    written = pd.read_parquet(tmp_path / "recs.parquet")
    assert list(written) == ["user", "item", "rank", "relevance", "rating", "source"]
    server = Recommender(artifact.load(published))
    for user in (1, 405, 943):
        served = server.recommend(user, Wanted(n=7))
        rows = written[written["user"] == user]
        assert rows["item"].tolist() == [ranked.item.item_id for ranked in served.page]
        assert rows["rating"].tolist() == [ranked.rating for ranked in served.page]
        # Each process has its own number of threads, and on some processors the order of additions follows from it.
        assert rows["relevance"].tolist() == pytest.approx([ranked.relevance for ranked in served.page], rel=1e-5)
        assert rows["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    train = set(zip(*(server.artifact.arrays[f"rating_{side}s"].tolist() for side in ("user", "item")), strict=True))
    recommended = zip(
        artifact.positions(movielens_100k.user_ids, written["user"])[0].tolist(),
        artifact.positions(movielens_100k.item_ids, written["item"])[0].tolist(),
        strict=True,
    )
    assert not train & set(recommended)


@pytest.mark.parametrize("name", ["u.csv", "u.txt", "named.txt", "u.parquet"])
def test_only_the_users_of_a_table_in_its_order(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "u.csv").write_text("user_id,age\n4,30\n99,31\n1,32\n")
    (folder / "u.txt").write_text("4\n99\n1\n")
    (folder / "named.txt").write_text("user\n4\n99\n1\n")
    pd.DataFrame({"uid": [4, 99, 1]}).to_parquet("u.parquet")
    main(["recommend", "--users", name, "--n", "2"])
    written = pd.read_csv("recommendations.csv")
    model = artifact.load()
    assert written["user"].tolist() == [4, 4, 99, 99, 1, 1]
    assert written["item"].tolist() == model.recommend([4, 99, 1], n=2).item.tolist()
    assert written["source"].tolist() == ["model"] * 2 + ["item_mean"] * 2 + ["model"] * 2
    printed = capsys.readouterr().out
    assert (
        "6 recommendations of films to 3 users, 1 of whom nothing is known and who get what the average user would"
        in printed
    )


def test_names_without_a_heading_are_users(folder: Path) -> None:
    texts = ["ann", "bob", "cem", "dea", "eva", "fay"]
    artifact.save(
        folder / "artifacts",
        films.manifest("LinearNetwork"),
        with_text_ids(films.arrays("LinearNetwork"), texts),
        films.ITEMS,
    )
    (folder / "u.txt").write_text("bob\nann\n")
    main(["recommend", "--users", "u.txt", "--n", "1", "--output", "r.jsonl"])
    assert [line.split(",")[0] for line in (folder / "r.jsonl").read_text().splitlines()] == [
        '{"user": "bob"', '{"user": "ann"',
    ]  # fmt: skip


def test_deviations_are_written_where_the_model_says_them(folder: Path) -> None:
    main(["recommend", "--artifact", str(TIMED), "--n", "3", "--output", "r.parquet"])
    written = pd.read_parquet("r.parquet")
    assert np.array_equal(written["deviation"].to_numpy(), artifact.load(TIMED).recommend(n=3).deviation)


@pytest.mark.parametrize("n", ["0", "-1", "ten", "1.5"])
def test_a_number_of_items_that_is_none_is_refused(n: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["recommend", "--n", n])
    assert stopped.value.code == 2
    assert "is no whole number of at least 1" in capsys.readouterr().err


def test_users_of_the_wrong_kind_are_refused_with_their_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "u.txt").write_text("4\nann\n")
    with pytest.raises(SystemExit) as stopped:
        main(["recommend", "--users", "u.txt"])
    assert stopped.value.code == 1
    assert "u.txt, line 2: the user id 'ann' is of another kind" in capsys.readouterr().err
    assert not (folder / "recommendations.csv").exists()
