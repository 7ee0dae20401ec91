"""The benchmark of newcomers holds out whole users, and measures on the same ratings whatever is given or asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.fold_in.asked import asked
from benchmarks.fold_in.newcomers import GIVEN, Newcomer, divided, newcomers
from benchmarks.fold_in.ranked import held_out, ranked, retrained
from benchmarks.fold_in.rated import folded_in
from benchmarks.fold_in.table import as_markdown, as_rows, asked_as_markdown, asked_rows
from recsys.artifact import Artifact
from tests.serving import films
from tests.serving.answers.test_conditional import artefact


def test_a_fifth_of_the_users_is_held_out_entirely() -> None:
    ratings = pd.DataFrame({"user": np.repeat(np.arange(50), 30), "item": np.tile(np.arange(30), 50), "rating": 3.0})
    train, out = divided(ratings, 1)
    assert (train["user"].nunique(), out["user"].nunique()) == (40, 10)
    assert not set(train["user"]) & set(out["user"])
    assert len(train) + len(out) == len(ratings)


def test_every_method_is_measured_on_the_ratings_that_are_never_given() -> None:
    model = artefact()
    ids = model.arrays["item_ids"]
    many = pd.DataFrame({"user": 7, "item": np.resize(ids[:4], 26), "rating": 4.0})
    few = pd.DataFrame({"user": 8, "item": np.append(ids[:4], 99), "rating": 4.0})
    people = list(newcomers(model, pd.concat([many, few])))
    assert [(who.user, len(who.items)) for who in people] == [(7, 26)]
    rows = as_rows("films", [folded_in(model, people)])
    assert [row["ratings_given"] for row in rows] == list(GIVEN)
    assert rows[0]["conditional"] == rows[0]["ridge"] == rows[0]["item means"]
    assert rows[-1]["conditional"] < rows[0]["conditional"]
    assert as_markdown(rows, "RMSE")[2].startswith(f"| conditional | {rows[0]['conditional']:.4f} |")


def test_the_films_of_the_ratings_that_may_be_given_are_never_ranked() -> None:
    pytest.importorskip("implicit", reason="needs `make extras`")
    model = Artifact(artefact().manifest, artefact().arrays | films.relevance(), films.ITEMS)
    who = Newcomer(7, np.append(np.resize([0, 1], GIVEN[-1]), [2, 3, 4]), np.full(GIVEN[-1] + 3, 4, np.float32))
    data = held_out(model, [who])
    assert (data.train > 0).tolist() == [[True, True, False, False, False]]
    assert (data.asked > 0).tolist() == [[False, False, True, True, True]]
    train = pd.DataFrame(films.RATINGS, columns=["user", "item", "rating"])
    rows = as_rows("films", [ranked(model, [who], train, 0)])
    assert all(value == 1 for row in rows for name, value in row.items() if name not in ("model", "ratings_given"))
    assert len(rows[0]) < len(rows[1])  # of no ratings other methods say nothing
    known = Newcomer(int(model.arrays["user_ids"][0]), who.items, who.ratings)
    assert retrained(model, model, [known]) == 1


def test_questions_count_whether_they_are_answered_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fold_in.asked.ANSWERS", 2)
    monkeypatch.setattr("benchmarks.fold_in.asked.QUESTIONS", (2, 3))
    # Of the films Star Wars was rated most, by three; Starman is predicted, and never asked for.
    who = Newcomer(7, np.array([2, 3, 4, 4]), np.full(4, 4, np.float32))
    rows = asked_rows("films", [asked(artefact(), [who], 0)])
    assert [row["asked"] for row in rows][:2] == ["what is proposed", "popular films"]
    popular = rows[1]
    assert popular["questions for 2 answers"] == 4
    assert popular["after 2 answers"] < popular["after 3 questions"]
    assert asked_as_markdown(rows)[3].endswith("| 4 |")
