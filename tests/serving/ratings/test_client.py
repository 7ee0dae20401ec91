"""The client's methods for ratings that are stored."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from serving.client import Client, ConflictError, InvalidRequestError, NotFoundError
from tests.serving.conftest import KEY


@pytest.fixture
def client(rating_server: httpx.Client) -> Iterator[Client]:
    with Client(str(rating_server.base_url), api_key=KEY) as client:
        yield client


def test_a_rating_is_put_read_listed_and_deleted(client: Client, rating_server: httpx.Client) -> None:
    put = client.put_rating(301, 10, 4, timestamp=881250949)
    assert put.model_dump() == rating_server.get("/v1/users/301/ratings/10").json()
    assert client.stored_rating(301, 10) == put
    client.put_rating(301, 11, 5)
    assert [stored.item_id for stored in client.stored_ratings(301).ratings] == [11, 10]
    assert client.stored_ratings(301, n=1, offset=1).ratings[0].item_id == 10
    assert client.rating(301, 12).source == "fold_in"
    assert client.delete_rating(301, 10).deleted == 1
    assert client.delete_user(301).deleted == 1
    with pytest.raises(NotFoundError, match="stored"):
        client.stored_rating(301, 10)


def test_an_older_rating_is_a_conflict_and_a_wrong_one_invalid(client: Client) -> None:
    client.put_rating(302, 10, 4, timestamp=881250949)
    with pytest.raises(ConflictError, match="a newer rating is stored: 4"):
        client.put_rating(302, 10, 5, timestamp=881250948)
    with pytest.raises(InvalidRequestError, match="not in 1 … 5"):
        client.put_rating(302, 10, 0)
    client.delete_user(302)
