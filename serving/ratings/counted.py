"""Stored ratings count at once: their users are answered by fold-in, from all ratings of theirs as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from data.database.rows import Stored
from recsys.artifact import Id
from serving.answers.explanation import Evidence, Explanation, explain_new_user
from serving.answers.ranking import Recommendations, Wanted
from serving.answers.recommender import Prediction, Recommender
from serving.ratings.store import RatingStore

Answer = TypeVar("Answer")

# All of these compute in a thread, as the routes of fold-in do. A user without stored ratings beyond those that the
# model was trained on is answered by the model: they give None, or leave that user out.


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
    return await asyncio.to_thread(_predictions, recommender, stored, user_ids, item_ids, strict) if stored else {}


async def recommended(
    recommender: Recommender, store: RatingStore, user_id: Id, wanted: Wanted, *, exclude_seen: bool
) -> Recommendations | None:
    """Rank the items for a user with ratings that the model does not have.

    Raises:
        UnknownGenreError: no item has the genre.
        StoreError: the database does not answer.
    """

    def ranked(rated: dict[Id, float]) -> Recommendations:
        return recommender.fold_in(rated, [], wanted, exclude_rated=exclude_seen).ranking

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

    def why(rated: dict[Id, float]) -> Explanation:
        found = explain_new_user(recommender, rated, item_id, n=len(rated), strict=strict)
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


def current_ratings(recommender: Recommender, user_id: Id, stored: Sequence[Stored]) -> dict[Id, float] | None:
    """The ratings of a user by item: what the model was trained on, and what is stored in place of it or beside it.

    None if that is what the model was trained on. Of what is stored, ratings of items that the model does not know are
    left out, and those off its scale, which another model had.
    """
    ids, (least, greatest) = recommender.item_ids, recommender.manifest.rating_scale
    beside = {
        rating.item_id: rating.rating
        for rating in stored
        if ids.knows(rating.item_id) and least <= rating.rating <= greatest
    }
    user = recommender.user_ids.find(user_id)
    trained: dict[Id, float] = {}
    if user is not None:
        items, ratings = recommender.artifact.rated_by(user)
        trained = dict(zip((ids[item] for item in items), ratings.tolist(), strict=True))
    if all(trained.get(item) == np.float32(rating) for item, rating in beside.items()):
        return None
    return trained | beside


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
    found = {}
    for user_id, of_user in places.items():
        rated = current_ratings(recommender, user_id, stored[user_id])
        if rated is not None:
            asked = [item_ids[place] for place in of_user]
            answer = recommender.fold_in(rated, asked, Wanted(n=1), strict=strict)
            for place, (_, rating, source) in zip(of_user, answer.ratings, strict=True):
                found[place] = (rating, source)
    return found


async def _of_user(
    recommender: Recommender, store: RatingStore, user_id: Id, answer: Callable[[dict[Id, float]], Answer]
) -> Answer | None:
    stored = (await store.of_users([user_id])).get(user_id)
    if stored is None:
        return None

    def in_thread() -> Answer | None:
        rated = current_ratings(recommender, user_id, stored)
        return None if rated is None else answer(rated)

    return await asyncio.to_thread(in_thread)
