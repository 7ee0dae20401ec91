"""The benchmark of new films holds out whole films, and predicts their ratings from the table alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.cold_items import as_markdown, divided, measured, rows
from recsys.artifact import Artifact
from tests.serving import films
from tests.serving.answers.described_films import STARMAN, described


def test_a_fifth_of_the_films_is_held_out_entirely() -> None:
    ratings = pd.DataFrame({"user": np.repeat(np.arange(30), 50), "item": np.tile(np.arange(50), 30), "rating": 3.0})
    ratings = pd.concat([ratings, pd.DataFrame({"user": [99] * 50, "item": np.arange(50), "rating": 3.0}).iloc[:1]])
    for seed in range(3):
        train, test = divided(ratings, seed)
        assert (train["item"].nunique(), test["item"].nunique()) == (40, 10)
        assert not set(train["item"]) & set(test["item"])
        assert set(test["user"]) <= set(train["user"])  # of others there are no ratings to know them by


def test_films_count_by_their_ratings_or_alike() -> None:
    model = Artifact(films.manifest("BayesianEmbedding"), described(), films.ITEMS)
    table = pd.DataFrame({"genres": [STARMAN["genres"], ("Drama",)], "year": [1984, np.nan]}, index=[98, 99])
    said = model.predict_cold_items([STARMAN, {"genres": ["Drama"]}], [1, 2]).ratings
    test = pd.DataFrame(
        {"user": [1, 2, 1], "item": [98, 98, 99], "rating": [said[0, 0], said[0, 1] + 1, said[1, 0] + 2]}
    )
    found = rows("films", [measured(model, test, table)])
    assert [row["counts"] for row in found] == ["each rating", "each film"]
    assert found[0]["by features"] == pytest.approx((5 / 3) ** 0.5, abs=1e-5)
    assert found[1]["by features"] == pytest.approx((0.5 / 2 + 4 / 2) ** 0.5, abs=1e-5)
    assert as_markdown(found)[2].startswith(f"| films | each rating | {found[0]['by features']:.4f} |")
