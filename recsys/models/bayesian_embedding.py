"""The biased embedding averaged over its posterior: Adam and the ratio penalty find where to start, Gibbs goes on."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from data.datamodules import Batch
from data.ratings import Ratings
from data.sorted_ratings import BothOrders
from recsys import freed_memory
from recsys.artifact.cold_items.items import bytes_of
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.errors import SettingsError
from recsys.features import Description, Feature, Known, describe_items, describe_users
from recsys.linalg.spectral import product_singular_values
from recsys.models.centred_rows import centred_rows
from recsys.models.user_item_embedding import UserItemEmbedding
from recsys.penalties import Penalty
from recsys.posterior.coverage import Coverage
from recsys.posterior.likelihoods import GaussianRatings, Likelihood, OrderedProbit
from recsys.posterior.observations import in_order_of_users
from recsys.posterior.sampler import GibbsSampler, TrainingRatings
from recsys.posterior.summary import Posterior
from recsys.posterior.time_windows import TimeWindows, total, window_arrays
from recsys.posterior.unknown_time import UnknownTime
from recsys.starts import Start


class RatingsData(Protocol):
    """What features and windows of time ask of a data module."""

    ratings: Ratings

    def sorted_training_set(self) -> BothOrders:
        """All training ratings, user by user and item by item."""

    def rating_times(self, users: Tensor, items: Tensor) -> Tensor:
        """When each pair (n,) was rated, in seconds since 1970 (n,)."""


class BayesianEmbedding(UserItemEmbedding):
    """Predicts the posterior mean of b_u + b_i + p_u · q_i, and how far a rating may lie from it.

    The first `point_epochs` epochs are those of `UserItemEmbedding`: Adam under the penalties. Each further epoch is
    one sweep of `GibbsSampler`, begun at that point estimate; all but the first `burn_in` count in the averages. Needs
    full batches. Predictions without a time are for an unknown one, see `UnknownTime`; ratings that are validated,
    tested or predicted by the command line have theirs.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        rating_scale: tuple[float, float] = (1.0, 5.0),
        dimension: int = 10,
        user_penalty: Penalty | None = None,
        item_penalty: Penalty | None = None,
        start: Start | None = None,
        point_epochs: int = 50,
        burn_in: int = 10,
        likelihood: Likelihood | None = None,
        features: list[Feature] | None = None,
        time: TimeWindows | None = None,
    ) -> None:
        """Set up the embeddings; the sampler follows when the data are known.

        Args:
            n_users: number of users; the command line takes it from the data.
            n_items: number of items; the command line takes it from the data.
            rating_scale: least and greatest rating; the command line takes it from the data.
            dimension: k, the length of a user's and an item's vector.
            user_penalty: penalty on the user factors P while the optimiser runs; none if not given.
            item_penalty: penalty on the item factors Q while the optimiser runs; none if not given.
            start: where training starts; damped user and item means if not given.
            point_epochs: epochs of the optimiser before the first sweep.
            burn_in: sweeps that do not count in the averages.
            likelihood: how a rating comes from the model's number; as that number plus normal noise if not given.
            features: what the prior means of users and items depend on; on nothing if not given.
            time: windows of time in which a user's ratings deviate together; none if not given.

        Raises:
            ValueError: the dimension is less than 1, or point_epochs or burn_in is negative.
        """
        super().__init__(n_users, n_items, rating_scale, dimension, user_penalty, item_penalty, start)
        self.save_hyperparameters()
        if point_epochs < 0 or burn_in < 0:
            raise ValueError(f"point_epochs and burn_in must be at least 0, not {point_epochs} and {burn_in}")
        self.automatic_optimization = False
        self.point_epochs = point_epochs
        self.burn_in = burn_in
        self.likelihood = likelihood or GaussianRatings()
        self.features = features or []
        self.time = time
        self.sampler: GibbsSampler | None = None
        self.posterior: Posterior | None = None
        self._described: tuple[Description, Description] | None = None  # users and items, when the data are known
        self._unknown_time: UnknownTime | None = None  # with windows of time, when the data are known
        self._answers: tuple[int, FactoredPosterior] | None = None  # after how many draws, and what is answered then
        self._restored: dict[str, Any] | None = None  # from a checkpoint that was opened before the data were known

    # What is predicted

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        if not self._has_draws:
            return super().forward(users, items)
        rated = self._served.ratings(users.cpu().numpy(), items.cpu().numpy())
        return torch.from_numpy(rated).to(users.device)

    def predictive(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (n,) of what pairs (n,) of the data set are rated from, at their own times."""
        pairs = users.numpy(), items.numpy()
        location, variance = (torch.from_numpy(of(*pairs)) for of in (self._served.location, self._served.variance))
        if self.time is not None:
            added = total(self._sampler.windows, users, self._data.rating_times(users, items))
            location, variance = location + added.mean, variance + added.variance
        return location, variance.sqrt()

    @override
    def rate_known(self, users: Tensor, items: Tensor) -> Tensor:
        if not self._has_draws or self.time is None:
            return super().rate_known(users, items)
        location, deviation = self.predictive(users.cpu(), items.cpu())
        expected = self.likelihood.expected(location, deviation, self._averages.thresholds).to(users.device)
        return self.known_rows.or_means(expected, users, items).clamp(*self.rating_scale)

    @override
    def prediction_singular_values(self) -> Tensor:
        """Those of the mean of y apart from time, which with `GaussianRatings` is the prediction."""
        if not self._has_draws:
            return super().prediction_singular_values()
        return product_singular_values(*self._averages.factors(), self.share)

    @override
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        return dict(self._served.arrays)

    def _exported(self) -> dict[str, np.ndarray[Any, Any]]:
        ordinal = np.array([isinstance(self.likelihood, OrderedProbit)], np.int32)
        arrays = {**self._averages.arrays(), **self.known_rows.described(), "ordinal": ordinal}
        if self._described is not None and "newcomer_weights" in arrays:
            arrays |= self._described[0].of_new_users.arrays()
        if self._described is not None and "cold_item_factors" in arrays:
            of_matrices = (self._described[1].columns[place] for place in self._sampler.of_new_items_by)
            arrays["cold_item_columns"] = bytes_of([column for columns in of_matrices for column in columns])
            if self._unknown_time is not None:
                arrays["cold_item_sitting"] = self._unknown_time.of_new_item
        if self._unknown_time is None:
            return arrays
        windows = self._sampler.windows
        return {**arrays, **self._unknown_time.arrays(windows), **window_arrays(windows, self.n_users)}

    @property
    def _served(self) -> FactoredPosterior:
        """What the artefact would answer from: it is served as it is measured here."""
        if self._answers is None or self._answers[0] != self._averages.draws:
            self._answers = self._averages.draws, FactoredPosterior(self._exported())
        return self._answers[1]

    # The Lightning contract

    @override
    def setup(self, stage: str) -> None:
        super().setup(stage)
        epochs, least = self.trainer.max_epochs, self.point_epochs + self.burn_in
        rehearsal = bool(self.trainer.fast_dev_run)  # type: ignore[attr-defined]  # Trainer's
        if stage == "fit" and epochs is not None and 0 <= epochs <= least and not rehearsal:
            raise SettingsError(
                f"nothing would be averaged: --trainer.max_epochs is {epochs}, and point_epochs + burn_in are {least} "
                "already. Raise the first or lower the others."
            )
        if stage == "fit" or self.sampler is None:
            data = cast(Any, self.trainer.datamodule)  # type: ignore[attr-defined]  # set by Lightning
            self._data = cast(RatingsData, data)
            self._build_sampler(data.sorted_training_set())
            if self._restored is not None and stage != "fit":
                self._restore(self._restored)

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if self.trainer.num_training_batches != 1:
            raise SettingsError("sweeps need all training ratings in one batch: leave out --data.batch_size")
        optimizer = cast(Any, self.optimizers())
        optimizer.zero_grad()
        if self.current_epoch < self.point_epochs:
            loss = super().training_step(batch, batch_idx)
            self.manual_backward(loss)
            optimizer.step()
            return loss
        sampler = self._sampler
        if self.current_epoch == self.point_epochs:
            self._require_finite(torch.stack([p.detach().square().sum() for p in self.parameters()]).sum())
            sampler.start(*centred_rows(self, sampler.mean))
        loss = torch.tensor(sampler.sweep() ** 2)
        self._require_finite(loss)
        if self.current_epoch >= self.point_epochs + self.burn_in:
            sampler.average()
        optimizer.step()  # without gradients it moves nothing, but counts the sweep as a step
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_rmse", loss.sqrt())
        return loss

    @override
    def squared_error(self, batch: Batch) -> Tensor:
        # Of all training ratings, which the sampler has in an order in which that takes a fraction of the memory.
        users = torch.cat([self.user_bias, self.user_factors], 1).cpu()
        items = torch.cat([self.item_bias, self.item_factors], 1).cpu()
        return self._sampler.squared_error(users, items).to(self.device)

    @override
    def on_test_epoch_start(self) -> None:
        self._coverage = {
            suffix: Coverage(self.share) for suffix in ("", "_as_served")
        }  # with the ratings' times, and without

    @override
    def test_step(self, batch: Batch, batch_idx: int) -> None:
        super().test_step(batch, batch_idx)
        if self._has_draws:
            users, items, ratings = (part.cpu() for part in batch)
            known = self.known_rows.known(batch[0], batch[1]).cpu()  # means say nothing of how far a rating may lie
            users, items, ratings = users[known], items[known], ratings[known]
            location, deviation = map(torch.from_numpy, self._served.latent(users.numpy(), items.numpy()))
            self._coverage[""].update(*self.predictive(users, items), ratings, self._averages)
            self._coverage["_as_served"].update(location, deviation, ratings, self._averages)

    @override
    def on_test_epoch_end(self) -> None:
        super().on_test_epoch_end()
        for suffix, coverage in self._coverage.items():
            for percent, share in coverage.by_interval().items():
                self.log(f"test_coverage_{percent}{suffix}", share)

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        if self.sampler is not None:
            checkpoint["sampler"] = self.sampler.state()
            checkpoint["posterior"] = self.sampler.posterior.state()

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self._restored = {name: checkpoint[name] for name in ("sampler", "posterior")}
        self._restore(self._restored)

    def _restore(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint says, as far as the data are known already."""
        self.posterior, self._answers = Posterior.of_state(state["posterior"], self.share), None
        if self.sampler is not None:
            self.sampler.load_state(state["sampler"])
            self.sampler.posterior = self.posterior

    # The sampler

    @property
    def _has_draws(self) -> bool:
        return self.posterior is not None and self.posterior.draws > 0

    @property
    def _averages(self) -> Posterior:
        if self.posterior is None or self.posterior.draws == 0:
            raise RuntimeError("nothing was averaged yet")
        return self.posterior

    @property
    def _sampler(self) -> GibbsSampler:
        if self.sampler is None:
            raise RuntimeError("the sampler is set up when a trainer begins")
        return self.sampler

    def _build_sampler(self, orders: BothOrders) -> None:
        of_users, of_items = Description(), Description()
        if self.features:
            known = Known(orders, self._data.ratings)
            of_users, of_items = describe_users(self.features, known), describe_items(self.features, known)
            self.known_rows.user_described.copy_(of_users.rows)
            self.known_rows.item_described.copy_(of_items.rows)
        windows, self._described = [], (of_users, of_items)
        if self.time is not None:
            users, items, _ = in_order_of_users(orders)
            times = self._data.rating_times(users, items)
            windows = self.time.effects(users, times)
            self._unknown_time = UnknownTime(users, items, times, self.n_users, self.n_items)
        data = TrainingRatings(
            orders, of_users.matrices, of_items.matrices, windows, of_users.of_new_by, of_items.columns.keys()
        )
        seed = int(torch.randint(2**62, ()))
        self.sampler = GibbsSampler(data, self.likelihood, self.user_factors.shape[1], seed)
        self.posterior, self._answers = self.sampler.posterior, None
        freed_memory.give_back()
