"""The contract of every rating model: loss, metrics, clipping, and what is logged."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanSquaredError, MetricCollection
from typing_extensions import override

from data.datamodules import Batch
from recsys.linalg.spectral import NonFiniteMatrixError, effective_rank
from recsys.models.known_rows import KnownRows
from recsys.models.memory import require_memory, require_memory_to_train
from recsys.share import Share
from recsys.starts import Start

_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
# `on_save_checkpoint` below answers Lightning's worry about modules among the hyper-parameters.
warnings.filterwarnings("ignore", "Attribute '.*' is an instance of `nn.Module`")
_LEADING_LOGGED = 5  # singular values logged one by one; the paper's matrices have rank 5


class TrainingData(Protocol):
    """What a model asks of a data module: all ratings it may learn from, to start from their means."""

    def training_set(self) -> Batch:
        """Users (n,), items (n,) and ratings (n,) of all training ratings."""


class NonFiniteLossError(RuntimeError):
    """Training diverged: the loss is infinite or not a number."""


class RatingModel(pl.LightningModule, ABC):
    """Minimises mean squared error + penalties over the training ratings.

    A subclass holds the parameters and says how to predict, what is penalised, how to start, and what to export.
    Predictions are clipped to the rating scale when they are evaluated or shown, never in the loss. Users and items of
    which nothing is known have means there, see `KnownRows`. Users are those of this process, where there are several,
    and items are the same in all of them.
    """

    if_too_large = "Choose a smaller model."  # what to do where the memory does not suffice

    def __init__(self, n_users: int, n_items: int, rating_scale: tuple[float, float], start: Start) -> None:
        super().__init__()
        self.n_users = n_users
        self.share = Share.whole(n_users)  # until the processes have joined
        self.n_items = n_items
        self.rating_scale = (float(rating_scale[0]), float(rating_scale[1]))
        self.start = start
        self.known_rows = KnownRows(n_users, n_items)
        metrics = MetricCollection({"rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError()})
        # Of predictions with what is known of a rating, its time, and as a server answers that is told users and items.
        self.validation_metrics = metrics.clone(prefix="val_")
        self.served_validation_metrics = metrics.clone(prefix="val_", postfix="_as_served")
        self.test_metrics = metrics.clone(prefix="test_")
        self.served_test_metrics = metrics.clone(prefix="test_", postfix="_as_served")
        # Of the test ratings of users, and of items, without training ratings.
        self.unknown_users, self.unknown_items = (MeanSquaredError(squared=False) for _ in range(2))

    def require_memory(self, parameters: int) -> None:
        """Check that there is memory for so many parameters; a subclass asks before it makes them.

        Raises:
            SettingsError: there is not; the message says what is needed and what there is.
        """
        require_memory(self._name_and_size(), parameters, self.if_too_large)

    def _name_and_size(self) -> str:
        return f"a {type(self).__name__} of {self.n_users:,} users and {self.n_items:,} items"

    # What a subclass defines

    @abstractmethod
    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predicted ratings (n,) by the parameters, not clipped, for dense indices users (n,) and items (n,)."""

    def predict_batch(self, users: Tensor, items: Tensor) -> Tensor:
        """What `forward` predicts, of a batch to learn from; a subclass may have a faster way for one."""
        predicted: Tensor = self(users, items)
        return predicted

    def squared_error(self, batch: Batch) -> Tensor:
        """The mean squared error of a batch to learn from, a scalar."""
        users, items, ratings = batch
        squares = (self.predict_batch(users, items) - ratings).square()
        total = self.share.differentiable_sum(squares.sum(dtype=torch.float64))
        return (total / int(self.share.sum(torch.tensor(len(ratings))))).to(squares)

    @abstractmethod
    def penalty(self) -> Tensor:
        """The sum of the penalties λ R, a scalar."""

    @abstractmethod
    def initialise(self, users: Tensor, items: Tensor, ratings: Tensor) -> None:
        """Set the parameters to the start for these training ratings."""

    @abstractmethod
    def prediction_singular_values(self) -> Tensor:
        """Singular values of the n_users × n_items matrix of predictions (not clipped), descending."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The parameters as `recsys.artifact` stores them."""

    # The Lightning contract

    @override
    def setup(self, stage: str) -> None:
        self.share = Share.joined(self.n_users)
        if stage == "fit":  # a checkpoint, if there is one, is restored after this
            if self.device.type == "cpu":
                parameters = sum(parameter.numel() for parameter in self.parameters())
                require_memory_to_train(self._name_and_size(), parameters, self.if_too_large)
            data = cast(TrainingData, self.trainer.datamodule)  # type: ignore[attr-defined]  # set by Lightning
            training_set = data.training_set()
            self.known_rows.learn(*training_set)
            self.initialise(*training_set)

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        error = self.squared_error(batch)
        self._require_finite(error)
        try:
            penalty = self.penalty()
        except NonFiniteMatrixError as cause:
            raise self._diverged(str(cause)) from cause
        loss: Tensor = error + penalty
        self._require_finite(loss)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_rmse", error.detach().sqrt())
        self.log("penalty", penalty.detach())
        return loss

    @override
    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # Trainer's
        if every and self.trainer.global_step % every == 0:
            try:
                values = self.prediction_singular_values()
            except NonFiniteMatrixError as cause:
                raise self._diverged(str(cause)) from cause
            self.log("effective_rank", effective_rank(values))
            for place, value in enumerate(values[:_LEADING_LOGGED], start=1):
                self.log(f"singular_value_{place}", value)

    @override
    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        users, items, ratings = batch
        self.validation_metrics.update(self.rate_known(users, items), ratings)
        self.served_validation_metrics.update(self.rate(users, items), ratings)
        self.log_dict(dict(self.validation_metrics.items()), prog_bar=True, on_step=False, on_epoch=True)
        self.log_dict(dict(self.served_validation_metrics.items()), on_step=False, on_epoch=True)

    @override
    def test_step(self, batch: Batch, batch_idx: int) -> None:
        users, items, ratings = batch
        rated = self.rate_known(users, items)
        self.test_metrics.update(rated, ratings)
        self.served_test_metrics.update(self.rate(users, items), ratings)
        for metrics in (self.test_metrics, self.served_test_metrics):
            self.log_dict(dict(metrics.items()), on_step=False, on_epoch=True)
        for metric, known in (
            (self.unknown_users, self.known_rows.user_rated[users]),
            (self.unknown_items, self.known_rows.item_rated[items]),
        ):
            metric.update(rated[~known], ratings[~known])

    @override
    def on_test_epoch_end(self) -> None:
        for side, metric in (("users", self.unknown_users), ("items", self.unknown_items)):
            ratings = self.share.sum(metric.total.clone())
            self.log(f"test_ratings_of_unknown_{side}", float(ratings))
            if ratings > 0:
                self.log(f"test_rmse_of_unknown_{side}", metric.compute())
            metric.reset()

    @override
    def predict_step(self, batch: Batch, batch_idx: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The batch, and behind it the ratings (n,) as `rate_known` and as `rate` predict them."""
        users, items, ratings = batch
        return users, items, ratings, self.rate_known(users, items), self.rate(users, items)

    def rate(self, users: Tensor, items: Tensor) -> Tensor:
        """Predicted ratings (n,), clipped to the rating scale, for dense indices users (n,) and items (n,).

        Those of pairs with a row of which nothing is known are means.
        """
        return self.known_rows.or_means(self(users, items), users, items).clamp(*self.rating_scale)

    def rate_known(self, users: Tensor, items: Tensor) -> Tensor:
        """Predicted ratings (n,) of pairs that the data set has, of which a model may know more, such as the time."""
        return self.rate(users, items)

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Objects (a penalty, a start) would be pickled, and a checkpoint that runs code when it is opened is no
        # checkpoint to pass on. The command line records them as class path and arguments, which are plain.
        plain = {k: v for k, v in checkpoint.get("hyper_parameters", {}).items() if _is_plain(v)}
        checkpoint["hyper_parameters"] = {**plain, "n_users": self.share.total}
        self._replace_users(checkpoint, self.share.to_first)

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._replace_users(checkpoint, self.share.own)

    def _replace_users(self, checkpoint: dict[str, Any], by: Callable[[Tensor], Tensor]) -> None:
        """Replace what a checkpoint has of users: in the file those of all processes, which each takes its own of."""
        parameters = checkpoint["state_dict"]
        of_users = [name for name in parameters if name.rpartition(".")[2].startswith("user_")]
        parameters.update({name: by(parameters[name]) for name in of_users})
        places = [place for place, (name, _) in enumerate(self.named_parameters()) if name in of_users]
        for optimizer in checkpoint.get("optimizer_states", []):
            moments = {place: optimizer["state"][place] for place in places if place in optimizer["state"]}
            optimizer["state"] = {
                **optimizer["state"],
                **{
                    place: {k: by(v) if isinstance(v, Tensor) and v.ndim else v for k, v in of.items()}
                    for place, of in moments.items()
                },
            }

    def _require_finite(self, value: Tensor) -> None:
        if not bool(torch.isfinite(value)):
            raise self._diverged(f"the loss is {float(value.detach())}")

    def _diverged(self, what: str) -> NonFiniteLossError:
        rate = self.optimizers(use_pl_optimizer=False).param_groups[0].get("lr")  # type: ignore[union-attr]  # one
        return NonFiniteLossError(
            f"training diverged at step {self.global_step}: {what}. Lower the learning rate (--optimizer.lr, now "
            f"{rate}), or the penalty's strength if the loss rose while the training RMSE fell."
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)
