"""What an error looks like: a problem document, or what clients of another protocol read, by the address asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from serving.answers.item_catalogue import UnknownGenreError
from serving.answers.recommender import UnknownIdError
from serving.routes import problems
from serving.routes.problems import NO_MODEL, InvalidRatingError, NotReadyError, StoppingError, TooManyPairsError

MLFLOW_PATHS = ("/ping", "/health", "/version", "/invocations")
_MOST_ERRORS = 10  # of one request that are named; a batch can have thousands
_LONGEST_DETAIL = 2000  # characters
RETRY_AFTER = 1  # seconds; a new artefact is found, or another server takes over, about as soon


class MLflowError(BaseModel):
    """What MLflow's clients read of a failure."""

    error_code: str = Field(description="MLflow's name for the kind of error.", examples=["BAD_REQUEST"])
    message: str = Field(description="What is wrong with this request.", examples=["dataframe_split: Field required"])


class KServeError(BaseModel):
    """What clients of the Open Inference Protocol read of a failure."""

    error: str = Field(description="What is wrong with this request.", examples=["inputs: Field required"])


@dataclass(frozen=True)
class Convention:
    """How the routes of one protocol say that something is wrong."""

    media_type: str
    content: Callable[[int, str], BaseModel]
    """What to answer with, of a status and a detail."""
    invalid: int
    """Status of a request that is not as the protocol wants it."""

    def responses(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """Errors of these statuses, for the OpenAPI document."""
        return problems.described(self.media_type, self.content, *statuses)


# MLflow has few names; those it has none for are bad requests, and their status says more.
_MLFLOW_NAMES = {
    401: "UNAUTHENTICATED",
    404: "ENDPOINT_NOT_FOUND",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}

NATIVE = Convention(problems.MEDIA_TYPE, problems.problem, invalid=422)
MLFLOW = Convention(
    "application/json",
    lambda status, detail: MLflowError(error_code=_MLFLOW_NAMES.get(status, "BAD_REQUEST"), message=detail),
    invalid=400,
)
KSERVE = Convention("application/json", lambda _, detail: KServeError(error=detail), invalid=400)


def convention(path: str) -> Convention:
    """Which convention an address belongs to, whether or not there is anything at it."""
    if path == "/v2" or path.startswith("/v2/"):
        return KSERVE
    return MLFLOW if path.rstrip("/") in MLFLOW_PATHS else NATIVE


def error(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer a request to an address with an error."""
    spoken = convention(path)
    # What a request says of itself may come back in the detail: not all of it, and as text that can be sent.
    sendable = detail[:_LONGEST_DETAIL].encode(errors="replace").decode()
    if status == 503:
        headers = {"Retry-After": str(RETRY_AFTER), **(headers or {})}
    return JSONResponse(spoken.content(status, sendable).model_dump(), status, headers, spoken.media_type)


def what_is_wrong(errors: Sequence[Any]) -> str:
    """Where a request is not as its schema wants it, and how; the first few places, from pydantic's errors."""
    named = ((".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in errors[:_MOST_ERRORS])
    return "; ".join(f"{place}: {said}" if place else said for place, said in named)


def install(app: FastAPI) -> None:
    """Give every error of the application the shape of its address's convention."""

    def of_http(request: Request, raised: Exception) -> JSONResponse:
        assert isinstance(raised, HTTPException)
        headers = dict(raised.headers or {})
        if "GET" in (allowed := headers.get("Allow", "").split(", ")):
            headers["Allow"] = ", ".join(sorted({*allowed, "HEAD"}))  # `Access` makes one of the other
        return error(_path(request), raised.status_code, str(raised.detail), headers)

    def of_validation(request: Request, raised: Exception) -> JSONResponse:
        assert isinstance(raised, RequestValidationError)
        if isinstance(raised.body, bytes) and raised.body:  # it was not even read, for its type
            given = request.headers.get("content-type", "nothing")
            return error(_path(request), 415, f"Send the body as application/json; its Content-Type says {given}.")
        return error(_path(request), convention(_path(request)).invalid, what_is_wrong(raised.errors()))

    def of_not_ready(request: Request, raised: Exception) -> JSONResponse:
        return error(_path(request), 503, NO_MODEL)

    def of_stopping(request: Request, raised: Exception) -> JSONResponse:
        return error(_path(request), 503, "The server is about to stop.")

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(StoppingError, of_stopping)
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
    return lambda request, raised: error(_path(request), status, str(raised))


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path
