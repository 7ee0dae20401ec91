"""The embedding that is averaged over its posterior."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from data.datamodules import MovieLensDataModule
from data.movielens import Ratings
from recsys.artifact import uncertainty
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.errors import SettingsError
from recsys.features import ItemSide, UserSide, WhoRatedWhat
from recsys.models import BayesianEmbedding
from recsys.models.centred_rows import centred_rows
from recsys.posterior.likelihoods import OrderedProbit
from recsys.posterior.time_windows import TimeWindows
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings, every_pair, fit, trainer

ADAM = partial(torch.optim.Adam, lr=0.1)


Bayesian = partial(BayesianEmbedding, N_USERS, N_ITEMS, dimension=3, point_epochs=20, burn_in=10)


class TestBayesianEmbedding:
    def test_a_fit_that_would_average_nothing_is_refused(self) -> None:
        with pytest.raises(SettingsError, match=r"max_epochs is 30, and point_epochs \+ burn_in are 30"):
            fit(Bayesian(), ADAM, max_epochs=30)

    def test_sweeps_begin_at_the_point_estimate(self) -> None:
        model = Bayesian(point_epochs=10, burn_in=0)
        fit(model, ADAM, max_epochs=11)
        model.posterior = None
        users, items = centred_rows(model, model._sampler.mean)
        matrix = model._sampler.mean + users[:, :1] + items[:, 0] + users[:, 1:] @ items[:, 1:].T
        expected = model(*every_pair()).detach().reshape(N_USERS, N_ITEMS)
        torch.testing.assert_close(matrix, expected, rtol=0, atol=1e-4)

    def test_the_same_seed_gives_the_same_and_another_seed_other_predictions(self) -> None:
        first, second = Bayesian(), Bayesian()
        fit(first, ADAM, max_epochs=40)
        fit(second, ADAM, max_epochs=40)
        assert torch.equal(first(*every_pair()), second(*every_pair()))
        assert first.posterior is not None
        assert first.posterior.draws == 10

    def test_small_batches_are_refused(self) -> None:
        with pytest.raises(ValueError, match="in one batch"):
            fit(Bayesian(point_epochs=1, burn_in=0), ADAM, SmallRatings(full_batches=False), max_epochs=3)

    @pytest.mark.slow
    def test_a_fit_interrupted_between_sweeps_ends_like_one_that_was_not(
        self, movielens_100k: Ratings, tmp_path: Path
    ) -> None:
        whole, first_part, second_part = (with_everything() for _ in range(3))
        fit_u1(whole, 16)
        fit_u1(first_part, 9).save_checkpoint(tmp_path / "half.ckpt")
        fit_u1(second_part, 16, tmp_path / "half.ckpt")
        for name, array in whole.arrays().items():
            assert np.array_equal(second_part.arrays()[name], array), name
        assert torch.load(tmp_path / "half.ckpt", weights_only=True)["posterior"]["draws"] == 3

    def test_features_and_time_on_real_ratings_lower_the_error_and_are_calibrated(
        self, movielens_100k: Ratings
    ) -> None:
        model = with_everything()
        fitting = fit_u1(model, 26)
        (metrics,) = fitting.test(model, datamodule=MovieLensDataModule(split="u1", validation=0), verbose=False)
        assert metrics["test_rmse"] < 0.92
        assert metrics["test_coverage_50"] == pytest.approx(0.5, abs=0.05)
        assert metrics["test_coverage_90"] == pytest.approx(0.9, abs=0.03)
        assert metrics["test_rmse"] < metrics["test_rmse_as_served"] < 0.935
        assert metrics["test_coverage_50_as_served"] == pytest.approx(0.5, abs=0.05)
        assert metrics["test_coverage_90_as_served"] == pytest.approx(0.9, abs=0.03)
        arrays = model.arrays()
        latent = FactoredPosterior(arrays).latent(np.zeros(100, np.int64), np.arange(100))
        said = uncertainty.uncertainty(arrays, *latent)
        np.testing.assert_allclose(said.probabilities.sum(1), 1, atol=1e-6)
        assert (said.deviations > 0.3).all()


def with_everything() -> BayesianEmbedding:
    """A small model of MovieLens 100K with every part."""
    return BayesianEmbedding(
        943, 1682, dimension=4, point_epochs=3, burn_in=3, likelihood=OrderedProbit(),
        features=[WhoRatedWhat(), UserSide(), ItemSide()], time=TimeWindows([1, 3600]),
    )  # fmt: skip


def fit_u1(model: BayesianEmbedding, epochs: int, checkpoint: Path | None = None) -> pl.Trainer:
    """Fit to the training ratings of u1 from seed 0 and return the trainer."""
    pl.seed_everything(0, verbose=False)
    model.configure_optimizers = lambda: torch.optim.Adam(model.parameters(), lr=0.02)  # type: ignore[method-assign]  # as LightningCLI
    fitting = trainer(max_epochs=epochs, limit_val_batches=0)
    fitting.fit(model, datamodule=MovieLensDataModule(split="u1", validation=0), ckpt_path=checkpoint)
    return fitting
