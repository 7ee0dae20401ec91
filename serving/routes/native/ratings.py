"""Ratings that users give, kept by this server: put, read, deleted. All of these may be sent again.

Where an id cannot stand in a path, the same is asked for under /user, with the ids in the query.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic_core import to_json

from recsys.artifact import Id
from serving.answers.recommender import Recommender
from serving.process.metrics import Metrics
from serving.routes.dependencies import UTF_8_ADDRESS, CurrentMetrics, CurrentRecommender, CurrentStore
from serving.routes.problems import PROBLEMS, responses
from serving.routes.refusals import InvalidRatingError, NotStoredError, check_scale
from serving.schemas.ids import IdInAddress
from serving.schemas.requests import Page, PairByQuery, UserByQuery
from serving.schemas.stored import (
    DeletedResponse,
    RatingToStore,
    StoredByQuery,
    StoredRating,
    StoredRatingResponse,
    StoredRatingsResponse,
)

router = APIRouter(tags=["ratings"], dependencies=[UTF_8_ADDRESS])
_PUT = responses(400, 409, 413, 415) | {201: {"model": StoredRatingResponse, "description": "Created"}}


@router.put("/users/{user_id}/ratings/{item_id}", response_model=StoredRatingResponse, responses=_PUT)
async def put_rating(
    user_id: IdInAddress,
    item_id: IdInAddress,
    body: RatingToStore,
    recommender: CurrentRecommender,
    store: CurrentStore,
    metrics: CurrentMetrics,
) -> Response:
    """Store a rating of a user for an item; 201 if there was none, 200 if it takes the place of another.

    It is on the disk when this is answered, and counts from the next request on. Users and items that the model does
    not know are stored, too; ids must be of its kind, and the rating one of its scale.
    """
    user, item = recommender.user_ids.from_text(user_id), recommender.item_ids.from_text(item_id)
    _check_step(body.rating, recommender)
    outcome = await store.put(user, item, body.rating, body.timestamp)
    assert outcome.after is not None
    if outcome.is_refused:
        metrics.rated("refused")
        refused = PROBLEMS.content(
            409,
            f"a newer rating is stored: {outcome.after.rating:g} with the timestamp {outcome.after.timestamp}; this "
            f"one has {body.timestamp}, and is not stored",
        )
        return Response(to_json(refused), 409, media_type=PROBLEMS.media_type)  # an exception would be met twice
    metrics.rated("replaced" if outcome.before else "created")
    said = _said(recommender, user, item, *outcome.after)
    return Response(to_json(said), 200 if outcome.before else 201, media_type="application/json")


@router.get("/users/{user_id}/ratings/{item_id}", responses=responses(404))
async def stored_rating(
    user_id: IdInAddress, item_id: IdInAddress, recommender: CurrentRecommender, store: CurrentStore
) -> StoredRatingResponse:
    """Look up the rating that is stored of a user for an item; 404 if there is none."""
    user, item = recommender.user_ids.from_text(user_id), recommender.item_ids.from_text(item_id)
    for found in (await store.of_users([user])).get(user, []):
        if found.item_id == item:
            return StoredRatingResponse.model_validate(_said(recommender, *found))
    raise NotStoredError("no rating of this user for this item is stored")


@router.delete("/users/{user_id}/ratings/{item_id}", responses=responses())
async def delete_rating(
    user_id: IdInAddress,
    item_id: IdInAddress,
    recommender: CurrentRecommender,
    store: CurrentStore,
    metrics: CurrentMetrics,
) -> DeletedResponse:
    """Delete the rating that is stored of a user for an item, if there is one."""
    user, item = recommender.user_ids.from_text(user_id), recommender.item_ids.from_text(item_id)
    return _deleted(recommender, metrics, user, await store.delete(user, item))


@router.get("/users/{user_id}/ratings", responses=responses())
async def stored_ratings(
    user_id: IdInAddress, page: Annotated[Page, Query()], recommender: CurrentRecommender, store: CurrentStore
) -> StoredRatingsResponse:
    """List the ratings that are stored of a user, the newest first; none of one who has sent none."""
    user = recommender.user_ids.from_text(user_id)
    found = (await store.of_users([user])).get(user, [])
    found.sort(key=lambda stored: (-stored.timestamp, str(stored.item_id)))
    return StoredRatingsResponse(
        version=recommender.manifest.version,
        user_id=user,
        total=len(found),
        ratings=[
            StoredRating(
                item_id=stored.item_id,
                rating=stored.rating,
                timestamp=stored.timestamp,
                known_item=recommender.item_ids.knows(stored.item_id),
            )
            for stored in found[page.offset : page.offset + page.n]
        ],
    )


@router.delete("/users/{user_id}", responses=responses())
async def delete_user(
    user_id: IdInAddress, recommender: CurrentRecommender, store: CurrentStore, metrics: CurrentMetrics
) -> DeletedResponse:
    """Delete all that is stored of a user. Ratings that the model was trained on stay in it until the next training."""
    user = recommender.user_ids.from_text(user_id)
    return _deleted(recommender, metrics, user, await store.delete_user(user))


@router.put("/user/rating", response_model=StoredRatingResponse, responses=_PUT)
async def put_rating_by_query(
    query: Annotated[PairByQuery, Query()],
    body: RatingToStore,
    recommender: CurrentRecommender,
    store: CurrentStore,
    metrics: CurrentMetrics,
) -> Response:
    """Store a rating, like PUT /users/{user_id}/ratings/{item_id}."""
    return await put_rating(query.user_id, query.item_id, body, recommender, store, metrics)


@router.get("/user/rating", responses=responses(404))
async def stored_rating_by_query(
    query: Annotated[PairByQuery, Query()], recommender: CurrentRecommender, store: CurrentStore
) -> StoredRatingResponse:
    """Look up a stored rating, like GET /users/{user_id}/ratings/{item_id}."""
    return await stored_rating(query.user_id, query.item_id, recommender, store)


@router.delete("/user/rating", responses=responses())
async def delete_rating_by_query(
    query: Annotated[PairByQuery, Query()],
    recommender: CurrentRecommender,
    store: CurrentStore,
    metrics: CurrentMetrics,
) -> DeletedResponse:
    """Delete a stored rating, like DELETE /users/{user_id}/ratings/{item_id}."""
    return await delete_rating(query.user_id, query.item_id, recommender, store, metrics)


@router.get("/user/ratings", responses=responses())
async def stored_ratings_by_query(
    query: Annotated[StoredByQuery, Query()], recommender: CurrentRecommender, store: CurrentStore
) -> StoredRatingsResponse:
    """List the stored ratings of a user, like GET /users/{user_id}/ratings."""
    return await stored_ratings(query.user_id, query, recommender, store)


@router.delete("/user", responses=responses())
async def delete_user_by_query(
    query: Annotated[UserByQuery, Query()],
    recommender: CurrentRecommender,
    store: CurrentStore,
    metrics: CurrentMetrics,
) -> DeletedResponse:
    """Delete all that is stored of a user, like DELETE /users/{user_id}."""
    return await delete_user(query.user_id, recommender, store, metrics)


def _check_step(rating: float, recommender: Recommender) -> None:
    """Training refuses what is none of the scale, so it must not be stored."""
    (least, greatest), step = recommender.manifest.rating_scale, recommender.manifest.rating_step
    check_scale(rating, (least, greatest), "body.rating")
    if step is not None and abs((rating - least) / step - round((rating - least) / step)) > _NEAR_A_STEP:
        raise InvalidRatingError(f"body.rating: {rating:g} is none of {least:g}, {least + step:g}, … {greatest:g}")


_NEAR_A_STEP = 1e-3  # as a share of it; as training takes it (data.ratings)


def _said(recommender: Recommender, user: Id, item: Id, rating: float, timestamp: int) -> dict[str, object]:
    """A `StoredRatingResponse`, as plain values, which take a fraction of the time."""
    return {
        "version": recommender.manifest.version,
        "item_id": item,
        "rating": rating,
        "timestamp": timestamp,
        "known_item": recommender.item_ids.knows(item),
        "user_id": user,
        "known_user": recommender.user_ids.knows(user),
    }


def _deleted(recommender: Recommender, metrics: Metrics, user: Id, deleted: int) -> DeletedResponse:
    metrics.rated("deleted", deleted)
    return DeletedResponse(version=recommender.manifest.version, user_id=user, deleted=deleted)
