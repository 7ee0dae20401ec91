"""Whatever ids a data set has, they come through the artefact, a server's socket and every protocol as they are."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.artifact import Id, Ids
from serving.client import Client
from tests.acceptance import needed
from tests.serving import odd_ids
from tests.serving.conftest import StartServer

KINDS: dict[str, tuple[Callable[[int], Ids], Callable[[int], Ids]]] = {
    "text": (odd_ids.strings, odd_ids.strings),
    "numbers": (odd_ids.numbers, odd_ids.numbers),
    "users of text": (odd_ids.strings, odd_ids.numbers),
    "items of text": (odd_ids.numbers, odd_ids.strings),
}
LONGEST = 5_000  # bytes of an id in an address, percent signs and all; the head of a request may have 32,768
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
INFER = "/v2/models/recsys/infer"


class Served(NamedTuple):
    """A server of odd ids."""

    http: httpx.Client
    client: Client
    users: list[Id]
    items: list[Id]

    def pairs(self, rng_seed: int) -> list[tuple[Id, Id]]:
        """Every user and every item once, in an order without rhyme."""
        rng = np.random.default_rng(rng_seed)
        order = rng.permutation(odd_ids.N)
        return [(user, self.items[place]) for user, place in zip(self.users, order.tolist(), strict=True)]

    def expected(self, pairs: list[tuple[Id, Id]]) -> list[float]:
        """The ratings that name these pairs."""
        users, items = ({each: place for place, each in enumerate(ids)} for ids in (self.users, self.items))
        return [float(users[user] * odd_ids.EACH + items[item]) for user, item in pairs]


@pytest.fixture(
    scope="module",
    params=[
        "text",
        "numbers",
        *(pytest.param(f"{side} of text", marks=pytest.mark.slow) for side in ("users", "items")),
    ],
)
def served(
    request: pytest.FixtureRequest, start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for each kind of ids of users and items."""
    users, items = (make(seed) for seed, make in enumerate(KINDS[request.param]))
    http = start_server(artifact=odd_ids.saved(tmp_path_factory.mktemp("odd"), users, items))
    with Client(str(http.base_url)) as client:
        yield Served(http, client, [*users.tolist()], [*items.tolist()])


def batches(pairs: list[tuple[Id, Id]]) -> Iterator[list[tuple[Id, Id]]]:
    """A hundred at a time: a request may have two megabytes."""
    return (pairs[begin : begin + 100] for begin in range(0, len(pairs), 100))


def in_batches(pairs: list[tuple[Id, Id]], ask: Callable[[list[tuple[Id, Id]]], list[float]]) -> list[float]:
    """Ratings of all pairs, some at a time."""
    return [rating for some in batches(pairs) for rating in ask(some)]


def test_the_client_gets_every_id_back_from_a_batch(served: Served) -> None:
    pairs = served.pairs(0)
    answers = [answer for some in batches(pairs) for answer in served.client.predictions(some, strict=True).predictions]
    assert [(answer.user_id, answer.item_id) for answer in answers] == pairs
    assert [answer.rating for answer in answers] == served.expected(pairs)
    assert {answer.source for answer in answers} == {"model"}


def test_mlflows_forms_name_the_same_pairs(served: Served) -> None:
    pairs = served.pairs(1)
    columns = ["user_id", "item_id"]
    forms: tuple[Callable[[list[tuple[Id, Id]]], dict[str, Any]], ...] = (
        lambda some: {"dataframe_split": {"columns": columns, "data": some}},
        lambda some: {"dataframe_records": [dict(zip(columns, pair, strict=True)) for pair in some]},
        lambda some: {"inputs": some},
        lambda some: {"instances": dict(zip(columns, zip(*some, strict=True), strict=True))},
    )
    for form in forms:
        assert in_batches(pairs, lambda some: invoked(served, json=form(some))) == served.expected(pairs)  # noqa: B023


def test_a_csv_names_the_same_pairs(served: Served) -> None:
    pairs = served.pairs(2)

    def ask(some: list[tuple[Id, Id]]) -> list[float]:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("user_id", "item_id"), *some])
        return invoked(served, content=text.getvalue().encode(), headers={"content-type": "text/csv"})

    assert in_batches(pairs, ask) == served.expected(pairs)


def invoked(served: Served, **body: Any) -> list[float]:
    answer = served.http.post("/invocations", **body)
    assert answer.status_code == 200, answer.text
    ratings: list[float] = answer.json()["predictions"]
    return ratings


def datatypes(served: Served) -> list[str]:
    inputs = served.http.get("/v2/models/recsys").json()["inputs"]
    assert [each["name"] for each in inputs] == ["user_id", "item_id", "timestamp"]
    assert inputs[2]["datatype"] == "INT64"
    return [each["datatype"] for each in inputs[:2]]


def test_tensors_as_json_and_as_bytes_name_the_same_pairs(served: Served) -> None:
    pairs, kinds = served.pairs(3), datatypes(served)
    assert kinds == ["BYTES" if isinstance(ids[0], str) else "INT64" for ids in (served.users, served.items)]

    def of_json(some: list[tuple[Id, Id]]) -> list[float]:
        columns = zip(("user_id", "item_id"), kinds, zip(*some, strict=True), strict=True)
        inputs = [{"name": name, "datatype": kind, "shape": [len(ids)], "data": ids} for name, kind, ids in columns]
        return inferred(served, json={"inputs": inputs})

    def of_bytes(some: list[tuple[Id, Id]]) -> list[float]:
        columns = [b"".join(map(as_bytes, ids)) for ids in zip(*some, strict=True)]
        inputs = [
            {"name": name, "datatype": kind, "shape": [len(some)], "parameters": {"binary_data_size": len(raw)}}
            for name, kind, raw in zip(("user_id", "item_id"), kinds, columns, strict=True)
        ]
        head = json.dumps({"inputs": inputs}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}
        return inferred(served, content=head + b"".join(columns), headers=headers)

    assert in_batches(pairs, of_json) == in_batches(pairs, of_bytes) == served.expected(pairs)


def as_bytes(original: Id) -> bytes:
    if isinstance(original, int):
        return struct.pack("<q", original)
    return struct.pack("<I", len(original.encode())) + original.encode()


def inferred(served: Served, **body: Any) -> list[float]:
    answer = served.http.post(INFER, **body)
    assert answer.status_code == 200, answer.text
    ratings: list[float] = answer.json()["outputs"][0]["data"]
    return ratings


@pytest.mark.parametrize("binary", [False, True])
def test_tritons_client_names_the_same_pairs(served: Served, binary: bool) -> None:
    triton = needed("tritonclient.http")
    pairs = served.pairs(4)
    with triton.InferenceServerClient(str(served.http.base_url).removeprefix("http://").rstrip("/")) as client:

        def ask(some: list[tuple[Id, Id]]) -> list[float]:
            inputs = []
            for name, kind, ids in zip(("user_id", "item_id"), datatypes(served), zip(*some, strict=True), strict=True):
                inputs.append(triton.InferInput(name, [len(ids)], kind))
                values = np.array([each.encode() if isinstance(each, str) else each for each in ids],
                                  np.object_ if kind == "BYTES" else np.int64)  # fmt: skip
                inputs[-1].set_data_from_numpy(values, binary_data=binary)
            ratings: list[float] = client.infer("recsys", inputs).as_numpy("rating").tolist()
            return ratings

        assert in_batches(pairs, ask) == served.expected(pairs)


@pytest.mark.slow
def test_every_id_that_fits_an_address_is_reached_by_every_route_of_the_client(served: Served) -> None:
    client = served.client
    short = [pair for pair in served.pairs(5) if max(len(quote(str(each))) for each in pair) < LONGEST]
    odd = [(user, item) for user, item in short if user in odd_ids.ODD or item in odd_ids.ODD]
    for user, item in dict.fromkeys([*short[::10], *odd]):
        rating = client.rating(user, item, strict=True)
        assert (rating.user_id, rating.item_id, [rating.rating]) == (user, item, served.expected([(user, item)]))
        assert client.user(user).user_id == user
        described = client.item(item)
        assert (described.item_id, described.title, described.display_title) == (item, str(item), str(item))
        recommended = client.recommendations(user, n=2, strict=True)
        assert recommended.user_id == user
        assert {each.item_id for each in recommended.recommendations} <= {*served.items[-3:]}
        assert client.similar(item, n=1).item_id == item
        explained = client.explanation(user, item, strict=True)
        assert (explained.user_id, explained.item_id) == (user, item)
        assert item in [found.item_id for found in client.items(str(item)[:200], n=1000).items]
    assert bool(odd) == any(isinstance(ids[0], str) for ids in (served.users, served.items))


def test_pages_list_every_id(served: Served) -> None:
    assert {user.user_id for user in served.client.users(n=1000).users} == {*served.users}
    assert {item.item_id for item in served.client.items(n=1000).items} == {*served.items}


def test_a_new_users_ratings_name_their_items(served: Served) -> None:
    unknown: Id = "nobody's" if isinstance(served.items[0], str) else 12345
    asked = served.items[::7]
    answer = served.client.fold_in({served.items[0]: 1.0, unknown: 2.0}, asked, n=1000)
    assert [rating.item_id for rating in answer.predictions] == asked
    assert answer.ignored_item_ids == [unknown]
    assert {each.item_id for each in answer.recommendations} == {*served.items[1:]}
    explained = served.client.fold_in_explanation({served.items[1]: 1.0, unknown: 2.0}, served.items[2])
    assert (explained.item_id, explained.ignored_item_ids) == (served.items[2], [unknown])
    assert [given.item_id for given in explained.contributions] == [served.items[1]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT, number=st.integers(-(2**63), odd_ids.GREATEST))
def test_any_id_comes_back_as_it_was_sent(served: Served, text: str, number: int) -> None:
    user, item = (text if isinstance(ids[0], str) else number for ids in (served.users, served.items))
    rating = served.client.rating(user, item)
    (prediction,) = served.client.predictions([(user, item)]).predictions
    for answer in (rating, prediction):
        assert (answer.user_id, answer.item_id) == (user, item)
        assert (answer.source == "model") == (user in served.users and item in served.items)
