"""Predicted ratings: of one pair by its address, of many by a request body."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serving.dependencies import CurrentRecommender, CurrentSettings
from serving.problems import TooManyPairsError, responses
from serving.schemas import PairQuery, PredictedRating, PredictionsRequest, PredictionsResponse, RatingResponse

router = APIRouter(tags=["predictions"])


@router.get("/ratings", responses=responses(404))
async def rating(pair: Annotated[PairQuery, Query()], recommender: CurrentRecommender) -> RatingResponse:
    """Predict the rating that a user would give to an item."""
    (answer,) = recommender.predict([pair.user_id], [pair.item_id], strict=pair.strict)
    return RatingResponse(version=recommender.manifest.version, **vars(answer))


@router.post("/predictions", responses=responses(400, 404, 413))
async def predictions(
    body: PredictionsRequest, recommender: CurrentRecommender, settings: CurrentSettings
) -> PredictionsResponse:
    """Predict the ratings that users would give to items."""
    if len(body.pairs) > settings.max_pairs:
        raise TooManyPairsError(
            f"{len(body.pairs)} pairs in one request; this server allows {settings.max_pairs}. Send several requests."
        )
    user_ids, item_ids = [pair.user_id for pair in body.pairs], [pair.item_id for pair in body.pairs]
    answers = recommender.predict(user_ids, item_ids, strict=body.strict)
    return PredictionsResponse(
        version=recommender.manifest.version,
        predictions=[PredictedRating.model_construct(**vars(answer)) for answer in answers],
    )
