"""What can be wrong with a request to the native routes, and the shape it is told in: a problem document, RFC 9457."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
# Whoever asks learns no more: why it is so may name folders, and stands in the log.
NO_MODEL = "No model is loaded; the server's log says why. If none has been trained yet, train one (make train)."


class Problem(BaseModel):
    """What went wrong with a request."""

    title: str = Field(description="The kind of problem, the same every time.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong with this request.", examples=["body.pairs: Field required"])


class NotReadyError(Exception):
    """No model is loaded."""


class StoppingError(Exception):
    """The server has been told to stop, and others should be asked."""


class TooManyPairsError(Exception):
    """A request asks for more pairs than the server allows."""


class InvalidRatingError(Exception):
    """A new user's ratings are off the scale, or two of them are of the same item."""


def problem(status: int, detail: str) -> Problem:
    """Say what went wrong."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)


def responses(*more: int) -> dict[int | str, dict[str, Any]]:
    """Problems of a route that checks its input and needs a model, and `more`, for the OpenAPI document."""
    return described(MEDIA_TYPE, problem, 422, 503, *more)


def described(
    media_type: str, content: Callable[[int, str], BaseModel], *statuses: int
) -> dict[int | str, dict[str, Any]]:
    """Errors of these statuses, of which `content` makes the body from status and detail, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "headers": _HEADERS.get(status, {}),
            "content": {
                media_type: {
                    "schema": type(example := content(status, _DETAILS[status])).model_json_schema(),
                    "example": example.model_dump(),
                }
            },
        }
        for status in sorted(statuses)
    }


_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to send the key.", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "After how many seconds to ask again.", "schema": {"type": "integer"}}},
}
_DETAILS = {  # examples
    400: "Invalid JSON: EOF while parsing a value at line 1 column 9",
    401: "Send the key of this server as X-API-Key, or as Authorization: Bearer.",
    404: "the model knows no item 99999",
    413: "10001 pairs in one request; this server allows 10000. Send several requests.",
    415: "Send the body as application/json; its Content-Type says text/plain.",
    422: "body.pairs.0.user_id: Input should be a valid integer",
    503: NO_MODEL,
}
