"""What is answered of items that were not there in training, described by their features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

from recsys.artifact import ColdPredictions, FeatureError, Id
from recsys.artifact.answers.cold_items import AVERAGE_USER, cold_items_of, rate
from recsys.artifact.cold_items.items import ColdItem
from serving.answers.recommender import Recommender


class ColdAnswer(NamedTuple):
    """Ratings of n new items by m users."""

    items: list[ColdItem]
    """What is known of each."""
    predictions: ColdPredictions
    unknown: list[Id]
    """Users of whom the model knows nothing, in whose place the average user answers."""


def rate_cold_items(
    recommender: Recommender, features: Sequence[Mapping[str, Any]], user_ids: Sequence[Id] | None, *, strict: bool
) -> ColdAnswer:
    """Predict ratings of new items, by the values of their columns; by the average user if no users are asked for.

    Raises:
        NoItemFeaturesError: the model knows no features of items.
        FeatureError: it uses no such column, or a value is not of its kind; the message begins with the item's place.
        UnknownIdError: `strict`, and a user is unknown.
        WrongKindOfIdError: a user's id is not of the model's kind.
    """
    cold_items, items = cold_items_of(recommender.artifact), []
    for place, values in enumerate(features):
        try:
            items.append(cold_items.item(values))
        except FeatureError as error:
            raise FeatureError(f"items.{place}.features.{error}") from error
    if user_ids is None:
        return ColdAnswer(items, rate(recommender.artifact, items, AVERAGE_USER), [])
    positions, found = recommender.user_ids.positions(user_ids, strict=strict)
    known = found & recommender.artifact.user_known[positions]
    predictions = rate(recommender.artifact, items, (positions, found))
    return ColdAnswer(items, predictions, list(compress(user_ids, ~known)))
