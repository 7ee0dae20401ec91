"""A typed Python client of a server: one method for each native route, and problems as exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self, TypeVar

import requests
from pydantic import BaseModel

from serving.schemas import (
    ExplanationResponse,
    FoldInExplanationResponse,
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

Answer = TypeVar("Answer", bound=BaseModel)


class ProblemError(Exception):
    """The server refused a request: `status` and `title` say how, `detail` what was wrong with it."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        """Keep what the problem document says."""
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail


class Client:
    """Asks one server; use it in a `with` block, or close it.

    Every method returns the answer as a pydantic model, and raises `ProblemError` where the server refuses the request
    and `requests.RequestException` where it cannot be reached. With `strict`, an unknown id is a problem of status 404.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, api_key: str | None = None, timeout: float = 10.0
    ) -> None:
        """Say which server to ask; nothing is sent yet.

        Args:
            url: where the server listens.
            api_key: its RECSYS_API_KEY, if it has one.
            timeout: seconds to wait for a connection, and for each part of an answer.
        """
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        if api_key is not None:
            self._session.headers["X-API-Key"] = api_key

    def rating(self, user_id: int, item_id: int, *, strict: bool = False) -> RatingResponse:
        """Predict the rating that a user would give to an item."""
        return self._get(RatingResponse, "ratings", user_id=user_id, item_id=item_id, strict=strict)

    def predictions(self, pairs: Iterable[tuple[int, int]], *, strict: bool = False) -> PredictionsResponse:
        """Predict the ratings of many (user id, item id)."""
        asked = [{"user_id": user_id, "item_id": item_id} for user_id, item_id in pairs]
        return self._post(PredictionsResponse, "predictions", {"pairs": asked, "strict": strict})

    def recommendations(
        self,
        user_id: int,
        *,
        n: int = 10,
        offset: int = 0,
        exclude_seen: bool = True,
        genre: str | None = None,
        strict: bool = False,
    ) -> RecommendationsResponse:
        """Recommend items to a user."""
        path = f"users/{user_id}/recommendations"
        options = {"n": n, "offset": offset, "exclude_seen": exclude_seen, "genre": genre, "strict": strict}
        return self._get(RecommendationsResponse, path, **options)

    def explanation(self, user_id: int, item_id: int, *, n: int = 5, strict: bool = False) -> ExplanationResponse:
        """Say why a rating is predicted."""
        return self._get(ExplanationResponse, f"users/{user_id}/items/{item_id}/explanation", n=n, strict=strict)

    def items(self, query: str = "", *, n: int = 10, offset: int = 0) -> ItemsResponse:
        """Find items by their titles; all, most rated first, without a query."""
        return self._get(ItemsResponse, "items", query=query, n=n, offset=offset)

    def item(self, item_id: int) -> ItemResponse:
        """Look up one item."""
        return self._get(ItemResponse, f"items/{item_id}")

    def similar(self, item_id: int, *, n: int = 10, offset: int = 0) -> SimilarItemsResponse:
        """List the items that are like one."""
        return self._get(SimilarItemsResponse, f"items/{item_id}/similar", n=n, offset=offset)

    def fold_in(
        self,
        ratings: Mapping[int, float],
        item_ids: Iterable[int] = (),
        *,
        n: int = 10,
        offset: int = 0,
        genre: str | None = None,
        strict: bool = False,
    ) -> FoldInResponse:
        """Predict the ratings of items by a new user, who gave `ratings` (by item id), and recommend others."""
        body = {
            "ratings": _as_given(ratings),
            "item_ids": list(item_ids),
            "n": n,
            "offset": offset,
            "genre": genre,
            "strict": strict,
        }
        return self._post(FoldInResponse, "fold-in", body)

    def fold_in_explanation(
        self, ratings: Mapping[int, float], item_id: int, *, n: int = 5, strict: bool = False
    ) -> FoldInExplanationResponse:
        """Say why a rating is predicted for a new user, who gave `ratings` (by item id)."""
        body = {"ratings": _as_given(ratings), "item_id": item_id, "n": n, "strict": strict}
        return self._post(FoldInExplanationResponse, "fold-in/explanation", body)

    def users(self, *, n: int = 10, offset: int = 0) -> UsersResponse:
        """List the users, those with the most training ratings first."""
        return self._get(UsersResponse, "users", n=n, offset=offset)

    def user(self, user_id: int) -> UserResponse:
        """Look up one user."""
        return self._get(UserResponse, f"users/{user_id}")

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
        return _read(kind, self._session.get(f"{self._url}/v1/{path}", params=query, timeout=self._timeout))

    def _post(self, kind: type[Answer], path: str, body: Mapping[str, object]) -> Answer:
        return _read(kind, self._session.post(f"{self._url}/v1/{path}", json=body, timeout=self._timeout))


def _as_given(ratings: Mapping[int, float]) -> list[dict[str, float]]:
    return [{"item_id": item_id, "rating": rating} for item_id, rating in ratings.items()]


def _read(kind: type[Answer], response: requests.Response) -> Answer:
    if response.headers.get("content-type") == "application/problem+json":
        content = response.json()
        raise ProblemError(content["status"], content["title"], content["detail"])
    response.raise_for_status()
    return kind.model_validate_json(response.content)
