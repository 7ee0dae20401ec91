"""A typed Python client of a server: one method for each native route, and problems as exceptions.

It asks again where that may help: see `serving.retries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from typing_extensions import Unpack

from serving.client_connection import Connection
from serving.client_errors import (
    AuthenticationError,
    ClientError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ProblemError,
    UnavailableError,
    UnreadableAnswerError,
)
from serving.schemas.answers import (
    FoldInResponse,
    ItemResponse,
    ItemsResponse,
    ModelResponse,
    NextResponse,
    PredictionsResponse,
    RatingResponse,
    RecommendationsResponse,
    SimilarItemsResponse,
    UserResponse,
    UsersResponse,
)
from serving.schemas.cold_items import ColdItemsResponse
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


class Which(TypedDict, total=False):
    """Which recommendations are wanted, and ordered by what: as in `serving.schemas.requests.Recommended`."""

    order: Order
    """By "relevance", how likely the user is to choose and to like an item, if not given; or by predicted "rating"."""
    genre: str | None
    min_ratings: int
    """Only items with at least so many training ratings."""
    reasons: bool
    """Say for each item which of the user's ratings adds most to its relevance."""


class Client(Connection):
    """Asks one server; use it in a `with` block, or close it.

    Every method returns the answer as a pydantic model. It raises a `ProblemError` where the server refuses the
    request, `UnreadableAnswerError` where something else answers, `requests.Timeout` where the answer takes too long,
    and another `requests.RequestException` where the server cannot be reached. With `strict`, an unknown id is a
    `NotFoundError`.

    Ids are whole numbers or text, whichever the model has: 7 and "7" are not the same, and the wrong kind is an
    `InvalidRequestError`. Text with half a surrogate pair cannot be sent: it is a `ValueError`.
    """

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

    def fold_in_next(
        self, ratings: Mapping[Id, float], *, exclude: Iterable[Id] = (), n: int = 1, strict: bool = False
    ) -> NextResponse:
        """Say which items a new user, who gave `ratings` (by item id), should rate next, the most telling first.

        Items to `exclude` are those that the user does not know.
        """
        body = {"ratings": _as_given(ratings), "exclude": list(exclude), "n": n, "strict": strict}
        return self._post(NextResponse, "fold-in/next", body)

    def cold_items(
        self,
        features: Iterable[Mapping[str, Any]],
        user_ids: Iterable[Id] | None = None,
        *,
        strict: bool = False,
        uncertainty: bool = False,
    ) -> ColdItemsResponse:
        """Predict ratings of items that are not in the model, by the `features` of each, by the names of columns.

        By the users asked for, or by the average user; `uncertainty` as in `rating`. `item_columns` of `model` says
        which columns there are; a model without any, an unknown column and a wrong value are an `InvalidRequestError`.
        """
        body = {
            "items": [{"features": dict(each)} for each in features],
            "user_ids": None if user_ids is None else list(user_ids),
            "strict": strict,
            "uncertainty": uncertainty,
        }
        return self._post(ColdItemsResponse, "cold-items", body)

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


def _as_given(ratings: Mapping[Id, float]) -> list[dict[str, Id | float]]:
    return [{"item_id": item_id, "rating": rating} for item_id, rating in ratings.items()]
