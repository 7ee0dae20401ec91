"""Stored ratings count at once: their users are answered by fold-in, from all ratings of theirs as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from data.database.rows import Stored
from recsys.artifact import Id
from recsys.artifact.answers.recommendations import Rated
from serving.answers.explanation import Evidence, Explanation, explain_new_user
from serving.answers.ranking import Recommendations, Wanted
from serving.answers.recommender import Prediction, Recommender
from serving.ratings.store import RatingStore

Answer = TypeVar("Answer")

# All of these compute in a thread, as the routes of fold-in do, unless the scores are remembered. A user without stored
# ratings beyond those that the model was trained on is answered by the model: they give None, or leave that user out.


async def predictions(
    recommender: Recommender, store: RatingStore, user_ids: Sequence[Id], item_ids: Sequence[Id], *, strict: bool
) -> dict[int, tuple[float, str]]:
    """Rating and source of those of the pairs (n,) whose users have ratings that the model does not, by place.

    Raises:
        UnknownIdError: `strict`, and such a user's item is unknown.
        WrongKindOfIdError: an id is not of the model's kind.
        StoreError: the database does not answer.
    """
    recommender.user_ids.check(user_ids)
    recommender.item_ids.check(item_ids)
    stored = await store.of_users(user_ids)
    if not stored:
        return {}
    if len(user_ids) == 1:  # whose ratings, if they are few, were read without a thread
        rated = current_ratings(recommender, user_ids[0], stored[user_ids[0]])
        if rated is None:
            return {}
        if recommender.scores_of_new_users.has(*rated):
            return _by_place([0], recommender, rated, item_ids, strict)
    return await asyncio.to_thread(_predictions, recommender, stored, user_ids, item_ids, strict)


async def recommended(
    recommender: Recommender, store: RatingStore, user_id: Id, wanted: Wanted, *, exclude_seen: bool
) -> Recommendations | None:
    """Rank the items for a user with ratings that the model does not have.

    Raises:
        UnknownGenreError: no item has the genre.
        StoreError: the database does not answer.
    """

    def ranked(rated: Rated) -> Recommendations:
        return recommender.recommend_to_new_user(rated, wanted, exclude_rated=exclude_seen)

    return await _of_user(recommender, store, user_id, ranked)


async def explained(
    recommender: Recommender, store: RatingStore, user_id: Id, item_id: Id, *, n: int, strict: bool
) -> Explanation | None:
    """Explain the prediction for a user with ratings that the model does not have, like `explain_new_user`.

    The weight of a rating is what it adds to the prediction.

    Raises:
        UnknownIdError: `strict`, and the item is unknown.
        StoreError: the database does not answer.
    """

    def why(rated: Rated) -> Explanation:
        by_id = dict(zip(map(recommender.item_ids.__getitem__, rated[0]), rated[1].tolist(), strict=True))
        found = explain_new_user(recommender, by_id, item_id, n=len(by_id), strict=strict)
        item = recommender.item_ids.find(item_id)
        speaks_for = []
        if item is not None:
            alike, position = recommender.similarities(item), recommender.item_ids.position
            for_it = [own for own in found.contributions if own.contribution > 0 and own.item.item_id != item_id]
            speaks_for = [
                Evidence(own.item, own.rating, float(alike[position(own.item.item_id)]), own.contribution)
                for own in for_it[:n]
            ]
        prediction = Prediction(user_id, item_id, found.rating, found.source)
        return Explanation(prediction, found.unclipped, found.parts, speaks_for, found.chosen_with[:n])

    return await _of_user(recommender, store, user_id, why)


def current_ratings(recommender: Recommender, user_id: Id, stored: Sequence[Stored]) -> Rated | None:
    """The ratings of a user: what the model was trained on, and what is stored in place of it or beside it.

    None if that is what the model was trained on. Of what is stored, ratings of items that the model does not know are
    left out, and those off its scale, which another model had.
    """
    least, greatest = recommender.manifest.rating_scale
    items, known = recommender.item_ids.known_positions([rating.item_id for rating in stored])
    ratings = np.fromiter((rating.rating for rating in stored), np.float64, len(stored))
    counts = known & (least <= ratings) & (ratings <= greatest)
    items, values = items[counts], ratings[counts].astype(np.float32)
    user = recommender.user_ids.find(user_id)
    if user is None:
        return (items, values) if items.size else None
    trained, before = recommender.artifact.rated_by(user)  # ascending
    places = np.minimum(np.searchsorted(trained, items), max(trained.size - 1, 0))
    again = trained[places] == items if trained.size else np.zeros(items.size, np.bool_)
    if again.all() and (before[places] == values).all():
        return None
    now = before.copy()
    now[places[again]] = values[again]
    return np.concatenate([trained, items[~again]]), np.concatenate([now, values[~again]])


def _predictions(
    recommender: Recommender,
    stored: dict[Id, list[Stored]],
    user_ids: Sequence[Id],
    item_ids: Sequence[Id],
    strict: bool,
) -> dict[int, tuple[float, str]]:
    places: dict[Id, list[int]] = {}
    for place, user_id in enumerate(user_ids):
        if user_id in stored:
            places.setdefault(user_id, []).append(place)
    found = dict[int, tuple[float, str]]()
    for user_id, of_user in places.items():
        rated = current_ratings(recommender, user_id, stored[user_id])
        if rated is not None:
            found |= _by_place(of_user, recommender, rated, item_ids, strict)
    return found


def _by_place(
    places: list[int], recommender: Recommender, rated: Rated, item_ids: Sequence[Id], strict: bool
) -> dict[int, tuple[float, str]]:
    """Rating and source of the items at some places, for a user with these ratings."""
    said = recommender.rate_new_user(rated, [item_ids[place] for place in places], strict=strict)
    return {place: (rating, source) for place, (_, rating, source) in zip(places, said, strict=True)}


async def _of_user(
    recommender: Recommender, store: RatingStore, user_id: Id, answer: Callable[[Rated], Answer]
) -> Answer | None:
    stored = (await store.of_users([user_id])).get(user_id)
    if stored is None:
        return None

    def in_thread() -> Answer | None:
        rated = current_ratings(recommender, user_id, stored)
        return None if rated is None else answer(rated)

    return await asyncio.to_thread(in_thread)
