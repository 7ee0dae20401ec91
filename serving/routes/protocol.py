"""What each protocol says of itself: its addresses, its routes, and the shape of its errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from serving.routes.refusals import NO_MODEL


@dataclass(frozen=True)
class ErrorShape:
    """How the routes of a protocol say that something is wrong."""

    media_type: str
    content: Callable[[int, str], BaseModel]
    """The body of an error, from its status and a detail."""
    invalid: int
    """Status of a request that is not as the protocol wants it."""

    def responses(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """Errors of these statuses, each with an example, for the OpenAPI document."""
        return {
            status: {
                "description": HTTPStatus(status).phrase,
                "headers": _HEADERS.get(status, {}),
                "content": {
                    self.media_type: {
                        "schema": type(example := self.content(status, _DETAILS[status])).model_json_schema(),
                        "example": example.model_dump(),
                    }
                },
            }
            for status in sorted(statuses)
        }


class DirectRoute(NamedTuple):
    """A busy route that is answered without FastAPI: see `serving.middleware.direct`."""

    endpoint: Callable[..., Awaitable[Response]]
    """Takes what the path holds, then the model, then what `needs` gives, in this order."""
    model: Any
    """What is read from the query of a GET, or from the JSON body of a POST or PUT."""
    needs: tuple[Callable[[Request], Awaitable[Any]], ...]


@dataclass(frozen=True)
class Protocol:
    """The routes that one kind of client asks, and how they answer errors."""

    prefix: str
    """Where all of its addresses begin; empty where each route has an address of its own."""
    routers: tuple[APIRouter, ...]
    """Routes for those who have the server's key."""
    open_routers: tuple[APIRouter, ...]
    """Routes that need no key: probes."""
    errors: ErrorShape
    commas_of_a_pair: int
    """Most commas in a request's body for each pair that it asks for."""
    rating_routers: tuple[APIRouter, ...] = ()
    """Routes, for those who have the key, of a server that keeps ratings."""

    @property
    def open_paths(self) -> frozenset[str]:
        """Addresses that need no key."""
        return frozenset(self._paths(self.open_routers))

    def owns(self, path: str) -> bool:
        """Whether an address belongs to this protocol; under its prefix also one with no route."""
        if self.prefix:
            return path == self.prefix or path.startswith(self.prefix + "/")
        return path.rstrip("/") in self._paths(self.routers + self.open_routers)

    def _paths(self, routers: tuple[APIRouter, ...]) -> set[str]:
        return {
            self.prefix + route.path for router in routers for route in router.routes if isinstance(route, APIRoute)
        }


_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "How to send the key.", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "After how many seconds to ask again.", "schema": {"type": "integer"}}},
}
_DETAILS = {  # examples
    400: "Invalid JSON: EOF while parsing a value at line 1 column 9",
    401: "Send the key of this server as X-API-Key, or as Authorization: Bearer.",
    404: "the model knows no item 99999",
    409: "a newer rating is stored: 4.0 with the timestamp 881250949; this one has 881250000, and is not stored",
    413: "10001 pairs in one request; this server allows 10000. Send several requests.",
    415: "Send the body as application/json; its Content-Type says text/plain.",
    422: "body.pairs.0.user_id: Input should be a valid integer",
    503: NO_MODEL,
}
