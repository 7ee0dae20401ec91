"""Every error of the native routes as one shape: a problem document, RFC 9457."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from serving.catalogue import UnknownGenreError
from serving.recommender import UnknownIdError

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 10  # of one request that are named; a batch can have thousands
_LONGEST_DETAIL = 2000  # characters


class Problem(BaseModel):
    """What went wrong with a request."""

    title: str = Field(description="The kind of problem, the same every time.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong with this request.", examples=["body.pairs: Field required"])


class NotReadyError(Exception):
    """No model is loaded."""


class TooManyPairsError(Exception):
    """A request asks for more pairs than the server allows."""


class InvalidRatingError(Exception):
    """A new user's ratings are off the scale, or two of them are of the same item."""


def responses(*more: int) -> dict[int | str, dict[str, Any]]:
    """Problems of a route that checks its input and needs a model, and `more`, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for status in sorted({422, 503, *more})
    }


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer with a problem document."""
    # What a request says of itself may come back in the detail: not all of it, and as text that can be sent.
    sendable = detail[:_LONGEST_DETAIL].encode(errors="replace").decode()
    content = Problem(title=HTTPStatus(status).phrase, status=status, detail=sendable)
    return JSONResponse(content.model_dump(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Give every error of the application the shape of `Problem`."""

    def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), error.headers)

    def of_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem(422, "; ".join(_where_and_what(e) for e in error.errors()[:_MOST_ERRORS]))

    def of_not_ready(request: Request, error: Exception) -> JSONResponse:
        return problem(503, f"No model is loaded: {error}")

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(NotReadyError, of_not_ready)
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _handler(status))


_STATUS: dict[type[Exception], int] = {
    UnknownIdError: 404,
    TooManyPairsError: 413,
    InvalidRatingError: 422,
    UnknownGenreError: 422,
}


def _handler(status: int) -> Callable[[Request, Exception], JSONResponse]:
    return lambda request, error: problem(status, str(error))


def _where_and_what(error: dict[str, Any]) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
