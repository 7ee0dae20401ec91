"""Recommendations of an artefact are those that its server gives, for one user or for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys import artifact
from recsys.artifact import SOURCES, Artifact, Recommendations
from serving.answers.ranking import Wanted
from serving.answers.recommender import Recommender
from tests.recsys.artifact.small_artefact import with_text_ids
from tests.serving import films

FIXTURES = Path(__file__).parents[2] / "fixtures"
TRAINED = ("linear_network", "user_item_embedding", "bayesian_embedding")


def trained(name: str) -> Artifact:
    return artifact.load(FIXTURES / name / "artefact")


def of_films(kind: str = "LinearNetwork") -> Artifact:
    return Artifact(films.manifest(kind), films.arrays(kind), films.ITEMS)


@pytest.mark.parametrize("blocks", ["one block", "many blocks"])
@pytest.mark.parametrize("name", TRAINED)
def test_they_are_those_of_the_server_to_the_last_bit(name: str, blocks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained(name)
    server = Recommender(model)
    if blocks == "many blocks":
        monkeypatch.setattr("recsys.artifact.answers.recommendations._NUMBERS", 50)
    users = [*model.user_ids.tolist(), 10**6, model.user_ids.tolist()[0]]
    found = model.recommend(users, n=5)
    end = 0
    for user in users:
        served = server.recommend(user, Wanted(n=5))
        rows = slice(end, end + len(served.page))
        end = rows.stop
        assert found.user[rows].tolist() == [user] * len(served.page)
        assert found.item[rows].tolist() == [ranked.item.item_id for ranked in served.page]
        assert found.rating[rows].tolist() == [ranked.rating for ranked in served.page]
        assert found.source[rows].tolist() == [served.source] * len(served.page)
        assert found.rank[rows].tolist() == list(range(1, len(served.page) + 1))
        said = server.uncertainty(server.locate([user] * len(served.page), found.item[rows].tolist()))
        expected = [np.nan if each is None else each.standard_deviation for each in said]
        np.testing.assert_array_equal(found.deviation[rows], expected)
    assert end == found.user.size


def test_a_model_that_says_deviations_says_them_where_it_answers() -> None:
    said = trained("bayesian_embedding").recommend(n=3)
    assert np.isfinite(said.deviation).all()
    assert np.isnan(trained("linear_network").recommend(n=3).deviation).all()


def test_without_users_they_are_for_all_and_what_was_rated_is_left_out() -> None:
    model = of_films()
    found = model.recommend(n=100)
    rated = {(user, item) for user, item, _ in films.RATINGS}
    every = {(user, item) for user in films.USER_IDS.tolist() for item in films.ITEM_IDS.tolist()}
    assert set(zip(found.user.tolist(), found.item.tolist(), strict=True)) == every - rated
    best_of_first = model.recommend(1, n=1)
    unseen = [10 + i for i in np.argsort(-films.MATRIX[0]) if 10 + i not in (10, 11)]
    assert best_of_first.item.tolist() == unseen[:1]


def test_unknown_users_get_the_list_of_item_means() -> None:
    found = of_films().recommend([99], n=2)
    assert found.item.tolist() == [11, 10]
    assert found.source.tolist() == ["item_mean"] * 2
    assert found.rating == pytest.approx(films.MEAN + np.array([0.3, 0.2]))


def test_they_are_a_table_of_any_library_and_may_be_of_nobody() -> None:
    table = pd.DataFrame(of_films().recommend(n=2)._asdict())
    assert list(table) == ["user", "item", "rank", "rating", "relevance", "source", "deviation"]
    assert table.groupby("user")["rank"].max().tolist() == [2] * 6
    assert set(table["source"]) <= set(SOURCES)
    nobody = of_films().recommend([])
    assert all(column.size == 0 for column in nobody)
    assert Recommendations._fields == nobody._fields


def test_text_ids_come_back_as_they_were() -> None:
    texts = [f"u{user}" for user in films.USER_IDS]
    named = Artifact(films.manifest("LinearNetwork"), with_text_ids(films.arrays("LinearNetwork"), texts), films.ITEMS)
    numbered = of_films()
    assert named.recommend("u1", n=3).user.tolist() == ["u1"] * 3
    assert named.recommend("u1", n=3).item.tolist() == numbered.recommend(1, n=3).item.tolist()
    with pytest.raises(TypeError, match="text"):
        named.recommend([1])
    with pytest.raises(TypeError, match="whole numbers"):
        numbered.recommend(["1"])


def test_less_than_one_item_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        of_films().recommend(n=0)


def test_an_artefact_says_what_it_is() -> None:
    assert repr(of_films()) == (
        "<Artifact LinearNetwork films of 100k: 7 ratings in 1 … 5 of 5 items by 6 users, test RMSE 0.8000, "
        "0.9000 without the ratings' times>"
    )
    untested = Artifact(
        replace(films.manifest("LinearNetwork"), metrics={}), films.arrays("LinearNetwork"), films.ITEMS
    )
    assert repr(untested).endswith("by 6 users>")
