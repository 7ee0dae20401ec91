"""Answers of the native routes as plain values: as models, ten items take as long as to rank them."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic_core import to_json

from serving.answers.explanation import Contribution
from serving.answers.ranking import Recommendation, Wanted
from serving.schemas.requests import Recommended


def wanted_by(request: Recommended) -> Wanted:
    """What a request wants recommended."""
    return Wanted(request.n, request.offset, request.order, request.genre, request.min_ratings, request.reasons)


def as_answered(recommendation: Recommendation, request: Recommended) -> dict[str, Any]:
    """A recommendation by the names of `serving.schemas.answers.Recommendation`; reasons only if they are wanted."""
    answer = {
        **vars(recommendation.item),
        "rating": recommendation.rating,
        "relevance": recommendation.relevance,
    }
    if request.reasons:
        because = recommendation.because
        answer["because"] = because and {**vars(because.item), "rating": because.value}
    return answer


def given_rating(own: Contribution) -> dict[str, Any]:
    """A rating and what it adds, by the names of `serving.schemas.answers.GivenRating`."""
    return {**vars(own.item), "rating": own.rating, "contribution": own.contribution}


def as_json(content: dict[str, object]) -> Response:
    """Plain values as the answer."""
    return Response(to_json(content), media_type="application/json")
