"""MLflow's scoring protocol: asked by MLflow's own client, and in every form by hand."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from serving.routes.mlflow.scoring import MLFLOW_VERSION
from tests.acceptance import needed
from tests.serving.conftest import ROOT

USERS, ITEMS = [1, 4, 1, 99, 98], [12, 10, 99, 10, 97]
RATINGS = [5.0, 4.95, 4.0, 3.7, 3.5]  # model, model, and for unknown ids the means of user, of item, of all
RECORDS = [{"user_id": user, "item_id": item} for user, item in zip(USERS, ITEMS, strict=True)]
ROWS = [[user, item] for user, item in zip(USERS, ITEMS, strict=True)]
CSV = "user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item in zip(USERS, ITEMS, strict=True))


@pytest.fixture(scope="module")
def server(roomy_films_server: httpx.Client) -> httpx.Client:
    """A server of the films that allows 100 rows."""
    return roomy_films_server


@pytest.fixture
def client(server: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's client of the server."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return needed("mlflow.pyfunc.scoring_server.client").ScoringServerClient(server.base_url.host, server.base_url.port)


def test_mlflows_client_finds_the_server_ready_and_of_its_version(client: Any) -> None:
    client.ping()
    client.wait_server_ready(timeout=5)
    assert client.get_version() == needed("mlflow.version").VERSION


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"user_id": USERS, "item_id": ITEMS}),
        pd.DataFrame({"year": [1.5] * 5, "item_id": ITEMS, "user_id": USERS}, index=list("abcde")),
        np.column_stack([USERS, ITEMS]),
        RECORDS,
        json.dumps({"inputs": {"user_id": USERS, "item_id": ITEMS}}),
    ],
    ids=["frame", "frame with more columns and an index", "array", "records", "text"],
)
def test_mlflows_client_is_given_predictions(client: Any, data: object) -> None:
    answer = client.invoke(data)
    assert answer.get_predictions("ndarray") == pytest.approx(np.array(RATINGS))
    assert answer.get_predictions().shape == (5, 1)


def test_mlflows_client_is_told_what_is_wrong(client: Any) -> None:
    with pytest.raises(Exception, match=r"error code 400.*BAD_REQUEST.*one column user_id") as raised:
        client.invoke(pd.DataFrame({"userid": [1], "item_id": [12]}))
    assert "columns are userid, item_id" in str(raised.value)


def test_the_version_is_that_of_the_client_tested_with() -> None:
    assert f"\nmlflow-skinny=={MLFLOW_VERSION} " in (ROOT / "requirements" / "all.txt").read_text()


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["user_id", "item_id"], "data": ROWS}},
        {"dataframe_split": {"index": [3, 4, 5, 6, 7], "columns": ["item_id", "x", "user_id"],
                             "data": [[r["item_id"], None, r["user_id"]] for r in RECORDS]}},
        {"dataframe_records": RECORDS},
        {"dataframe_records": [{**record, "title": "1997"} for record in RECORDS]},
        {"inputs": {"user_id": USERS, "item_id": ITEMS}},
        {"inputs": {"user_id": USERS, "item_id": ITEMS, "rating": [5, 5]}, "params": {}},
        {"inputs": RECORDS, "params": None},
        {"inputs": ROWS},
        {"instances": RECORDS},
        {"instances": ROWS},
    ],
)  # fmt: skip
def test_every_json_form_is_answered_in_order(server: httpx.Client, body: object) -> None:
    response = server.post("/invocations", json=body)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {"predictions": pytest.approx(RATINGS)}


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (CSV, "text/csv"),
        (CSV, "Text/CSV; charset=UTF-8"),
        (CSV.replace("\n", "\r\n").rstrip(), "text/csv"),
        ("\ufeff" + CSV, "text/csv"),
        (pd.DataFrame({"item_id": ITEMS, "title": '"a",\nb', "user_id": USERS}).to_csv(), "text/csv"),
    ],
    ids=["plain", "with a charset", "other line ends", "with a byte order mark", "as pandas writes it"],
)
def test_csv_is_answered_in_order(server: httpx.Client, text: str, content_type: str) -> None:
    response = server.post("/invocations", content=text.encode(), headers={"content-type": content_type})
    assert response.status_code == 200, response.text
    assert response.json() == {"predictions": pytest.approx(RATINGS)}


def test_no_rows_have_no_predictions(server: httpx.Client) -> None:
    bodies: list[object] = [{"dataframe_records": []}, {"inputs": {"user_id": [], "item_id": []}}, {"instances": []}]
    for body in bodies:
        assert server.post("/invocations", json=body).json() == {"predictions": []}
    headers = {"content-type": "text/csv"}
    assert server.post("/invocations", content=b"user_id,item_id\n", headers=headers).json() == {"predictions": []}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "exactly one of dataframe_split"),
        ("null", "exactly one of"),
        ("{}", "exactly one of"),
        ('{"dataframe_records": [], "inputs": []}', "exactly one of"),
        ('{"columns": ["user_id"], "data": [[1]]}', "exactly one of"),
        ('{"dataframe_records": {"user_id": 1, "item_id": 10}}', "dataframe_records: Input should be a valid array"),
        ('{"dataframe_records": [{"user_id": 1}]}', "dataframe_records.0.item_id: Field required"),
        ('{"dataframe_records": [{"user_id": "1", "item_id": 10}]}', "user_id.0: the user ids of this model are whole"),
        ('{"dataframe_records": [{"user_id": 1.0, "item_id": 10}]}', "dataframe_records.0.user_id"),
        ('{"dataframe_records": [{"user_id": true, "item_id": 10}]}', "dataframe_records.0.user_id"),
        (
            '{"dataframe_records": [{"user_id": 9223372036854775808, "item_id": 10}]}',
            "a whole number of at most 64 bits, or text",
        ),
        ('{"dataframe_records": [], "colour": 1}', "colour: Extra"),
        ('{"dataframe_records": [], "params": {"strict": true}}', "params"),
        ('{"dataframe_split": [[1, 10]]}', "dataframe_split"),
        ('{"dataframe_split": {"data": [[1, 10]]}}', "columns: Field required"),
        ('{"dataframe_split": {"columns": ["user_id"], "data": [[1]]}}', "one column item_id"),
        ('{"dataframe_split": {"columns": ["user_id", "item_id", "user_id"], "data": []}}', "one column user_id"),
        ('{"dataframe_split": {"columns": ["user_id", "item_id"], "data": [[1, 10], [1]]}}', "row 1"),
        ('{"dataframe_split": {"columns": ["user_id", "item_id"], "data": [[1, NaN]]}}', "item_id.0"),
        ('{"dataframe_split": {"columns": ["user_id", "item_id"], "data": [[1, null]]}}', "item_id.0"),
        ('{"dataframe_split": {"columns": ["user_id", "item_id"], "data": [], "rows": 1}}', "rows: Extra"),
        ('{"inputs": {"user_id": [1, 2], "item_id": [10]}}', "user_id has 2 rows, but item_id has 1"),
        ('{"inputs": {"user_id": 1, "item_id": 10}}', "user_id"),
        ('{"inputs": [[1, 10, 5, 6]]}', "inputs"),
        ('{"inputs": [[1, 10], {"user_id": 1}]}', "inputs"),
        ('{"inputs": [1, 10]}', "inputs"),
        ('{"instances": "1,10"}', "instances"),
        ('{"instances": [{"user_id": 1, "item_id": "ten"}]}', "item_id"),
    ],
)
def test_wrong_json_is_a_bad_request_that_says_where(server: httpx.Client, body: str, wrong: str) -> None:
    response = server.post("/invocations", content=body.encode(), headers={"content-type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    assert response.json()["error_code"] == "BAD_REQUEST"
    assert re.search(re.escape(wrong), response.json()["message"])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (b"", "its columns are none"),
        (b"1,10\n", "its columns are 1, 10"),
        (b"user_id,item_id\n1\n", "row 0"),
        (b"user_id,item_id\n1,10,5\n", "row 0"),
        (b"user_id,item_id\n1,1.0\n", "item_id.0"),
        (b"user_id,item_id\n1,\n", "item_id.0"),
        (b"user_id,item_id\n1, 10\n", "item_id.0"),
        (b"user_id,item_id\n1,9223372036854775808\n", "item_id.0"),
        (b'user_id,item_id\n1,"10\n', "no CSV"),
        (b"user_id,item_id\n\xff,10\n", "UTF-8"),
        (b"user_id,item_id\n" + b"1" * 200_000 + b",10\n", "no CSV"),
    ],
)
def test_wrong_csv_is_a_bad_request_that_says_where(server: httpx.Client, text: bytes, wrong: str) -> None:
    response = server.post("/invocations", content=text, headers={"content-type": "text/csv"})
    assert response.status_code == 400
    assert wrong in response.json()["message"]


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/vnd.apache.parquet", "application/json; format=pandas-split",
     "text/csv; charset=latin-1", "application/x-www-form-urlencoded", ";;", "text/csv; charset*=utf-8''x"],
)  # fmt: skip
def test_another_content_type_is_refused(server: httpx.Client, content_type: str) -> None:
    response = server.post("/invocations", content=CSV.encode(), headers={"content-type": content_type})
    assert response.status_code == 415
    assert "application/json or text/csv" in response.json()["message"]


def test_more_rows_than_allowed_are_refused(server: httpx.Client) -> None:
    response = server.post("/invocations", json={"inputs": [[1, 12]] * 101})
    assert (response.status_code, response.json()["error_code"]) == (413, "BAD_REQUEST")
    assert "allows 100" in response.json()["message"]


def test_ping_and_health_answer_when_there_is_a_model(server: httpx.Client, empty_server: httpx.Client) -> None:
    for path in ("/ping", "/health"):
        assert (server.get(path).status_code, server.get(path).text) == (200, "\n")
        without = empty_server.get(path)
        assert (without.status_code, without.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert "make train" in without.json()["message"]
    assert empty_server.get("/version").text == server.get("/version").text == MLFLOW_VERSION
    assert empty_server.post("/invocations", json={"inputs": []}).status_code == 503
