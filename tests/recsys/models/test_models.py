"""What every rating model promises, and what each of them computes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from typing_extensions import override

from recsys.linalg.spectral import effective_rank
from recsys.models import BayesianEmbedding, LinearNetwork, NonFiniteLossError, RatingModel, UserItemEmbedding
from recsys.penalties import NuclearNormPenalty, RatioPenalty, SchattenRatioPenalty
from recsys.starts import DampedMeans, NearZero, Start
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, as_artefact, every_pair, fit, rmse, trainer

Network = partial(LinearNetwork, N_USERS, N_ITEMS)
Embedding = partial(UserItemEmbedding, N_USERS, N_ITEMS)
ADAM = partial(torch.optim.Adam, lr=0.1)


@dataclass(frozen=True)
class Configuration:
    make: Callable[[], RatingModel]
    full_batches: bool = True
    generalises: bool = True
    """Whether a fit says something of ratings that it has not seen."""


CONFIGURATIONS = {
    "matrix": Configuration(Network, generalises=False),  # moves no entry without a rating
    "matrix, ratio": Configuration(partial(Network, penalty=RatioPenalty(0.3))),
    "matrix, ratio, near zero": Configuration(partial(Network, penalty=RatioPenalty(0.3), start=NearZero(1.0))),
    "depth 2, nuclear norm": Configuration(partial(Network, depth=2, penalty=NuclearNormPenalty(0.003))),
    "depth 3, Schatten": Configuration(partial(Network, depth=3, penalty=SchattenRatioPenalty(0.05, 1 / 2, 2 / 3))),
    "embedding": Configuration(partial(Embedding, dimension=5), full_batches=False),
    "embedding, users": Configuration(partial(Embedding, dimension=4, user_penalty=RatioPenalty(0.1))),
    "embedding, items": Configuration(
        partial(Embedding, dimension=1, item_penalty=NuclearNormPenalty(0.001)), full_batches=False
    ),
    "posterior": Configuration(partial(BayesianEmbedding, N_USERS, N_ITEMS, dimension=4, point_epochs=1, burn_in=0)),
    "embedding, both, near zero": Configuration(
        partial(
            Embedding, dimension=3, user_penalty=RatioPenalty(0.1), item_penalty=RatioPenalty(0.2), start=NearZero(0.1)
        )
    ),
}


@dataclass(frozen=True)
class Trained:
    """A model after a short fit; tests must not change it."""

    configuration: Configuration
    data: SmallRatings
    model: RatingModel
    trainer: pl.Trainer
    checkpoint: Path

    def start(self) -> RatingModel:
        """Return the model as it was before the fit."""
        pl.seed_everything(0, verbose=False)
        model = self.configuration.make()
        model.initialise(*self.data.training_set())
        return model


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    configuration = CONFIGURATIONS[request.param]
    data = SmallRatings(configuration.full_batches)
    model = configuration.make()
    fitted = fit(model, ADAM, data, max_epochs=50, check_val_every_n_epoch=25, log_every_n_steps=25)
    checkpoint = tmp_path_factory.mktemp("checkpoints") / "last.ckpt"
    fitted.save_checkpoint(checkpoint)
    return Trained(configuration, data, model, fitted, checkpoint)


def predictions(model: RatingModel) -> Tensor:
    """Return all unclipped predictions, (N_USERS, N_ITEMS)."""
    with torch.no_grad():
        matrix: Tensor = model(*every_pair()).reshape(N_USERS, N_ITEMS)
    return matrix


def is_plain(value: object) -> bool:
    match value:
        case dict():
            return all(isinstance(key, str) and is_plain(entry) for key, entry in value.items())
        case list() | tuple():
            return all(is_plain(entry) for entry in value)
        case _:
            return value is None or isinstance(value, bool | int | float | str)


class TestEveryModel:
    def test_forward_gives_one_rating_for_each_pair(self, trained: Trained) -> None:
        users, items = torch.tensor([3, 0, 3, 29, 3]), torch.tensor([23, 0, 23, 1, 2])
        ratings = trained.model(users, items)
        assert ratings.shape == (5,)
        assert ratings.dtype == torch.float32
        assert torch.equal(ratings, predictions(trained.model)[users, items]), "whichever pairs are beside them"

    def test_a_fit_lowers_the_loss(self, trained: Trained) -> None:
        model, start = trained.model, trained.start()
        users, items, ratings = trained.data.training_set()
        with torch.no_grad():
            before, after = ((m(users, items) - ratings).square().mean() + m.penalty() for m in (start, model))
        assert after < before
        assert rmse(model, trained.data.train) < 0.3 * rmse(start, trained.data.train)

    def test_a_fit_beats_the_start_on_ratings_it_has_not_seen(self, trained: Trained) -> None:
        before, after = rmse(trained.start(), trained.data.test), rmse(trained.model, trained.data.test)
        if trained.configuration.generalises:
            assert after < 0.5 * before
        else:
            assert after == before

    def test_singular_values_are_those_of_all_predictions(self, trained: Trained) -> None:
        values = trained.model.prediction_singular_values().detach().double()
        expected = torch.linalg.svdvals(predictions(trained.model).double())
        rounding = 2 * torch.finfo(torch.float32).eps ** 0.5 * float(expected[0])  # of a small matrix: √ε σ₁
        torch.testing.assert_close(values, expected[: len(values)], rtol=1e-5, atol=rounding)
        assert (expected[len(values) :] < 1e-5 * expected[0]).all(), "none is missing"

    def test_ratings_are_clipped_to_the_scale_and_predictions_are_not(self, trained: Trained) -> None:
        model = copy.deepcopy(trained.model)
        for parameter in model.parameters():
            parameter.data *= 3
        raw, rated = predictions(model), model.rate(*every_pair()).detach()
        assert raw.max() > 5, "some to clip"
        assert rated.min() >= 1
        assert torch.equal(rated, raw.flatten().clamp(1, 5))

    def test_an_artefact_of_it_predicts_the_same_to_the_last_bit(self, trained: Trained) -> None:
        exported = as_artefact(trained.model, trained.data)  # checks names and shapes
        users, items = every_pair()
        found = exported.predict(exported.arrays["user_ids"][users], exported.arrays["item_ids"][items])
        np.testing.assert_array_equal(found.ratings, trained.model.rate(users, items).detach().numpy())
        assert (found.sources == 0).all(), "answered by the model"

    @pytest.mark.parametrize("part", ["validation", "test"])
    def test_metrics_are_those_of_the_whole_set_not_means_over_batches(self, trained: Trained, part: str) -> None:
        data = trained.data
        run = trainer().validate if part == "validation" else trainer().test
        (metrics,) = run(copy.deepcopy(trained.model), datamodule=data, verbose=False)
        prefix, (users, items, ratings) = ("val", data.validation) if part == "validation" else ("test", data.test)
        served = (trained.model.rate(users, items) - ratings).detach().double()
        assert metrics[f"{prefix}_rmse_as_served"] == pytest.approx(float(served.square().mean().sqrt()), rel=1e-6)
        error = (trained.model.rate_known(users, items) - ratings).detach().double()
        assert metrics[f"{prefix}_rmse"] == pytest.approx(float(error.square().mean().sqrt()), rel=1e-6)
        assert metrics[f"{prefix}_mae"] == pytest.approx(float(error.abs().mean()), rel=1e-6)
        first = 97 if part == "validation" else 1  # the size of the first of two batches
        of_batches = torch.stack([batch.square().mean().sqrt() for batch in (error[:first], error[first:])]).mean()
        assert abs(float(of_batches) - metrics[f"{prefix}_rmse"]) > 1e-4, "the two are not the same here"

    def test_predicting_gives_the_batches_with_their_ratings(self, trained: Trained) -> None:
        batches: Any = trainer().predict(copy.deepcopy(trained.model), datamodule=trained.data)
        users, items, ratings, rated, as_served = (torch.cat(parts) for parts in zip(*batches, strict=True))
        for found, asked in zip((users, items, ratings), trained.data.test, strict=True):
            assert torch.equal(found, asked)
        torch.testing.assert_close(rated, trained.model.rate_known(users, items).detach())
        torch.testing.assert_close(as_served, trained.model.rate(users, items).detach())

    def test_spectrum_is_logged_as_it_is_after_the_step(self, trained: Trained) -> None:
        values = torch.linalg.svdvals(predictions(trained.model).double())
        logged = trained.trainer.callback_metrics
        torch.testing.assert_close(logged["effective_rank"].double(), effective_rank(values), rtol=0.03, atol=0)
        assert float(logged["singular_value_1"]) == pytest.approx(float(values[0]), rel=1e-5)
        rounding = torch.finfo(torch.float32).eps ** 0.5 * float(values[0])  # what a singular value may be lost in
        lost = rounding if values[2] < rounding else 0.0
        assert float(logged["singular_value_3"]) == pytest.approx(float(values[2]), rel=1e-2, abs=lost)
        assert {"train_loss", "train_rmse", "penalty", "val_rmse", "val_mae", "val_rmse_as_served"} <= logged.keys()

    def test_a_checkpoint_opens_without_running_code_and_its_hyper_parameters_are_plain(self, trained: Trained) -> None:
        content = torch.load(trained.checkpoint, weights_only=True)
        hyper_parameters = content["hyper_parameters"]
        assert (hyper_parameters["n_users"], hyper_parameters["n_items"]) == (N_USERS, N_ITEMS)
        assert is_plain(hyper_parameters)

    def test_a_model_restored_from_a_checkpoint_predicts_the_same(self, trained: Trained) -> None:
        restored = type(trained.model).load_from_checkpoint(trained.checkpoint)
        assert torch.equal(predictions(restored), predictions(trained.model))

    def test_a_fit_that_goes_on_from_a_checkpoint_keeps_its_weights(self, trained: Trained) -> None:
        model = trained.configuration.make()
        resumed = fit(model, ADAM, trained.data, trained.checkpoint, max_epochs=50)  # all of which were made before
        assert resumed.global_step == trained.trainer.global_step
        assert torch.equal(predictions(model), predictions(trained.model))

    def test_a_fit_that_was_interrupted_ends_like_one_that_was_not(self, trained: Trained, tmp_path: Path) -> None:
        uninterrupted, first_part, second_part = (trained.configuration.make() for _ in range(3))
        fit(uninterrupted, ADAM, trained.data, max_epochs=4)
        fit(first_part, ADAM, trained.data, max_epochs=2).save_checkpoint(tmp_path / "half.ckpt")
        fit(second_part, ADAM, trained.data, tmp_path / "half.ckpt", max_epochs=4)
        assert torch.equal(predictions(second_part), predictions(uninterrupted))
        assert not torch.equal(predictions(first_part), predictions(uninterrupted))

    def test_the_same_seed_gives_the_same_start(self, trained: Trained) -> None:
        assert torch.equal(predictions(trained.start()), predictions(trained.start()))

    @pytest.mark.parametrize("log_every_n_steps", [1, 1000])
    def test_a_huge_learning_rate_is_reported_with_the_step_and_the_option(
        self, trained: Trained, log_every_n_steps: int
    ) -> None:
        too_fast = partial(torch.optim.SGD, lr=1e30)
        with pytest.raises(NonFiniteLossError, match=r"at step [123]: .*\(--optimizer\.lr, now 1e\+30\)"):
            fit(trained.configuration.make(), too_fast, max_epochs=5, log_every_n_steps=log_every_n_steps)


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


# SparseAdam is left out: it takes sparse gradients only, and these are dense.
OPTIMIZERS = sorted(
    (
        kind
        for kind in vars(torch.optim).values()
        if isinstance(kind, type) and issubclass(kind, Optimizer) and kind not in (Optimizer, torch.optim.SparseAdam)
    ),
    key=lambda kind: kind.__name__,
)
# A mean over 504 ratings has small gradients, so those that step by the gradient itself need a large rate.
RATES = {"SGD": 10.0, "ASGD": 10.0, "RAdam": 1.0, "Adadelta": 1.0, "LBFGS": 0.1}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_every_dense_optimizer_of_torch_trains_a_linear_network(optimizer: type[Optimizer]) -> None:
    model, data = Network(penalty=RatioPenalty(0.3)), SmallRatings()
    model.initialise(*data.training_set())
    before = rmse(model, data.train)
    make: Any = partial(optimizer, lr=RATES.get(optimizer.__name__, 0.05))  # type: ignore[call-arg]  # all have one
    fitted = fit(model, make, data, max_epochs=5)
    assert fitted.global_step == 5
    assert rmse(model, data.train) < 0.99 * before


def test_there_are_optimizers_to_train_with() -> None:
    assert {"Adam", "AdamW", "SGD", "LBFGS", "Muon"} <= {kind.__name__ for kind in OPTIMIZERS}
