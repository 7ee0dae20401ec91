"""The biased embedding: what it predicts and what its penalties see."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from recsys.models import UserItemEmbedding
from recsys.penalties import NuclearNormPenalty, RatioPenalty
from recsys.starts import NearZero
from tests.recsys.models.configurations import Embedding
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings


def _dense(model: UserItemEmbedding) -> torch.Tensor:
    return model.user_bias + model.item_bias.mT + model.user_factors @ model.item_factors.mT


class TestUserItemEmbedding:
    @pytest.mark.parametrize("dimension", [1, 2, 3, 5, 6, 7, 8, 13])
    def test_prediction_is_the_biases_and_the_dot_product_and_so_is_its_gradient(self, dimension: int) -> None:
        model = Embedding(dimension=dimension).double()
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, generator=generator)
        users, items, ratings = SmallRatings().training_set()
        dense = _dense(model)
        torch.testing.assert_close(model(users, items), dense[users, items], rtol=1e-12, atol=1e-12)
        found = torch.autograd.grad((model(users, items) - ratings).square().mean(), list(model.parameters()))
        expected = torch.autograd.grad((dense[users, items] - ratings).square().mean(), list(model.parameters()))
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)

    def test_each_side_pays_for_itself_at_its_own_strength(self) -> None:
        def made(**penalties: Any) -> UserItemEmbedding:
            pl.seed_everything(0, verbose=False)
            model = Embedding(dimension=4, start=NearZero(1.0), **penalties)
            model.initialise(*SmallRatings().training_set())
            return model

        of_users, of_items = RatioPenalty(0.3), NuclearNormPenalty(0.07)
        users, items = made(user_penalty=of_users), made(item_penalty=of_items)
        both = made(user_penalty=of_users, item_penalty=of_items)
        for model in (users, items):
            torch.nn.init.normal_(model.user_bias)
            torch.nn.init.normal_(model.item_bias)
            both.load_state_dict(model.state_dict(), strict=False)
            user_side = torch.cat([model.user_factors, model.user_bias, torch.ones(N_USERS, 1)], dim=1)
            item_side = torch.cat([model.item_factors, torch.ones(N_ITEMS, 1), model.item_bias], dim=1)
            torch.testing.assert_close(user_side @ item_side.mT, _dense(model))
            of_user_side, of_item_side = 0.3 * RatioPenalty(1)(user_side), 0.07 * NuclearNormPenalty(1)(item_side)
            torch.testing.assert_close(model.penalty(), of_user_side if model is users else of_item_side)
            torch.testing.assert_close(both.penalty(), of_user_side + of_item_side)
        assert made().penalty() == 0

        def moved(model: UserItemEmbedding) -> list[bool]:
            parameters = [model.user_factors, model.item_factors, model.user_bias, model.item_bias]
            gradients = torch.autograd.grad(model.penalty(), parameters, allow_unused=True)
            return [gradient is not None for gradient in gradients]

        assert moved(users) == [True, False, True, False]
        assert moved(items) == [False, True, False, True]
        assert moved(both) == [True, True, True, True]

    @pytest.mark.parametrize("dimension", [0, -1])
    def test_a_dimension_below_one_is_refused(self, dimension: int) -> None:
        with pytest.raises(ValueError, match=f"dimension of at least 1, not {dimension}"):
            Embedding(dimension=dimension)
