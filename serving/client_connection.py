"""The connection of a client to one server: what is asked, what is answered, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, TypeVar

import requests
from pydantic import BaseModel, ValidationError
from requests.adapters import HTTPAdapter

from serving.client_errors import UnreadableAnswerError, problem_of
from serving.retries import Retries

Answer = TypeVar("Answer", bound=BaseModel)


class Connection:
    """Asks one server, and reads its answers as pydantic models; use it in a `with` block, or close it."""

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
