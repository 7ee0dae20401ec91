"""Predicted ratings: of one pair by its address, of many by a request body."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from recsys.artifact import Id
from serving.answers.recommender import Recommender
from serving.answers.timestamps import times_from
from serving.ratings.counted import predictions as counted_predictions
from serving.ratings.store import RatingStore
from serving.routes.dependencies import UTF_8_ADDRESS, CurrentRecommender, CurrentSettings, StoreIfAny
from serving.routes.native.plain import as_json
from serving.routes.pauses import located, pause
from serving.routes.problems import responses
from serving.routes.refusals import TooManyPairsError
from serving.schemas.answers import PredictionsResponse, RatingResponse
from serving.schemas.requests import PairQuery, PredictionsRequest

router = APIRouter(tags=["predictions"])


# Both routes write their answers straight from plain values: as models, ten thousand take several times as long.


@router.get("/ratings", response_model=RatingResponse, responses=responses(404), dependencies=[UTF_8_ADDRESS])
async def rating(pair: Annotated[PairQuery, Query()], recommender: CurrentRecommender, store: StoreIfAny) -> Response:
    """Predict the rating that a user would give to an item."""
    user_id, item_id = recommender.user_ids.from_text(pair.user_id), recommender.item_ids.from_text(pair.item_id)
    (answer,) = await _answers(recommender, store, [user_id], [item_id], [pair.timestamp], pair)
    return as_json({"version": recommender.manifest.version, **answer})


@router.post("/predictions", response_model=PredictionsResponse, responses=responses(400, 404, 413, 415))
async def predictions(
    body: PredictionsRequest, recommender: CurrentRecommender, settings: CurrentSettings, store: StoreIfAny
) -> Response:
    """Predict the ratings that users would give to items."""
    if len(body.pairs) > settings.max_pairs:
        raise TooManyPairsError(
            f"{len(body.pairs)} pairs in one request; this server allows {settings.max_pairs}. Send several requests."
        )
    user_ids, item_ids = [pair["user_id"] for pair in body.pairs], [pair["item_id"] for pair in body.pairs]
    timestamps = [pair.get("timestamp") for pair in body.pairs]
    answers = await _answers(recommender, store, user_ids, item_ids, timestamps, body)
    await pause(len(user_ids))
    return as_json({"version": recommender.manifest.version, "predictions": answers})


async def _answers(
    recommender: Recommender,
    store: RatingStore | None,
    user_ids: list[Id],
    item_ids: list[Id],
    timestamps: list[int | None],
    wanted: PairQuery | PredictionsRequest,
) -> list[dict[str, object]]:
    """What is said of each pair, as plain values: by fold-in where there are ratings that the model does not have."""
    if store is None:
        return await _by_model(recommender, user_ids, item_ids, timestamps, wanted)
    await pause(len(user_ids))
    counted = await counted_predictions(recommender, store, user_ids, item_ids, strict=wanted.strict)
    if not counted:
        return await _by_model(recommender, user_ids, item_ids, timestamps, wanted)
    await pause(len(user_ids))
    others = [place for place in range(len(user_ids)) if place not in counted]
    by_model: list[dict[str, object]] = []
    if others:
        by_model = await _by_model(
            recommender,
            [user_ids[place] for place in others],
            [item_ids[place] for place in others],
            [timestamps[place] for place in others],
            wanted,
        )
    await pause(len(user_ids))
    answers = dict(zip(others, by_model, strict=True))
    unsure = {"uncertainty": None} if wanted.uncertainty else {}
    for place, (rating, source) in counted.items():
        pair = {"user_id": user_ids[place], "item_id": item_ids[place]}
        answers[place] = {**pair, "rating": rating, "source": source, **unsure}
    return [answers[place] for place in range(len(user_ids))]


async def _by_model(
    recommender: Recommender,
    user_ids: list[Id],
    item_ids: list[Id],
    timestamps: list[int | None],
    wanted: PairQuery | PredictionsRequest,
) -> list[dict[str, object]]:
    given_at = times_from(timestamps)
    if len(user_ids) == 1 and not wanted.uncertainty:
        ratings, sources = recommender.rate(user_ids, item_ids, given_at, strict=wanted.strict)
        return _said(user_ids, item_ids, ratings, sources)
    pairs = await located(recommender, user_ids, item_ids, strict=wanted.strict)
    predicted = recommender.predictions(pairs, given_at)
    answers = _said(user_ids, item_ids, predicted.ratings.tolist(), predicted.names_of_sources())
    if wanted.uncertainty:
        await pause(len(user_ids))
        for answer, uncertainty in zip(answers, recommender.uncertainty(pairs, given_at), strict=True):
            answer["uncertainty"] = uncertainty and uncertainty._asdict()
    return answers


def _said(user_ids: list[Id], item_ids: list[Id], ratings: list[float], sources: list[str]) -> list[dict[str, object]]:
    return [
        {"user_id": user_id, "item_id": item_id, "rating": rating, "source": source}
        for user_id, item_id, rating, source in zip(user_ids, item_ids, ratings, sources, strict=True)
    ]
