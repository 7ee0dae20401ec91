"""A table says what people without ratings are going to like."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from recsys.artifact import SOURCES
from recsys.features import Feature, UserColumns
from recsys.models import BayesianEmbedding
from tests.recsys.features.tables import known
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, as_artefact, fit, rmse

NEW = 10  # the last users, who have no training ratings
ADAM = partial(torch.optim.Adam, lr=0.02)
CITIES = ("Kyiv", "Oslo", "Rome", None)


class CitiesDecide(SmallRatings):
    """Kyiv likes what Oslo does not, and the other way round; others rate as if by chance."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        cities = [CITIES[user % len(CITIES)] for user in range(N_USERS)]
        taste = torch.tensor([{"Kyiv": 1.0, "Oslo": -1.0}.get(city or "", 0.0) for city in cities])
        style = torch.randn(N_ITEMS, generator=generator).sign()
        noise = torch.randn(N_USERS, N_ITEMS, generator=generator)
        ratings = (3 + taste[:, None] * style + 0.3 * noise).clamp(1, 5)
        users, items = torch.arange(N_USERS).repeat_interleave(N_ITEMS), torch.arange(N_ITEMS).repeat(N_USERS)
        old = users < N_USERS - NEW
        self.train = users[old], items[old], ratings[users, items][old]
        self.test = users[~old], items[~old], ratings[users, items][~old]
        self.train_sizes = [int(old.sum())]
        sizes = np.random.default_rng(0).normal(42, 3, N_USERS)  # of shoes: they say nothing
        table: dict[str, Any] = {"city": cities, "shoes": np.where(np.arange(N_USERS) % 4 == 3, np.nan, sizes)}
        self.ratings = known(table, {"number": range(N_ITEMS)}).data


def fitted(*features: Feature) -> tuple[BayesianEmbedding, CitiesDecide]:
    model = BayesianEmbedding(N_USERS, N_ITEMS, dimension=4, point_epochs=1, burn_in=10, features=list(features))
    data = CitiesDecide()
    fit(model, ADAM, data, max_epochs=51, limit_val_batches=0)
    return model, data


@pytest.fixture(scope="module")
def by_tables() -> tuple[BayesianEmbedding, CitiesDecide]:
    """A model that is given the table of users as it is."""
    return fitted(UserColumns())


def test_those_who_are_described_are_predicted_far_better_than_without_the_table(
    by_tables: tuple[BayesianEmbedding, CitiesDecide],
) -> None:
    model, data = by_tables
    plain, _ = fitted()
    users, items, ratings = data.test
    decided = users % 4 < 2  # of Kyiv and Oslo
    part = users[decided], items[decided], ratings[decided]
    assert rmse(model, part) < 0.6 * rmse(plain, part)
    assert rmse(model, data.train) < 1.05 * rmse(plain, data.train)


def test_those_of_whom_the_table_says_nothing_are_predicted_by_means(
    by_tables: tuple[BayesianEmbedding, CitiesDecide],
) -> None:
    model, data = by_tables
    artefact = as_artefact(model, data)
    new = np.arange(N_USERS - NEW, N_USERS)
    predictions = artefact.predict(artefact.arrays["user_ids"][new], artefact.arrays["item_ids"][:NEW])
    said = [SOURCES[source] for source in predictions.sources]
    assert said == ["item_mean" if user % 4 == 3 else "features" for user in new]
    with torch.no_grad():
        rated = model.rate(torch.from_numpy(new), torch.arange(NEW)).numpy()
    assert np.array_equal(rated, predictions.ratings)
