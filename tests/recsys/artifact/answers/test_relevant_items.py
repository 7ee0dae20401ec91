"""The most relevant items are those of the whole order, although most items are not looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from recsys import artifact
from recsys.artifact import Floats, KnownRatings, Positions, best, ratings_of
from recsys.artifact.answers import relevance as module
from recsys.artifact.answers.relevance import Relevance
from recsys.artifact.answers.relevant_items import most_relevant

N, SCALE = 40, (1.0, 5.0)
FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 4)
    monkeypatch.setattr(module, "_COPIED", 30)  # numbers: the rows of ten items are copied, and those of 30 are not


def relevance_of(rng: np.random.Generator, decay: float) -> Relevance:
    """Directions of whole numbers, whose products are exact, of which the later ones are 0 the more the faster."""
    directions = np.rint(rng.integers(-8, 9, (N, 3)) * np.exp(-decay * rng.permutation(N))[:, None])
    arrays = {
        "relevance_directions": directions,
        "relevance_gains": rng.integers(-1, 4, 3),
        "relevance_scales": rng.integers(1, 3, N),
        "relevance_average": np.zeros(3),
    }
    return Relevance({name: array.astype(np.float32) for name, array in arrays.items()}, SCALE)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), decay=st.sampled_from([0.0, 0.05, 0.3]), there=st.sampled_from([0.1, 0.6, 1.0]),
    offset=st.integers(0, 12), n=st.integers(1, 45),
)  # fmt: skip
def test_they_are_those_of_the_whole_order_ties_included(
    seed: int, decay: float, there: float, offset: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    relevance = relevance_of(rng, decay)
    # The greatest rating counts 1 as a choice, so all products are whole numbers.
    rated = rng.permutation(N)[:5], np.full(5, 5, np.float32)
    ratings = rng.integers(1, 4, N).astype(np.float32)
    candidates = rng.random(N) < there
    whole = relevance.relevance(relevance.choices(*rated), ratings)
    expected = best(whole, candidates, offset, n)
    items, predicted, found = most_relevant(relevance, rated, KnownRatings(ratings), candidates, offset, n)
    assert items.tolist() == expected.tolist()
    np.testing.assert_array_equal(found, whole[expected])
    np.testing.assert_array_equal(predicted, ratings[expected])


class Counted(KnownRatings):
    """Counts the ratings that are asked for."""

    asked = 0

    @override
    def of(self, items: Positions) -> Floats:
        self.asked += items.size
        return super().of(items)


def test_items_that_cannot_be_among_them_are_not_looked_at() -> None:
    relevance = relevance_of(np.random.default_rng(0), decay=0.1)
    ratings = Counted(np.full(N, 3, np.float32))
    most_relevant(relevance, (np.arange(5), np.full(5, 5, np.float32)), ratings, np.ones(N, np.bool_), 0, 3)
    assert 3 <= ratings.asked < N / 2


@pytest.mark.parametrize("name", ["bayesian_embedding", "linear_network", "user_item_embedding"])
def test_no_rating_is_above_the_greatest_that_is_said_beforehand(name: str) -> None:
    model = artifact.load(FIXTURES / name / "artefact")
    for user in range(model.user_ids.size):
        ratings, _ = ratings_of(model, (np.array([user]), np.array([True])))
        assert ratings.all().max() <= ratings.greatest * (1 + 1e-6)
        np.testing.assert_array_equal(ratings.of(np.arange(3)), ratings.all()[:3])
