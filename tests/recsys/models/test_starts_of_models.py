"""Where training starts, and that every model is set up there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from recsys.models import LinearNetwork, RatingModel, UserItemEmbedding
from recsys.starts import DampedMeans, NearZero, Start
from tests.recsys.models.configurations import Embedding, Network, predictions
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings


def means(start: Start, data: SmallRatings) -> Tensor:
    effects = start.effects(*data.training_set(), N_USERS, N_ITEMS)
    return effects.mean + effects.users[:, None] + effects.items


class TestStarts:
    EVERY_MODEL = pytest.mark.parametrize(
        "make",
        [*(partial(Network, depth=depth) for depth in (1, 2, 3)), *(partial(Embedding, dimension=k) for k in (1, 6))],
        ids=["depth 1", "depth 2", "depth 3", "dimension 1", "dimension 6"],
    )

    @EVERY_MODEL
    def test_without_noise_a_model_predicts_the_mean_and_the_effects(self, make: Callable[..., RatingModel]) -> None:
        model, data = make(start=DampedMeans(scale=0)), SmallRatings()
        model.initialise(*data.training_set())
        torch.testing.assert_close(predictions(model), means(model.start, data), rtol=0, atol=1e-5)

    @EVERY_MODEL
    def test_the_noise_of_the_default_start_is_small_but_there(self, make: Callable[..., RatingModel]) -> None:
        model, data = make(), SmallRatings()
        pl.seed_everything(0, verbose=False)
        model.initialise(*data.training_set())
        noise = (predictions(model) - means(model.start, data)).abs()
        if isinstance(model, UserItemEmbedding) and model.user_factors.shape[1] == 1:
            assert noise.max() < 1e-5, "the only column holds the mean"
        else:
            assert 1e-5 < noise.mean() < 0.1

    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_near_zero_the_product_has_the_same_scale_at_every_depth(self, depth: int) -> None:
        model = Network(depth=depth, start=NearZero(scale=1e-3))
        pl.seed_everything(0, verbose=False)
        model.initialise(*SmallRatings().training_set())
        assert 5e-4 < float(torch.linalg.matrix_norm(predictions(model), 2)) < 1e-2

    @pytest.mark.parametrize("dimension", [4, 64])
    def test_near_zero_an_embedding_has_entries_of_the_given_scale_at_every_dimension(self, dimension: int) -> None:
        model = Embedding(dimension=dimension, start=NearZero(scale=1e-3))
        pl.seed_everything(0, verbose=False)
        model.initialise(*SmallRatings().training_set())
        assert 7e-4 < float(predictions(model).square().mean().sqrt()) < 1.4e-3

    @pytest.mark.parametrize("shape", [(1, 5), (5, 1), (2, 2)])
    @pytest.mark.parametrize("depth", [1, 2, 4])
    def test_a_network_of_any_shape_and_depth_starts_at_the_means(self, shape: tuple[int, int], depth: int) -> None:
        model = LinearNetwork(*shape, depth=depth, start=DampedMeans(0, 0, scale=0))
        users = torch.arange(shape[0]).repeat_interleave(shape[1])
        items = torch.arange(shape[1]).repeat(shape[0])
        ratings = (1.0 + users + 2 * items).float()  # the sum of an effect of each, so the start is exact
        model.initialise(users, items, ratings)
        torch.testing.assert_close(model(users, items), ratings, rtol=1e-5, atol=1e-5)
