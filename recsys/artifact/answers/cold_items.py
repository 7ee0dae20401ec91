"""Ratings of items that were not there in training, by their features alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact.cold_items.items import Array, ColdItem, ColdItems
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.artifact.latent.newcomers import Newcomers
from recsys.artifact.latent.posterior import Latent
from recsys.artifact.model import SOURCES, Floats, Found, TrainedModel
from recsys.artifact.uncertainty import expected, uncertainty

AVERAGE_USER: Found = np.zeros(1, np.int64), np.zeros(1, np.bool_)
"""As users at positions: one of whom nothing is known."""
_NUMBERS = 1 << 20  # features, or pairs, that are held at once


class NoItemFeaturesError(ValueError):
    """The model knows no features of items, so it can say nothing of a new one."""

    def __init__(self) -> None:
        """Say so, and what to do."""
        super().__init__(
            "this model knows no item features: train one with a table of items, by a recipe with features of them "
            "such as recsys.features.ItemColumns, and by this version"
        )


class ColdPredictions(NamedTuple):
    """Of n new items and m users: predicted ratings, clipped to the scale, who answered, and how far they may lie."""

    ratings: Floats  # (n, m)
    sources: npt.NDArray[np.int8]  # (n, m), indices into `SOURCES`
    deviations: Floats  # (n, m), standard deviations of ratings; NaN where a mean answers
    probabilities: Floats  # (n, m, s), of each of the s levels of the scale


def cold_items_of(model: TrainedModel) -> ColdItems:
    """What a model says of new items.

    Raises:
        NoItemFeaturesError: nothing.
    """
    if model.cold_items is None:
        raise NoItemFeaturesError
    return model.cold_items


def rate(model: TrainedModel, items: Sequence[ColdItem], users: Found) -> ColdPredictions:
    """Predict ratings of n new items by users at positions (m,); those of whom nothing is known count as average users.

    The rating of a known user is that of an item of the training without ratings that has equal features. The average
    user's row is the mean of all users' in each draw, see `Newcomers`; its rating may lie as far off as that of any
    user. An item of which no column says anything is rated by the mean of items with few ratings, as an unknown one is.

    Raises:
        NoItemFeaturesError: the model has none.
    """
    cold_items = cold_items_of(model)
    step = max(1, _NUMBERS // max(len(model.arrays["cold_item_factors"]), users[0].size))
    starts = range(0, max(len(items), 1), step)
    blocks = [_rated(model, cold_items, items[start : start + step], users) for start in starts]
    return ColdPredictions(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _rated(model: TrainedModel, cold_items: ColdItems, items: Sequence[ColdItem], users: Found) -> ColdPredictions:
    positions, found = users
    known = found & model.user_known[positions]
    arrays = cold_items.arrays(items)
    pairs = positions, np.arange(len(items))[:, None]
    of_known, average = FactoredPosterior(arrays), _of_average_user(arrays, len(items))
    by_known = of_known.latent(*pairs)
    location, deviation = (
        np.where(known, *both) for both in zip(by_known, (each[:, None] for each in average), strict=True)
    )
    said = uncertainty(arrays, location.ravel(), deviation.ravel())
    by_features = np.where(known, of_known.ratings(*pairs), expected(arrays, *average)[:, None])
    means = np.float32(model.manifest.global_mean) + np.where(known, model.arrays["user_means"][positions], 0)
    described = np.array([item.described for item in items], np.bool_)[:, None]
    at = np.where(known, positions, -1).tolist()
    by_means = [SOURCES.index(model.source(None if user < 0 else user, None)) for user in at]
    ratings = np.where(described, by_features, means + model.new_item_mean).clip(*model.manifest.rating_scale)
    return ColdPredictions(
        ratings.astype(np.float32),
        np.where(described, SOURCES.index("features"), by_means).astype(np.int8),
        np.where(described, said.deviations.reshape(location.shape), np.float32(np.nan)),
        said.probabilities.reshape(*location.shape, arrays["levels"].size),
    )


def _of_average_user(arrays: dict[str, Array], n_items: int) -> Latent:
    """Mean and standard deviation (n_items,) of y for the average user."""
    newcomers, every = Newcomers(arrays), np.arange(n_items)
    draws = arrays["item_draws"]  # (n_items, s, width)
    location = draws[:, :, 0].mean(1) + (draws[:, :, 1 : newcomers.width] * newcomers.means).sum(-1).mean(1)
    variance = newcomers.variances(arrays, every, newcomers.means, newcomers.covariances)
    return Latent(location.astype(np.float32), np.sqrt(variance + newcomers.noise).astype(np.float32))
