"""The linear network: its end product, its start and its gradients."""

from __future__ import annotations

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from typing_extensions import override

from recsys.models import LinearNetwork, NonFiniteLossError
from recsys.penalties import NuclearNormPenalty, RatioPenalty
from recsys.starts import NearZero
from tests.recsys.models.configurations import ADAM, Network, predictions
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, fit


class RecordParameters(pl.Callback):
    """Keeps the parameters as they are before the first step."""

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.parameters = [parameter.detach().clone() for parameter in pl_module.parameters()]


class TestLinearNetwork:
    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_a_step_follows_the_gradient_of_the_loss(self, depth: int) -> None:
        strength, before = 0.3, RecordParameters()
        model = Network(depth=depth, penalty=RatioPenalty(strength), start=NearZero(scale=1.0))
        descent = partial(torch.optim.SGD, lr=1.0)
        fit(model, descent, max_epochs=1, precision="64-true", callbacks=[before])

        layers = [parameter.requires_grad_() for parameter in before.parameters]
        product = layers[0]
        for layer in layers[1:]:
            product = layer @ product
        users, items, ratings = SmallRatings().training_set()
        error = (product[users, items] - ratings.double()).square().mean()
        ratio = torch.linalg.matrix_norm(product, "nuc") / torch.linalg.matrix_norm(product, "fro")
        gradients = torch.autograd.grad(error + strength * ratio, layers)
        for after, layer, gradient in zip(model.parameters(), layers, gradients, strict=True):
            assert gradient.abs().max() > 1e-3
            torch.testing.assert_close(layer.detach() - after.detach(), gradient, rtol=0, atol=1e-10)

    def test_ratings_of_the_same_pair_add_up_in_the_gradient(self) -> None:
        model = LinearNetwork(2, 3)
        users, items = torch.tensor([1, 1, 1, 0]), torch.tensor([2, 2, 2, 0])
        (gradient,) = torch.autograd.grad(
            (model(users, items) * torch.tensor([1.0, 10, 100, 7])).sum(), model.layers[0]
        )
        assert torch.equal(gradient, torch.tensor([[7.0, 0, 0], [0, 0, 111]]))

    def test_hidden_widths_are_the_smaller_side(self) -> None:
        assert [tuple(layer.shape) for layer in LinearNetwork(7, 4, depth=3).layers] == [(4, 4), (4, 4), (7, 4)]

    def test_without_a_penalty_there_is_nothing_to_pay(self) -> None:
        assert Network(depth=2).penalty() == 0

    def test_the_penalty_is_that_of_the_end_product(self) -> None:
        model = Network(depth=2, penalty=RatioPenalty(0.3))
        model.initialise(*SmallRatings().training_set())
        torch.testing.assert_close(model.penalty(), RatioPenalty(0.3)(predictions(model)))

    @pytest.mark.parametrize("depth", [0, -2])
    def test_a_depth_below_one_is_refused(self, depth: int) -> None:
        with pytest.raises(ValueError, match=f"depth of at least 1, not {depth}"):
            Network(depth=depth)

    def test_a_penalty_that_overflows_is_reported(self) -> None:
        with pytest.raises(NonFiniteLossError, match=r"at step 0: the loss is inf.*the penalty's strength"):
            fit(Network(penalty=NuclearNormPenalty(1e38)), ADAM, max_epochs=1)

    def test_an_infinite_entry_without_a_rating_ends_in_an_error_too(self) -> None:
        class Broken(LinearNetwork):
            @override
            def initialise(self, users: Tensor, items: Tensor, ratings: Tensor) -> None:
                super().initialise(users, items, ratings)
                unrated = torch.ones(N_USERS, N_ITEMS, dtype=torch.bool)
                unrated[users, items] = False
                with torch.no_grad():
                    self.layers[0][unrated] = torch.inf

        with pytest.raises(NonFiniteLossError, match=r"at step 0: the \(30, 24\) matrix has entries"):
            fit(Broken(N_USERS, N_ITEMS, penalty=RatioPenalty(0.3)), ADAM, max_epochs=1)
