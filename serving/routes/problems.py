"""Errors as problem documents, RFC 9457: of all addresses that are no other protocol's."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from serving.routes.protocol import ErrorShape
from serving.schemas.problem import Problem

PROBLEMS = ErrorShape(
    "application/problem+json",
    lambda status, detail: Problem(title=HTTPStatus(status).phrase, status=status, detail=detail),
    invalid=422,
)


def responses(*more: int) -> dict[int | str, dict[str, Any]]:
    """Problems of a route that checks its input and needs a model, and `more`, for the OpenAPI document."""
    return PROBLEMS.responses(422, 503, *more)
