"""What the routes with an id in their path answer, with the ids in the query.

There every id can be written: in a path, clients and proxies take "a/b", ".." and "" for something else.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from serving.routes.dependencies import UTF_8_ADDRESS, CurrentRecommender, StoreIfAny
from serving.routes.native import items, users
from serving.routes.problems import responses
from serving.schemas.answers import (
    ItemResponse,
    RecommendationsResponse,
    SimilarItemsResponse,
    UserResponse,
)
from serving.schemas.explanations import ExplanationResponse
from serving.schemas.requests import (
    ExplanationByQuery,
    ItemByQuery,
    RecommendationsByQuery,
    SimilarByQuery,
    UserByQuery,
)

router = APIRouter(dependencies=[UTF_8_ADDRESS])


@router.get("/user", tags=["users"], responses=responses(404))
async def user(query: Annotated[UserByQuery, Query()], recommender: CurrentRecommender) -> UserResponse:
    """Look up one user, like /users/{user_id}."""
    return await users.user(query.user_id, recommender)


@router.get("/recommendations", tags=["users"], response_model=RecommendationsResponse, responses=responses(404))
async def recommendations(
    query: Annotated[RecommendationsByQuery, Query()], recommender: CurrentRecommender, store: StoreIfAny
) -> Response:
    """Recommend items to a user, like /users/{user_id}/recommendations."""
    return await users.recommendations(query.user_id, query, recommender, store)


@router.get("/explanation", tags=["users"], response_model=ExplanationResponse, responses=responses(404))
async def explanation(
    query: Annotated[ExplanationByQuery, Query()], recommender: CurrentRecommender, store: StoreIfAny
) -> Response:
    """Say why a rating is predicted, like /users/{user_id}/items/{item_id}/explanation."""
    return await users.explanation(query.user_id, query.item_id, query, recommender, store)


@router.get("/item", tags=["items"], responses=responses(404))
async def item(query: Annotated[ItemByQuery, Query()], recommender: CurrentRecommender) -> ItemResponse:
    """Look up one item, like /items/{item_id}."""
    return await items.item(query.item_id, recommender)


@router.get("/similar", tags=["items"], responses=responses(404))
async def similar(query: Annotated[SimilarByQuery, Query()], recommender: CurrentRecommender) -> SimilarItemsResponse:
    """List the items that are like one, like /items/{item_id}/similar."""
    return await items.similar(query.item_id, query, recommender)
