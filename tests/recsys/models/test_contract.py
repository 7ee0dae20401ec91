"""What every model is held to."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from recsys.linalg.spectral import effective_rank
from recsys.models import NonFiniteLossError, RatingModel
from tests.recsys.models.configurations import ADAM, CONFIGURATIONS, Configuration, predictions
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, as_artefact, every_pair, fit, rmse, trainer


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
