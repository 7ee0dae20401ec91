"""Users of the training data: who there is, what they may like, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from serving.answers.explanation import explain
from serving.answers.recommender import FOLD_IN
from serving.answers.timestamps import times_from
from serving.ratings.counted import explained, recommended
from serving.routes.dependencies import UTF_8_ADDRESS, CurrentRecommender, StoreIfAny
from serving.routes.native.recommended import as_answered, given_rating, wanted_by
from serving.routes.problems import responses
from serving.schemas.answers import (
    RecommendationAndUncertainty,
    RecommendationsResponse,
    UncertaintyOfRating,
    User,
    UserResponse,
    UsersResponse,
)
from serving.schemas.explanations import ExplanationResponse, GivenRating, OwnRating, RatingParts
from serving.schemas.ids import IdInAddress
from serving.schemas.requests import ExplanationQuery, Page, RecommendationsQuery

router = APIRouter(prefix="/users", tags=["users"], dependencies=[UTF_8_ADDRESS])


@router.get("", responses=responses())
async def users(page: Annotated[Page, Query()], recommender: CurrentRecommender) -> UsersResponse:
    """List the users, those with the most training ratings first."""
    found = recommender.users(n=page.n, offset=page.offset)
    return UsersResponse(
        version=recommender.manifest.version,
        total=recommender.n_users,
        users=[User.model_validate(user) for user in found],
    )


@router.get("/{user_id}", responses=responses(404))
async def user(user_id: IdInAddress, recommender: CurrentRecommender) -> UserResponse:
    """Look up one user; an unknown one is a 404."""
    found = recommender.user(recommender.user_ids.from_text(user_id))
    return UserResponse(version=recommender.manifest.version, **asdict(found))


# What was not asked for is left out of the answer.
@router.get("/{user_id}/recommendations", response_model_exclude_unset=True, responses=responses(404))
async def recommendations(
    user_id: IdInAddress,
    query: Annotated[RecommendationsQuery, Query()],
    recommender: CurrentRecommender,
    store: StoreIfAny,
) -> RecommendationsResponse:
    """Recommend items by how likely the user is to choose and to like them, or by the predicted rating."""
    original_id = recommender.user_ids.from_text(user_id)
    wanted, seen = wanted_by(query), {"exclude_seen": query.exclude_seen}
    ranking = None if store is None else await recommended(recommender, store, original_id, wanted, **seen)
    if ranking is None:
        ranking = recommender.recommend(original_id, wanted, **seen, timestamp=query.timestamp, strict=query.strict)
    items = [RecommendationAndUncertainty(**as_answered(each, query)) for each in ranking.page]
    if query.uncertainty and ranking.source == FOLD_IN:
        for item in items:
            item.uncertainty = None  # which says that it is not known
    elif query.uncertainty:
        given_at = times_from([query.timestamp] * len(items))
        pairs = recommender.locate([original_id] * len(items), [item.item_id for item in items])
        said = recommender.uncertainty(pairs, given_at)
        for item, uncertainty in zip(items, said, strict=True):
            item.uncertainty = uncertainty and UncertaintyOfRating(**uncertainty._asdict())
    return RecommendationsResponse(
        version=recommender.manifest.version,
        user_id=original_id,
        total=ranking.total,
        order=ranking.order,
        source=ranking.source,
        recommendations=items,
    )


@router.get("/{user_id}/items/{item_id}/explanation", responses=responses(404))
async def explanation(
    user_id: IdInAddress,
    item_id: IdInAddress,
    query: Annotated[ExplanationQuery, Query()],
    recommender: CurrentRecommender,
    store: StoreIfAny,
) -> ExplanationResponse:
    """Say what of a predicted rating is mean, user, item, interaction and time, and which own ratings speak for it."""
    pair = recommender.user_ids.from_text(user_id), recommender.item_ids.from_text(item_id)
    answer = None if store is None else await explained(recommender, store, *pair, n=query.n, strict=query.strict)
    if answer is None:
        answer = explain(recommender, *pair, n=query.n, timestamp=query.timestamp, strict=query.strict)
    return ExplanationResponse(
        version=recommender.manifest.version,
        **answer.prediction._asdict(),
        unclipped=answer.unclipped,
        parts=RatingParts.model_validate(answer.parts),
        speaks_for=[
            OwnRating(**asdict(own.item), rating=own.rating, similarity=own.similarity, weight=own.weight)
            for own in answer.speaks_for
        ],
        chosen_with=[GivenRating(**given_rating(own)) for own in answer.chosen_with],
    )
