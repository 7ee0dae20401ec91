"""What every model says of users and items without training ratings: what is known of them, never its own start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.functional import one_hot
from typing_extensions import override

from data.movielens import Ratings
from recsys.artifact import SOURCES, Artifact
from recsys.artifact.cold_items.code import Code
from recsys.artifact.cold_items.column import Column
from recsys.features import Feature, Known, WhoRatedWhat
from recsys.models import BayesianEmbedding, RatingModel
from recsys.models.known_rows import KnownRows
from recsys.posterior.likelihoods import OrderedProbit
from recsys.starts import DampedMeans
from tests.recsys.models.configurations import ADAM, CONFIGURATIONS, Configuration
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, as_artefact, every_pair, fit, trainer

NEW = 4  # users, and items, without training ratings: the last ones
NOBODY = -1  # an id that is not there


class Newcomers(SmallRatings):
    """The small ratings without those of the newcomers in training."""

    ratings = cast(Ratings, None)  # the features below do not look into it

    def __init__(self, full_batches: bool = True) -> None:
        super().__init__(full_batches)
        users, items, ratings = self.train
        kept = (users < N_USERS - NEW) & (items < N_ITEMS - NEW)
        self.train = (users[kept], items[kept], ratings[kept])
        n = int(kept.sum())
        self.train_sizes = [n] if full_batches else [200, n - 200]


class Groups(Feature):
    """Every other user, and item, is of the same group."""

    @override
    def of_users(self, known: Known) -> Tensor:
        return one_hot(torch.arange(known.n_users) % 2, 2).float()

    @override
    def of_items(self, known: Known) -> Tensor:
        return one_hot(torch.arange(known.n_items) % 2, 2).float()

    @override
    def of_new_items(self, known: Known) -> tuple[Column, ...]:
        return (Column("group", "categories", Code(2, ("even", "odd"))),)


Posterior = partial(BayesianEmbedding, N_USERS, N_ITEMS, dimension=4, point_epochs=1, burn_in=0)
OF_RATINGS = Configuration(partial(Posterior, features=[WhoRatedWhat()]))
CASES = {**CONFIGURATIONS, "posterior, who rated what": OF_RATINGS}
DESCRIBED = partial(Posterior, features=[Groups(), WhoRatedWhat()])


@dataclass(frozen=True)
class Fitted:
    data: Newcomers
    model: RatingModel
    trainer: pl.Trainer
    artefact: Artifact

    def predict(self, users: Tensor | int, items: Tensor | int) -> tuple[np.ndarray[Any, Any], list[str]]:
        """Ratings and sources by the artefact, for positions; `NOBODY` stands for an id that is not there."""
        pairs = np.broadcast_arrays(np.asarray(users), np.asarray(items))
        ids = (
            np.where(side == NOBODY, NOBODY, self.artefact.arrays[name][side])
            for side, name in zip(pairs, ("user_ids", "item_ids"), strict=True)
        )
        predictions = self.artefact.predict(*ids)
        return predictions.ratings, [SOURCES[source] for source in predictions.sources]


def fitted(configuration: Configuration) -> Fitted:
    data, model = Newcomers(configuration.full_batches), configuration.make()
    fitting = fit(model, ADAM, data, max_epochs=4, limit_val_batches=0)
    return Fitted(data, model, fitting, as_artefact(model, data))


@pytest.fixture(scope="module", params=CASES)
def plain(request: pytest.FixtureRequest) -> Fitted:
    """A model that knows nothing but ratings."""
    return fitted(CASES[request.param])


@pytest.fixture(scope="module", params=[None, OrderedProbit], ids=["normal", "ordered probit"])
def described(request: pytest.FixtureRequest) -> Fitted:
    """A model that also knows the groups of users and items."""
    data = Newcomers()
    if request.param is not None:
        data.train = (*data.train[:2], data.train[2].round())
    model = DESCRIBED(likelihood=request.param() if request.param is not None else None)
    fitting = fit(model, ADAM, data, max_epochs=24, limit_val_batches=0)
    return Fitted(data, model, fitting, as_artefact(model, data))


ROWS = torch.arange(N_USERS), torch.arange(N_ITEMS)


class TestEveryModel:
    def test_a_user_without_ratings_is_predicted_like_an_id_that_is_not_there(self, plain: Fitted) -> None:
        expected, sources = plain.predict(NOBODY, ROWS[1])
        assert set(sources) == {"item_mean", "global_mean"}
        for user in range(N_USERS - NEW, N_USERS):
            found, said = plain.predict(user, ROWS[1])
            assert np.array_equal(found, expected)
            assert said == sources

    def test_an_item_without_ratings_is_predicted_like_an_id_that_is_not_there(self, plain: Fitted) -> None:
        expected, sources = plain.predict(ROWS[0], NOBODY)
        assert set(sources) == {"user_mean", "global_mean"}
        for item in range(N_ITEMS - NEW, N_ITEMS):
            found, said = plain.predict(ROWS[0], item)
            assert np.array_equal(found, expected)
            assert said == sources

    def test_lightning_and_the_artefact_predict_all_pairs_alike_to_the_last_bit(self, plain: Fitted) -> None:
        users, items = every_pair()
        with torch.no_grad():
            assert np.array_equal(plain.model.rate(users, items).numpy(), plain.predict(users, items)[0])
            assert torch.equal(plain.model.rate_known(users, items), plain.model.rate(users, items))

    def test_a_checkpoint_keeps_what_is_known_of_rows(self, plain: Fitted, tmp_path: Path) -> None:
        plain.trainer.save_checkpoint(tmp_path / "last.ckpt")
        restored = type(plain.model).load_from_checkpoint(tmp_path / "last.ckpt")
        assert torch.equal(restored.rate(*every_pair()), plain.model.rate(*every_pair()))

    def test_their_test_ratings_are_counted_and_their_rmse_is_told_apart(self, plain: Fitted) -> None:
        (metrics,) = trainer().test(plain.model, datamodule=plain.data, verbose=False)
        users, items, ratings = plain.data.test
        errors = (plain.model.rate(users, items) - ratings).detach().double()
        for side, new in (("users", users >= N_USERS - NEW), ("items", items >= N_ITEMS - NEW)):
            assert metrics[f"test_ratings_of_unknown_{side}"] == int(new.sum()) > 0
            expected = float(errors[new].square().mean().sqrt())
            assert metrics[f"test_rmse_of_unknown_{side}"] == pytest.approx(expected, rel=1e-6)


def test_an_item_without_ratings_has_the_mean_effect_of_items_with_few() -> None:
    users = torch.tensor([0, 1, 0, 2, *range(11)])
    items = torch.tensor([0, 0, 1, 1, *[2] * 11])  # items 0 and 1 have two ratings, 2 has eleven, 3 none
    ratings = torch.tensor([1.0, 2, 3, 2, *[4.5] * 11])
    rows = KnownRows(12, 4)
    rows.learn(users, items, ratings)
    mean = ratings.mean()
    beyond = ratings - mean - rows.user_means[users]
    expected = (beyond[:2].mean() + beyond[2:4].mean()) / 2
    assert float(expected) < -1
    torch.testing.assert_close(rows.new_item_mean, expected)
    assert rows.item_means[3] == rows.new_item_mean
    torch.testing.assert_close(rows.item_means[:3], DampedMeans().effects(users, items, ratings, 12, 4).items[:3])
    nothing_known = rows.or_means(torch.zeros(1), torch.tensor([11]), torch.tensor([3]))
    torch.testing.assert_close(nothing_known[0], mean + expected)


class TestFeatures:
    def test_rows_without_ratings_are_answered_by_their_features(self, described: Fitted) -> None:
        first, second, third = (described.predict(N_USERS - NEW + place, ROWS[1]) for place in range(3))
        assert set(first[1]) == {"features"}
        np.testing.assert_allclose(first[0], third[0], rtol=0, atol=1e-5, err_msg="of one group")
        assert np.abs(first[0] - second[0]).max() > 1e-3, "of two groups"
        first, second, third = (described.predict(ROWS[0], N_ITEMS - NEW + place) for place in range(3))
        assert set(first[1]) == {"features"}
        np.testing.assert_allclose(first[0], third[0], rtol=0, atol=1e-5)
        assert np.abs(first[0] - second[0]).max() > 1e-3

    def test_an_item_that_was_not_there_is_predicted_as_one_of_its_group_without_ratings(
        self, described: Fitted
    ) -> None:
        artefact = described.artefact
        users, items = (artefact.arrays[f"{side}_ids"] for side in ("user", "item"))
        cold = artefact.predict_cold_items([{"group": "odd"}, {"group": "even"}, {}], users)
        for place, item in ((0, items[-1]), (1, items[-2])):
            pairs = users, np.full(N_USERS, item)
            expected = artefact.predict(*pairs)
            np.testing.assert_allclose(cold.ratings[place], expected.ratings, rtol=0, atol=1e-5)
            np.testing.assert_allclose(cold.deviations[place], artefact.predict_deviations(*pairs), rtol=0, atol=1e-5)
            assert np.array_equal(cold.sources[place], expected.sources)
        unknown = artefact.predict(users, np.full(N_USERS, NOBODY))
        assert np.array_equal(cold.ratings[2], unknown.ratings)
        assert np.array_equal(cold.sources[2], unknown.sources)
        assert np.isnan(cold.deviations[2]).all()

    def test_by_whom_nothing_is_known_it_is_rated_as_by_the_average_user(self, described: Fitted) -> None:
        average, unknown = (described.artefact.predict_cold_items([{"group": "odd"}], ids) for ids in (None, [NOBODY]))
        assert np.array_equal(average.ratings, unknown.ratings)
        by_users = described.artefact.predict_cold_items([{"group": "odd"}], described.artefact.arrays["user_ids"])
        assert average.ratings[0, 0] == pytest.approx(by_users.ratings[0, :-NEW].mean(), abs=0.15)
        assert average.deviations[0, 0] > by_users.deviations[0, :-NEW].min()

    def test_ids_that_are_not_there_have_none(self, described: Fitted) -> None:
        assert set(described.predict(NOBODY, ROWS[1])[1]) == {"item_mean", "global_mean"}
        assert set(described.predict(ROWS[0], NOBODY)[1]) == {"user_mean", "global_mean"}

    def test_lightning_and_the_artefact_predict_all_pairs_alike_to_the_last_bit(self, described: Fitted) -> None:
        users, items = every_pair()
        rated = described.model.rate(users, items).numpy()
        assert np.array_equal(rated, described.predict(users, items)[0])

    def test_a_rating_of_a_newcomer_may_lie_further_from_its_prediction(self, described: Fitted) -> None:
        assert isinstance(described.model, BayesianEmbedding)
        deviations = described.model.predictive(*every_pair())[1].reshape(N_USERS, N_ITEMS)
        known = (slice(N_USERS - NEW), slice(N_ITEMS - NEW))
        for newcomers in ((slice(-NEW, None), known[1]), (known[0], slice(-NEW, None)), (slice(-NEW, None),) * 2):
            assert deviations[newcomers].mean() > 1.2 * deviations[known].mean()
