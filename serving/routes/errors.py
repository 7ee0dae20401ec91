"""Errors of every address, in the shape of the protocol that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from recsys.artifact import FeatureError, NoItemFeaturesError
from serving.answers.item_catalogue import UnknownGenreError
from serving.answers.known_ids import UnknownIdError, WrongKindOfIdError
from serving.ratings.errors import StoreError, UnstorableIdError
from serving.routes.protocols import protocol_at
from serving.routes.refusals import (
    InvalidAddressError,
    InvalidRatingError,
    NotReadyError,
    NotStoredError,
    StoppingError,
    TooManyPairsError,
    what_is_wrong,
)

_LONGEST_DETAIL = 2000  # characters
RETRY_AFTER = 1  # seconds; a new artefact is found, or another server takes over, about as soon


def error(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer a request to an address with an error."""
    shape = protocol_at(path).errors
    # What a request says of itself may come back in the detail: not all of it, and as text that can be sent.
    sendable = detail[:_LONGEST_DETAIL].encode(errors="replace").decode()
    if status == 503:
        headers = {"Retry-After": str(RETRY_AFTER), **(headers or {})}
    return JSONResponse(shape.content(status, sendable).model_dump(), status, headers, shape.media_type)


def install(app: FastAPI) -> None:
    """Give every error of the application the shape of its address's protocol."""

    def answer_http_error(request: Request, raised: Exception) -> JSONResponse:
        assert isinstance(raised, HTTPException)
        headers = dict(raised.headers or {})
        if "Allow" in headers:
            headers["Allow"] = ", ".join(sorted(_methods_at(_path(request), app)))
        return error(_path(request), raised.status_code, str(raised.detail), headers)

    def answer_invalid_request(request: Request, raised: Exception) -> JSONResponse:
        assert isinstance(raised, RequestValidationError)
        if isinstance(raised.body, bytes) and raised.body:  # it was not even read, for its type
            given = request.headers.get("content-type", "nothing")
            return error(_path(request), 415, f"Send the body as application/json; its Content-Type says {given}.")
        return error(_path(request), protocol_at(_path(request)).errors.invalid, what_is_wrong(raised.errors()))

    def answer_wrong_kind(request: Request, raised: Exception) -> JSONResponse:
        return error(_path(request), protocol_at(_path(request)).errors.invalid, str(raised))

    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_exception_handler(WrongKindOfIdError, answer_wrong_kind)
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _handler(status))


_STATUS: dict[type[Exception], int] = {
    UnknownIdError: 404,
    TooManyPairsError: 413,
    InvalidAddressError: 422,
    InvalidRatingError: 422,
    UnstorableIdError: 422,
    NotStoredError: 404,
    StoreError: 503,
    UnknownGenreError: 422,
    FeatureError: 422,
    NoItemFeaturesError: 422,
    NotReadyError: 503,
    StoppingError: 503,
}


def _methods_at(path: str, app: FastAPI) -> set[str]:
    """What may be asked at an address; the exception knows the methods of one route alone."""
    routes = [route for route in iter_route_contexts(app.routes) if compile_path(route.path or "")[0].match(path)]
    methods = {method for route in routes for method in route.methods or ()}
    return methods | ({"HEAD"} if "GET" in methods else set())  # `Access` makes one of the other


def _handler(status: int) -> Callable[[Request, Exception], JSONResponse]:
    return lambda request, raised: error(_path(request), status, str(raised))


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path
