"""Predictions and recommendations for someone who was not there in training."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from recsys.artifact import Id
from serving.answers.explanation import explain_new_user
from serving.answers.questions import next_to_rate
from serving.routes.dependencies import CurrentRecommender, CurrentSettings
from serving.routes.native.plain import as_answered, as_json, given_rating, wanted_by
from serving.routes.problems import responses
from serving.routes.refusals import InvalidRatingError, TooManyPairsError, check_scale
from serving.schemas.answers import FoldInResponse, NextResponse
from serving.schemas.explanations import FoldInExplanationResponse
from serving.schemas.requests import FoldInExplanationRequest, FoldInRequest, ItemRating, NextRequest
from serving.settings import Settings

router = APIRouter(tags=["users"])

# All routes compute in a thread: with many ratings and a model of high rank the linear algebra takes tens of
# milliseconds, in which numpy lets the event loop go on. They write their answers straight from plain values: as
# models, a thousand take several times as long.


@router.post("/fold-in", response_model=FoldInResponse, responses=responses(400, 404, 413, 415))
async def fold_in(body: FoldInRequest, recommender: CurrentRecommender, settings: CurrentSettings) -> Response:
    """Predict and recommend from a new user's ratings; nothing is stored.

    By the model's own posterior given these ratings, or, of a model without one, by a regression on item vectors. No
    timestamp is taken: the model has learnt nothing of when a new user rates, so it would change no answer.
    """
    _check_number("ratings", len(body.ratings), settings)
    _check_number("item_ids", len(body.item_ids), settings)
    rated = _by_item(body.ratings, recommender.manifest.rating_scale)
    answer = await asyncio.to_thread(recommender.fold_in, rated, body.item_ids, wanted_by(body), strict=body.strict)
    predictions: list[dict[str, object]] = [
        {"item_id": item, "rating": rating, "source": source} for item, rating, source in answer.ratings
    ]
    if body.uncertainty:
        said = await asyncio.to_thread(recommender.new_user_uncertainty, rated, body.item_ids)
        for prediction, uncertainty in zip(predictions, said, strict=True):
            prediction["uncertainty"] = uncertainty and uncertainty._asdict()
    return as_json(
        {
            "version": recommender.manifest.version,
            "predictions": predictions,
            "total": answer.ranking.total,
            "order": answer.ranking.order,
            "recommendations": [as_answered(each, body) for each in answer.ranking.page],
            "ignored_item_ids": answer.ignored,
        }
    )


@router.post("/fold-in/next", response_model=NextResponse, responses=responses(400, 404, 413, 415))
async def fold_in_next(body: NextRequest, recommender: CurrentRecommender, settings: CurrentSettings) -> Response:
    """Propose the items whose ratings would tell most of a new user, given the ratings so far; nothing is stored."""
    _check_number("ratings", len(body.ratings), settings)
    _check_number("exclude", len(body.exclude), settings)
    rated = _by_item(body.ratings, recommender.manifest.rating_scale)
    asked = await asyncio.to_thread(next_to_rate, recommender, rated, body.exclude, n=body.n, strict=body.strict)
    items = [
        {**vars(each.item), "known_by": each.known_by, "variance_reduction": each.variance_reduction}
        for each in asked.page
    ]
    return as_json(
        {
            "version": recommender.manifest.version,
            "total": asked.total,
            "items": items,
            "ignored_item_ids": asked.ignored,
        }
    )


@router.post("/fold-in/explanation", response_model=FoldInExplanationResponse, responses=responses(400, 404, 413, 415))
async def fold_in_explanation(
    body: FoldInExplanationRequest, recommender: CurrentRecommender, settings: CurrentSettings
) -> Response:
    """Say what of a new user's predicted rating is mean, user, item and interaction, and what each rating adds."""
    _check_number("ratings", len(body.ratings), settings)
    rated = _by_item(body.ratings, recommender.manifest.rating_scale)
    answer = await asyncio.to_thread(explain_new_user, recommender, rated, body.item_id, n=body.n, strict=body.strict)
    return as_json(
        {
            "version": recommender.manifest.version,
            "item_id": body.item_id,
            "rating": answer.rating,
            "source": answer.source,
            "unclipped": answer.unclipped,
            "parts": vars(answer.parts),
            "contributions": list(map(given_rating, answer.contributions)),
            "chosen_with": list(map(given_rating, answer.chosen_with)),
            "ignored_item_ids": answer.ignored,
        }
    )


def _check_number(what: str, number: int, settings: Settings) -> None:
    if number > settings.max_pairs:
        raise TooManyPairsError(f"{number} {what} in one request; this server allows {settings.max_pairs}.")


def _by_item(ratings: list[ItemRating], scale: tuple[float, float]) -> dict[Id, float]:
    by_item: dict[Id, float] = {}
    for place, given in enumerate(ratings):
        check_scale(given.rating, scale, f"body.ratings.{place}.rating")
        if given.item_id in by_item:
            raise InvalidRatingError(f"body.ratings.{place}.item_id: {given.item_id} was rated before in this request")
        by_item[given.item_id] = given.rating
    return by_item
