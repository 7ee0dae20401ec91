"""A model says of which kind its ids are, and a request with the others is told."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from recsys import artifact
from recsys.artifact import StringIds
from serving.client import Client, InvalidRequestError
from tests.serving import films
from tests.serving.conftest import StartServer
from tests.serving.eventually import eventually

USERS = ["007", "7", "a/b", "b c", "é", "🦊"]  # in the order of the users of the films
DIRECTORS = ("Jeunet", None, "Kershner", "Lean", "Carpenter")
TAGS = (("a", "b"), (), (), (), ())
TITLES = ("Amélie", None, "", "Brief Encounter", "Starman")
ITEMS = artifact.ItemTable(TITLES, attributes={"director": DIRECTORS, "tags": TAGS})


def saved(root: Path, items: artifact.ItemTable = ITEMS) -> Path:
    """The films with text as ids of users."""
    arrays = films.arrays("LinearNetwork") | artifact.id_arrays("user", StringIds.from_strings(USERS))
    del arrays["user_ids"]
    return artifact.save(root, films.manifest("LinearNetwork"), arrays, items)


@pytest.fixture(scope="module")
def text_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server of the films whose users have text as ids, and whose items have whole numbers."""
    return start_server(artifact=saved(tmp_path_factory.mktemp("text")), max_pairs=4)


def test_the_model_says_of_which_kind_its_ids_are(text_server: httpx.Client, films_server: httpx.Client) -> None:
    described = text_server.get("/v1/model").json()
    assert (described["user_id_type"], described["item_id_type"]) == ("string", "int64")
    described = films_server.get("/v1/model").json()
    assert (described["user_id_type"], described["item_id_type"]) == ("int64", "int64")


def test_in_an_address_every_id_is_text(text_server: httpx.Client) -> None:
    for user in ("007", "7", "b c", "é"):
        assert text_server.get(f"/v1/users/{user}").json()["user_id"] == user
        rating = text_server.get("/v1/ratings", params={"user_id": user, "item_id": 10, "strict": True}).json()
        assert (rating["user_id"], rating["item_id"], rating["source"]) == (user, 10, "model")
        recommended = text_server.get(f"/v1/users/{user}/recommendations?uncertainty=true").json()
        assert recommended["user_id"] == user
    assert text_server.get("/v1/users/07").status_code == 404
    assert text_server.get("/v1/users/a%2Fb").status_code == 404  # a path of two parts
    assert text_server.get("/v1/user", params={"user_id": "a/b"}).json()["user_id"] == "a/b"
    assert 'user \\"\\"' in text_server.get("/v1/user?user_id=").text


WRONG_NUMBER = 'user_id: the user ids of this model are whole numbers of at most 64 bits, not "a"'
WRONG_TEXT = 'item_id: the item ids of this model are whole numbers of at most 64 bits, not "x"'


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/ratings?user_id=7&item_id=x", WRONG_TEXT),
        ("/v1/items/x", WRONG_TEXT),
        ("/v1/item?item_id=x", WRONG_TEXT),
        ("/v1/items/x/similar", WRONG_TEXT),
        ("/v1/similar?item_id=x", WRONG_TEXT),
        ("/v1/users/7/items/x/explanation", WRONG_TEXT),
        ("/v1/explanation?user_id=7&item_id=x", WRONG_TEXT),
    ],
)
def test_text_in_an_address_is_refused_where_ids_are_whole_numbers(
    text_server: httpx.Client, path: str, said: str
) -> None:
    answer = text_server.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (422, said)


def test_users_by_text_are_refused_where_they_are_whole_numbers(films_server: httpx.Client) -> None:
    for path in ("users/a", "user?user_id=a", "users/a/recommendations", "recommendations?user_id=a",
                 "users/a/items/10/explanation", "explanation?user_id=a&item_id=10"):  # fmt: skip
        answer = films_server.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (422, WRONG_NUMBER)


def test_a_body_with_the_wrong_kind_is_told_which_is_right(text_server: httpx.Client) -> None:
    pairs = [{"user_id": "7", "item_id": 10}, {"user_id": 7, "item_id": 10}]
    answer = text_server.post("/v1/predictions", json={"pairs": pairs})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "user_id.1: the user ids of this model are text, not 7",
    )
    for path, body in (
        ("fold-in", {"ratings": [{"item_id": "x", "rating": 3}]}),
        ("fold-in", {"ratings": [], "item_ids": ["x"]}),
        ("fold-in/explanation", {"ratings": [], "item_id": "x"}),
    ):
        answer = text_server.post(f"/v1/{path}", json=body)
        assert answer.status_code == 422
        assert "the item ids of this model are whole numbers" in answer.json()["detail"]


def test_mlflow_and_tensors_of_the_wrong_kind_are_told_which_is_right(text_server: httpx.Client) -> None:
    answer = text_server.post("/invocations", json={"inputs": [["7", 10], [7, 10]]})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "user_id.1: the user ids of this model are text, not 7",
    )
    csv = {"content-type": "text/csv"}
    answer = text_server.post("/invocations", content="user_id,item_id\n007,10\n7,x\n", headers=csv)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("item_id.1: the item ids of this model are whole numbers")

    def tensors(kind: str, data: object) -> dict[str, object]:
        return {"inputs": [{"name": "user_id", "shape": [1], "datatype": kind, "data": data},
                           {"name": "item_id", "shape": [1], "datatype": "INT64", "data": [10]}]}  # fmt: skip

    for kind, data, said in (
        ("INT64", [7], "inputs: user_id is INT64, but this model takes BYTES"),
        ("BYTES", [7], "inputs: user_id is BYTES, but its data.0 is 7"),
    ):
        answer = text_server.post("/v2/models/recsys/infer", json=tensors(kind, data))
        assert (answer.status_code, answer.json()["error"]) == (400, said)
    assert text_server.post("/v2/models/recsys/infer", json=tensors("BYTES", ["7"])).status_code == 200


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "shape [1], but 0 values"),
        (b"\1\0\0", "the bytes end within the length of value 0"),
        (b"\2\0\0\0a", "value 0 has 2 bytes, but only 1 are left"),
        (b"\xff\xff\xff\xffa", "value 0 has 4294967295 bytes, but only 1 are left"),
        (b"\1\0\0\0\xff", "value 0 is no UTF-8"),
        (b"\3\0\0\0\xed\xa0\x80", "value 0 is no UTF-8"),
        (b"\1\0\0\0a" * 2, "shape [1], but 2 values"),
    ],
)
def test_bytes_that_are_no_text_are_refused(text_server: httpx.Client, raw: bytes, said: str) -> None:
    answer = inferred(text_server, raw, 1)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_more_texts_than_pairs_are_allowed_are_not_read(text_server: httpx.Client) -> None:
    assert inferred(text_server, b"\0" * 4 * 100_000, 100_000).status_code == 413


def inferred(server: httpx.Client, raw: bytes, n: int) -> httpx.Response:
    """The answer to a tensor of n users as bytes, and one item."""
    users = {"name": "user_id", "shape": [n], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps(
        {"inputs": [users, {"name": "item_id", "shape": [1], "datatype": "INT64", "data": [10]}]}
    ).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return server.post("/v2/models/recsys/infer", content=head + raw, headers=headers)


def test_half_a_surrogate_pair_and_bytes_that_are_no_utf_8_are_refused(text_server: httpx.Client) -> None:
    json_type = {"content-type": "application/json"}
    for path, body, status in (
        ("/v1/predictions", b'{"pairs": [{"user_id": "\\ud83e", "item_id": 10}]}', 422),
        ("/invocations", b'{"inputs": [["\\ud83e", 10]]}', 400),
    ):
        answer = text_server.post(path, content=body, headers=json_type)
        assert answer.status_code == status
    for path in ("/v1/users/%FF", "/v1/users/%ED%A0%80", "/v1/user?user_id=%FF", "/v1/ratings?user_id=%FF&item_id=10"):
        answer = text_server.get(path)
        assert (answer.status_code, answer.json()["detail"]) == (
            422, "The address is not UTF-8 where it has percent signs.",
        )  # fmt: skip
    with Client(str(text_server.base_url)) as client:
        with pytest.raises(ValueError, match="surrogates not allowed"):
            client.user("\ud83e")
        with pytest.raises(InvalidRequestError, match="text in Unicode"):
            client.predictions([("\ud83e", 10)])


def test_an_item_without_a_title_shows_its_id_and_is_found_by_it(text_server: httpx.Client) -> None:
    item = text_server.get("/v1/items/11").json()
    assert (item["title"], item["display_title"], item["year"], item["genres"]) == ("11", "11", None, [])
    assert item["attributes"] == {"director": None, "tags": []}
    assert text_server.get("/v1/items/10").json()["attributes"] == {"director": "Jeunet", "tags": ["a", "b"]}
    for query, found in (("11", [11]), ("12", [12]), ("star", [14])):
        assert [item["item_id"] for item in text_server.get(f"/v1/items?query={query}").json()["items"]] == found
    answer = text_server.get("/v1/users/7/recommendations?genre=Drama")
    assert (answer.status_code, answer.json()["detail"]) == (422, "no item has the genre 'Drama'; there are none")


def test_items_without_a_table_are_found_by_their_ids(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(artifact=saved(tmp_path, artifact.ItemTable()))
    assert [item["title"] for item in server.get("/v1/items").json()["items"]] == ["11", "10", "12", "13", "14"]
    found = server.get("/v1/items?query=1&n=2&offset=1").json()
    assert (found["total"], [item["item_id"] for item in found["items"]]) == (5, [10, 12])
    found = server.get("/v1/items?query=2").json()
    assert [item["item_id"] for item in found["items"]] == [12]
    assert server.get("/v1/items?query=9").json()["total"] == 0


def test_a_model_with_other_ids_takes_over_while_the_server_runs(start_server: StartServer, tmp_path: Path) -> None:
    films.export(tmp_path)
    server = start_server(artifact=tmp_path / "latest", reload_seconds=0.05)
    assert server.get("/v1/users/1").json()["user_id"] == 1
    version = artifact.load(saved(tmp_path)).manifest.version
    eventually(lambda: server.get("/v1/model").json()["version"] == version)
    assert server.get("/v1/users/007").json()["user_id"] == "007"
    wrong = server.post("/v1/predictions", json={"pairs": [{"user_id": 1, "item_id": 10}]})
    assert (wrong.status_code, wrong.headers["x-model-version"]) == (422, version)
    version = films.export(tmp_path, 0.5)
    eventually(lambda: server.get("/v1/model").json()["version"] == version)
    assert server.get("/v1/users/001").json()["user_id"] == 1
    assert server.get("/v1/users/é").status_code == 422
