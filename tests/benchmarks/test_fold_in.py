"""The benchmark of newcomers holds out whole users, and predicts the same ratings whatever is given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.fold_in import GIVEN, as_markdown, as_rows, divided, folded_in, newcomers
from tests.serving.answers.test_conditional import artefact


def test_a_fifth_of_the_users_is_held_out_entirely() -> None:
    ratings = pd.DataFrame({"user": np.repeat(np.arange(50), 30), "item": np.tile(np.arange(30), 50), "rating": 3.0})
    train, held_out = divided(ratings, 1)
    assert (train["user"].nunique(), held_out["user"].nunique()) == (40, 10)
    assert not set(train["user"]) & set(held_out["user"])
    assert len(train) + len(held_out) == len(ratings)


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
    assert as_markdown(rows)[2].startswith(f"| conditional | {rows[0]['conditional']:.4f} |")
