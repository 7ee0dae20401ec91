"""Every error of the native routes as one shape: a problem document, RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong with a request."""

    title: str = Field(description="The kind of problem, the same every time.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong with this request.", examples=["body.pairs: Field required"])


class NotReadyError(Exception):
    """No model is loaded."""


class TooManyPairsError(Exception):
    """A request asks for more pairs than the server allows."""


# For the OpenAPI document of routes that take a body and need a model.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (413, 422, 503)
}


def install(app: FastAPI) -> None:
    """Give every error of the application the shape of `Problem`."""

    def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _problem(error.status_code, str(error.detail), error.headers)

    def of_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _problem(422, "; ".join(_where_and_what(e) for e in error.errors()))

    def of_not_ready(request: Request, error: Exception) -> JSONResponse:
        return _problem(503, f"No model is loaded: {error}")

    def of_too_many(request: Request, error: Exception) -> JSONResponse:
        return _problem(413, str(error))

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(NotReadyError, of_not_ready)
    app.add_exception_handler(TooManyPairsError, of_too_many)


def _where_and_what(error: dict[str, Any]) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def _problem(status: int, detail: str, headers: Any = None) -> JSONResponse:
    content = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(content.model_dump(), status, headers, MEDIA_TYPE)
