"""A typed Python client of a server: one method for each native route, and problems as exceptions.

It asks again where that may help: see `serving.retries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self, TypedDict, TypeVar

import requests
from pydantic import BaseModel, ValidationError
from requests.adapters import HTTPAdapter
from typing_extensions import Unpack

from serving.client_errors import (
    AuthenticationError,
    ClientError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ProblemError,
    UnavailableError,
    UnreadableAnswerError,
    problem_of,
)
from serving.retries import Retries
from serving.schemas.answers import (
    FoldInResponse,
    ItemResponse,
    ItemsResponse,
    ModelResponse,
    PredictionsResponse,
    RatingResponse,
    RecommendationsResponse,
    SimilarItemsResponse,
    UserResponse,
    UsersResponse,
)
from serving.schemas.explanations import ExplanationResponse, FoldInExplanationResponse
from serving.schemas.ids import Id
from serving.schemas.order import Order
from serving.schemas.stored import DeletedResponse, StoredRatingResponse, StoredRatingsResponse

__all__ = [
    "AuthenticationError",
    "Client",
    "ClientError",
    "ConflictError",
    "InvalidRequestError",
    "NotFoundError",
    "ProblemError",
    "UnavailableError",
    "UnreadableAnswerError",
]

Answer = TypeVar("Answer", bound=BaseModel)


class Which(TypedDict, total=False):
    """Which recommendations are wanted, and ordered by what: as in `serving.schemas.requests.Recommended`."""

    order: Order
    """By "relevance", how likely the user is to choose and to like an item, if not given; or by predicted "rating"."""
    genre: str | None
    min_ratings: int
    """Only items with at least so many training ratings."""
    reasons: bool
    """Say for each item which of the user's ratings adds most to its relevance."""


class Client:
    """Asks one server; use it in a `with` block, or close it.

    Every method returns the answer as a pydantic model. It raises a `ProblemError` where the server refuses the
    request, `UnreadableAnswerError` where something else answers, `requests.Timeout` where the answer takes too long,
    and another `requests.RequestException` where the server cannot be reached. With `strict`, an unknown id is a
    `NotFoundError`.

    Ids are whole numbers or text, whichever the model has: 7 and "7" are not the same, and the wrong kind is an
    `InvalidRequestError`. Text with half a surrogate pair cannot be sent: it is a `ValueError`.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        timeout: float | tuple[float, float] = (3.0, 10.0),
        retries: int = 3,
    ) -> None:
        """Say which server to ask; nothing is sent yet.

        Args:
            url: where the server listens, with the path under which a proxy shows it.
            api_key: its RECSYS_API_KEY, if it has one.
            timeout: seconds to wait for a connection, and for each part of an answer; one number is for both.
            retries: how often to ask again while the server cannot answer (429, 502, 503, 504), after the time it
                says, and after a lost connection once. Requests only read, or leave the same when they are sent again.
        """
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=Retries.at_most(retries)))
        if api_key is not None:
            self._session.headers["X-API-Key"] = api_key

    def rating(
        self,
        user_id: Id,
        item_id: Id,
        *,
        timestamp: int | None = None,
        strict: bool = False,
        uncertainty: bool = False,
    ) -> RatingResponse:
        """Predict the rating that a user would give to an item, with its `uncertainty` if that is wanted and known.

        A `timestamp` says when, in whole seconds since 1970, UTC; without one, the time is not known.
        """
        wanted = {"timestamp": timestamp, "strict": strict, "uncertainty": uncertainty}
        return self._get(RatingResponse, "ratings", user_id=user_id, item_id=item_id, **wanted)

    def predictions(
        self,
        pairs: Iterable[tuple[Id, Id] | tuple[Id, Id, int | None]],
        *,
        strict: bool = False,
        uncertainty: bool = False,
    ) -> PredictionsResponse:
        """Predict the ratings of many (user id, item id), with their `uncertainty` if that is wanted and known.

        A third number is the timestamp of the pair, as in `rating`.
        """
        asked = [dict(zip(("user_id", "item_id", "timestamp"), pair, strict=False)) for pair in pairs]
        body = {"pairs": asked, "strict": strict, "uncertainty": uncertainty}
        return self._post(PredictionsResponse, "predictions", body)

    def recommendations(
        self,
        user_id: Id,
        *,
        n: int = 10,
        offset: int = 0,
        exclude_seen: bool = True,
        timestamp: int | None = None,
        strict: bool = False,
        uncertainty: bool = False,
        **which: Unpack[Which],
    ) -> RecommendationsResponse:
        """Recommend items to a user; `timestamp` and `uncertainty` as in `rating`."""
        page = {"user_id": user_id, "n": n, "offset": offset, "exclude_seen": exclude_seen}
        wanted = {"timestamp": timestamp, "strict": strict, "uncertainty": uncertainty}
        return self._get(RecommendationsResponse, "recommendations", **page, **wanted, **which)

    def explanation(
        self, user_id: Id, item_id: Id, *, n: int = 5, timestamp: int | None = None, strict: bool = False
    ) -> ExplanationResponse:
        """Say why a rating is predicted, at the time of a `timestamp`, as in `rating`."""
        pair = {"user_id": user_id, "item_id": item_id}
        return self._get(ExplanationResponse, "explanation", **pair, n=n, timestamp=timestamp, strict=strict)

    def items(self, query: str = "", *, n: int = 10, offset: int = 0) -> ItemsResponse:
        """Find items by their titles; all, most rated first, without a query."""
        return self._get(ItemsResponse, "items", query=query, n=n, offset=offset)

    def item(self, item_id: Id) -> ItemResponse:
        """Look up one item."""
        return self._get(ItemResponse, "item", item_id=item_id)

    def similar(self, item_id: Id, *, n: int = 10, offset: int = 0) -> SimilarItemsResponse:
        """List the items that are like one."""
        return self._get(SimilarItemsResponse, "similar", item_id=item_id, n=n, offset=offset)

    def fold_in(
        self,
        ratings: Mapping[Id, float],
        item_ids: Iterable[Id] = (),
        *,
        n: int = 10,
        offset: int = 0,
        strict: bool = False,
        uncertainty: bool = False,
        **which: Unpack[Which],
    ) -> FoldInResponse:
        """Predict ratings of items by a new user, who gave `ratings` (by item id), and recommend others.

        `uncertainty` as in `rating`.
        """
        body = {
            "ratings": _as_given(ratings),
            "item_ids": list(item_ids),
            "n": n,
            "offset": offset,
            "strict": strict,
            "uncertainty": uncertainty,
            **which,
        }
        return self._post(FoldInResponse, "fold-in", body)

    def fold_in_explanation(
        self, ratings: Mapping[Id, float], item_id: Id, *, n: int = 5, strict: bool = False
    ) -> FoldInExplanationResponse:
        """Say why a rating is predicted for a new user, who gave `ratings` (by item id)."""
        body = {"ratings": _as_given(ratings), "item_id": item_id, "n": n, "strict": strict}
        return self._post(FoldInExplanationResponse, "fold-in/explanation", body)

    def users(self, *, n: int = 10, offset: int = 0) -> UsersResponse:
        """List the users, those with the most training ratings first."""
        return self._get(UsersResponse, "users", n=n, offset=offset)

    def user(self, user_id: Id) -> UserResponse:
        """Look up one user."""
        return self._get(UserResponse, "user", user_id=user_id)

    def put_rating(
        self, user_id: Id, item_id: Id, rating: float, *, timestamp: int | None = None
    ) -> StoredRatingResponse:
        """Store a rating of a user, given at a time or now; it is on the server's disk when this returns.

        Raises:
            ConflictError: a newer one is stored.
        """
        pair = {"user_id": user_id, "item_id": item_id}
        body = {"rating": rating, "timestamp": timestamp}
        return self._ask(StoredRatingResponse, "PUT", "user/rating", query=pair, body=body)

    def stored_rating(self, user_id: Id, item_id: Id) -> StoredRatingResponse:
        """Look up the rating that is stored of a pair; `NotFoundError` if there is none."""
        return self._get(StoredRatingResponse, "user/rating", user_id=user_id, item_id=item_id)

    def stored_ratings(self, user_id: Id, *, n: int = 10, offset: int = 0) -> StoredRatingsResponse:
        """List the ratings that are stored of a user, the newest first."""
        return self._get(StoredRatingsResponse, "user/ratings", user_id=user_id, n=n, offset=offset)

    def delete_rating(self, user_id: Id, item_id: Id) -> DeletedResponse:
        """Delete the rating that is stored of a pair, if there is one."""
        return self._ask(DeletedResponse, "DELETE", "user/rating", query={"user_id": user_id, "item_id": item_id})

    def delete_user(self, user_id: Id) -> DeletedResponse:
        """Delete all that is stored of a user."""
        return self._ask(DeletedResponse, "DELETE", "user", query={"user_id": user_id})

    def model(self) -> ModelResponse:
        """Describe the model that answers."""
        return self._get(ModelResponse, "model")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close the connections."""
        self.close()

    def _get(self, kind: type[Answer], path: str, **query: int | bool | str | None) -> Answer:
        return self._ask(kind, "GET", path, query=query)

    def _post(self, kind: type[Answer], path: str, body: Mapping[str, object]) -> Answer:
        return self._ask(kind, "POST", path, body=body)

    def _ask(
        self,
        kind: type[Answer],
        method: str,
        path: str,
        query: Mapping[str, int | bool | str | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        response = self._session.request(
            method,
            f"{self._url}/v1/{path}",
            params=query,
            json=body,
            timeout=self._timeout,
            allow_redirects=False,  # the server has none, and the key is for it alone
        )
        return _read(kind, response)


def _as_given(ratings: Mapping[Id, float]) -> list[dict[str, Id | float]]:
    return [{"item_id": item_id, "rating": rating} for item_id, rating in ratings.items()]


def _read(kind: type[Answer], response: requests.Response) -> Answer:
    if response.status_code >= 400:
        raise problem_of(response)
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        given = response.headers.get("Content-Type", "nothing")
        raise UnreadableAnswerError(
            f"{response.url} answers {response.status_code} with {given}, which is no {kind.__name__}"
        ) from error
