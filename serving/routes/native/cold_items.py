"""Predictions for items that were not there in training."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Response

from recsys.artifact import SOURCES, Id, Uncertainty
from serving.answers.cold_items import ColdAnswer, rate_cold_items
from serving.answers.recommender import Recommender
from serving.routes.dependencies import CurrentRecommender, CurrentSettings
from serving.routes.native.plain import as_json
from serving.routes.problems import responses
from serving.routes.refusals import TooManyPairsError
from serving.schemas.cold_items import ColdItemsRequest, ColdItemsResponse

router = APIRouter(tags=["items"])


@router.post("/cold-items", response_model=ColdItemsResponse, responses=responses(400, 404, 413, 415))
async def cold_items(body: ColdItemsRequest, recommender: CurrentRecommender, settings: CurrentSettings) -> Response:
    """Predict ratings of items that are not in the model, by their features alone; nothing is stored.

    Each is predicted as an item of the training would be that nobody has rated and that has these features. No
    timestamp is taken, and ratings that the server keeps do not count.
    """
    n_users = 1 if body.user_ids is None else len(body.user_ids)
    if len(body.items) * n_users > settings.max_pairs:
        raise TooManyPairsError(
            f"{len(body.items)} items for {n_users} users in one request; this server allows {settings.max_pairs} "
            "pairs. Send several requests."
        )
    features = [item.features for item in body.items]
    content = await asyncio.to_thread(_answered, recommender, features, body.user_ids, body)
    return as_json(content)


def _answered(
    recommender: Recommender, features: list[dict[str, Any]], user_ids: list[Id] | None, wanted: ColdItemsRequest
) -> dict[str, object]:
    answer = rate_cold_items(recommender, features, user_ids, strict=wanted.strict)
    predictions = _predictions(recommender, answer, user_ids or [None], uncertainty=wanted.uncertainty)
    items = [
        {"predictions": of_item, "used": item.used, "missing": item.missing, "unknown": item.unknown}
        for item, of_item in zip(answer.items, predictions, strict=True)
    ]
    return {"version": recommender.manifest.version, "items": items, "unknown_user_ids": answer.unknown}


def _predictions(
    recommender: Recommender, answer: ColdAnswer, user_ids: list[Id] | list[None], *, uncertainty: bool
) -> list[list[dict[str, object]]]:
    """What is said of each pair, item by item."""
    ratings, sources, deviations, probabilities = answer.predictions
    said = [
        [
            {"user_id": user_id, "rating": rating, "source": SOURCES[source]}
            for user_id, rating, source in zip(user_ids, *of_item, strict=True)
        ]
        for of_item in zip(ratings.tolist(), sources.tolist(), strict=True)
    ]
    if uncertainty:
        for place, of_item in enumerate(said):
            spread = Uncertainty(deviations[place], probabilities[place])
            known = deviations[place] == deviations[place]  # NaN where a mean answers
            for each, distribution in zip(of_item, recommender.distributions(spread, known), strict=True):
                each["uncertainty"] = distribution and distribution._asdict()
    return said
