"""Users of the training data: who there is, what they may like, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from recsys.artifact import Id
from serving.answers.explanation import explain
from serving.answers.ranking import Recommendations
from serving.answers.recommender import FOLD_IN, RatingDistribution, Recommender
from serving.answers.timestamps import times_from
from serving.ratings.counted import explained, recommended
from serving.routes.dependencies import UTF_8_ADDRESS, CurrentRecommender, StoreIfAny
from serving.routes.native.plain import as_answered, as_json, given_rating, wanted_by
from serving.routes.problems import responses
from serving.schemas.answers import (
    RecommendationsResponse,
    User,
    UserResponse,
    UsersResponse,
)
from serving.schemas.explanations import ExplanationResponse
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
    return UserResponse(version=recommender.manifest.version, **vars(found))


# Written straight from plain values, as those of new users are: as models, ten items take as long as to rank them.
# What was not asked for is left out of the answer.
@router.get("/{user_id}/recommendations", response_model=RecommendationsResponse, responses=responses(404))
async def recommendations(
    user_id: IdInAddress,
    query: Annotated[RecommendationsQuery, Query()],
    recommender: CurrentRecommender,
    store: StoreIfAny,
) -> Response:
    """Recommend items by how likely the user is to choose and to like them, or by the predicted rating."""
    original_id = recommender.user_ids.from_text(user_id)
    wanted, seen = wanted_by(query), {"exclude_seen": query.exclude_seen}
    ranking = None if store is None else await recommended(recommender, store, original_id, wanted, **seen)
    if ranking is None:
        ranking = recommender.recommend(original_id, wanted, **seen, timestamp=query.timestamp, strict=query.strict)
    items = [as_answered(each, query) for each in ranking.page]
    if query.uncertainty:
        for item, said in zip(items, _uncertainty(recommender, original_id, ranking, query.timestamp), strict=True):
            item["uncertainty"] = said and said._asdict()
    return as_json(
        {
            "version": recommender.manifest.version,
            "user_id": original_id,
            "total": ranking.total,
            "order": ranking.order,
            "source": ranking.source,
            "recommendations": items,
        }
    )


def _uncertainty(
    recommender: Recommender, user_id: Id, ranking: Recommendations, timestamp: int | None
) -> list[RatingDistribution | None]:
    """Of each rating of a page; None where it is not known."""
    if ranking.source == FOLD_IN:
        return [None] * len(ranking.page)
    pairs = recommender.locate([user_id] * len(ranking.page), [each.item.item_id for each in ranking.page])
    return recommender.uncertainty(pairs, times_from([timestamp] * len(ranking.page)))


@router.get("/{user_id}/items/{item_id}/explanation", response_model=ExplanationResponse, responses=responses(404))
async def explanation(
    user_id: IdInAddress,
    item_id: IdInAddress,
    query: Annotated[ExplanationQuery, Query()],
    recommender: CurrentRecommender,
    store: StoreIfAny,
) -> Response:
    """Say what of a predicted rating is mean, user, item, interaction and time, and which own ratings speak for it."""
    pair = recommender.user_ids.from_text(user_id), recommender.item_ids.from_text(item_id)
    answer = None if store is None else await explained(recommender, store, *pair, n=query.n, strict=query.strict)
    if answer is None:
        answer = explain(recommender, *pair, n=query.n, timestamp=query.timestamp, strict=query.strict)
    return as_json(
        {
            "version": recommender.manifest.version,
            **answer.prediction._asdict(),
            "unclipped": answer.unclipped,
            "parts": vars(answer.parts),
            "speaks_for": [
                {**vars(own.item), "rating": own.rating, "similarity": own.similarity, "weight": own.weight}
                for own in answer.speaks_for
            ],
            "chosen_with": list(map(given_rating, answer.chosen_with)),
        }
    )
