"""Open Inference Protocol: asked by Triton's own client, and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.acceptance import needed
from tests.serving.conftest import StartServer

USERS, ITEMS = [1, 4, 1, 99, 98], [12, 10, 99, 10, 97]
RATINGS = [5.0, 4.95, 4.0, 3.7, 3.5]  # model, model, and for unknown ids the means of user, of item, of all
INFER = "/v2/models/recsys/infer"


def tensor(name: str, values: list[int], **changes: object) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "INT64", "data": values, **changes}


def request(**changes: object) -> dict[str, Any]:
    return {"inputs": [tensor("user_id", USERS), tensor("item_id", ITEMS)], **changes}


@pytest.fixture(scope="module")
def server(roomy_films_server: httpx.Client) -> httpx.Client:
    """A server of the films that allows 100 pairs."""
    return roomy_films_server


@pytest.fixture
def triton(server: httpx.Client) -> Iterator[Any]:
    """Triton's client of the server."""
    with needed("tritonclient.http").InferenceServerClient(f"127.0.0.1:{server.base_url.port}") as client:
        yield client


def test_tritons_client_learns_what_is_served(triton: Any, server: httpx.Client) -> None:
    version = server.get("/v1/model").json()["version"]
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("recsys")
    assert triton.is_model_ready("recsys", version)
    assert not triton.is_model_ready("recsys", "1")
    assert not triton.is_model_ready("other")
    about = triton.get_server_metadata()
    assert (about["name"], about["extensions"]) == ("recsys", ["binary_tensor_data"])
    for model in (triton.get_model_metadata("recsys"), triton.get_model_metadata("recsys", version)):
        assert (model["name"], model["versions"]) == ("recsys", [version])
        assert model["inputs"] == [
            {"name": "user_id", "datatype": "INT64", "shape": [-1]},
            {"name": "item_id", "datatype": "INT64", "shape": [-1]},
            {"name": "timestamp", "datatype": "INT64", "shape": [-1]},
        ]
        assert model["outputs"] == [{"name": "rating", "datatype": "FP32", "shape": [-1]}]


@pytest.mark.parametrize("binary_input", [False, True])
@pytest.mark.parametrize("binary_output", [False, True, None])
def test_tritons_client_is_given_ratings(
    triton: Any, server: httpx.Client, binary_input: bool, binary_output: bool | None
) -> None:
    http, version = needed("tritonclient.http"), server.get("/v1/model").json()["version"]
    inputs = [
        http.InferInput(name, [5], "INT64").set_data_from_numpy(np.array(ids), binary_data=binary_input)
        for name, ids in (("item_id", ITEMS), ("user_id", USERS))
    ]
    outputs = None if binary_output is None else [http.InferRequestedOutput("rating", binary_data=binary_output)]
    for asked in ("", version):
        result = triton.infer("recsys", inputs, asked, outputs=outputs, request_id="42", priority=1, timeout=10)
        ratings = result.as_numpy("rating")
        assert (ratings.dtype, ratings.shape) == (np.float32, (5,))
        assert ratings == pytest.approx(np.array(RATINGS))
        answer = result.get_response()
        assert (answer["id"], answer["model_name"], answer["model_version"]) == ("42", "recsys", version)


def test_tritons_client_is_told_what_is_wrong(triton: Any) -> None:
    http = needed("tritonclient.http")
    exception = needed("tritonclient.utils").InferenceServerException
    inputs = [http.InferInput(name, [1], "INT32") for name in ("user_id", "item_id")]
    for one in inputs:
        one.set_data_from_numpy(np.array([1], np.int32))
    with pytest.raises(exception, match=r"\[400\] inputs.0.datatype: Input should be 'INT64'"):
        triton.infer("recsys", inputs)
    with pytest.raises(exception, match=r"\[404\] There is no model 'other' here, only 'recsys'"):
        triton.get_model_metadata("other")
    with pytest.raises(exception, match=r"\[404\] Version '1' of the model is not served"):
        triton.infer("recsys", inputs, "1")
    for one in inputs:
        one._datatype = "INT64"
        one.set_data_from_numpy(np.array([1]))
    with pytest.raises(exception, match=r"\[415\] .* gzip"):
        triton.infer("recsys", inputs, request_compression_algorithm="gzip")
    with pytest.raises(exception, match=r"\[404\]"):
        triton.get_model_repository_index()


def test_json_is_answered_with_json(server: httpx.Client) -> None:
    version = server.get("/v1/model").json()["version"]
    for content_type in ("application/json", "application/json; charset=utf-8", "application/octet-stream", ""):
        response = server.post(
            INFER, content=json.dumps(request(id="a")).encode(), headers={"content-type": content_type}
        )
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
        assert response.json() == {
            "model_name": "recsys",
            "model_version": version,
            "id": "a",
            "outputs": [{"name": "rating", "shape": [5], "datatype": "FP32", "data": pytest.approx(RATINGS)}],
        }


def test_what_is_optional_may_be_left_out_null_or_unknown(server: httpx.Client) -> None:
    optional: list[dict[str, object]] = [
        {},
        {"id": None, "parameters": None, "outputs": None},
        {"outputs": []},
        {"outputs": [{"name": "rating"}], "parameters": {"sequence_id": 1, "a": "b", "c": 0.5}},
        {"model_name": "mymodel"},
    ]
    for changes in optional:
        response = server.post(INFER, json=request(**changes))
        assert (response.status_code, "id" in response.json()) == (200, False)
        assert response.json()["outputs"][0]["data"] == pytest.approx(RATINGS)


def test_no_pairs_have_no_ratings(server: httpx.Client) -> None:
    response = server.post(INFER, json={"inputs": [tensor("item_id", []), tensor("user_id", [])]})
    assert response.json()["outputs"] == [{"name": "rating", "shape": [0], "datatype": "FP32", "data": []}]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "inputs: Field required"),
        ([], "object"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [tensor("user_id", USERS)]}, "inputs: List should have at least 2 items"),
        ({"inputs": [tensor("user_id", USERS)] * 2}, "one user_id and one item_id"),
        ({"inputs": [tensor("user_id", USERS), tensor("item_id", ITEMS), tensor("genre", [])]}, "inputs"),
        ({"inputs": [tensor("user_id", USERS), tensor("film", ITEMS)]}, "inputs.1.name"),
        ({"inputs": [tensor("user_id", USERS), tensor("item_id", ITEMS[:4])]}, "5 values, but item_id has 4"),
        ({"inputs": [tensor("user_id", USERS, shape=[4]), tensor("item_id", ITEMS)]}, "shape [4], but 5 values"),
        ({"inputs": [tensor("user_id", USERS, shape=[5, 1]), tensor("item_id", ITEMS)]}, "inputs.0.shape"),
        ({"inputs": [tensor("user_id", USERS, shape=[-5]), tensor("item_id", ITEMS)]}, "inputs.0.shape.0"),
        ({"inputs": [tensor("user_id", USERS, shape=[2**70]), tensor("item_id", ITEMS)]}, "shape"),
        ({"inputs": [tensor("user_id", USERS, datatype="INT32"), tensor("item_id", ITEMS)]}, "inputs.0.datatype"),
        (
            {"inputs": [tensor("user_id", USERS, data=["1"] * 5), tensor("item_id", ITEMS)]},
            "user_id is INT64, but its data.0 is '1'",
        ),
        ({"inputs": [tensor("user_id", USERS, data=[1.0] * 5), tensor("item_id", ITEMS)]}, "inputs.0.data.0"),
        ({"inputs": [tensor("user_id", USERS, data=[[1] * 5]), tensor("item_id", ITEMS)]}, "inputs.0.data.0"),
        ({"inputs": [tensor("user_id", USERS, data=[2**63] * 5), tensor("item_id", ITEMS)]}, "inputs.0.data.0"),
        ({"inputs": [tensor("user_id", USERS, data=None), tensor("item_id", ITEMS)]}, "neither data nor"),
        (
            {"inputs": [tensor("user_id", USERS, parameters={"binary_data_size": 40}), tensor("item_id", ITEMS)]},
            "binary",
        ),
        (request(outputs=[{"name": "source"}]), "outputs.0.name"),
        (request(outputs=[{"name": "rating"}] * 2), "outputs"),
        (request(id=42), "id"),
        (request(parameters=[]), "parameters"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(server: httpx.Client, body: object, wrong: str) -> None:
    response = server.post(INFER, json=body)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    assert response.json().keys() == {"error"}
    assert wrong in response.json()["error"]


@pytest.mark.parametrize(
    ("sizes", "length", "raw", "wrong"),
    [
        ((16, 16), "json", b"\0" * 31, "binary_data_size of item_id"),
        ((16, 16), "json", b"\0" * 33, "1 bytes follow"),
        ((16, 12), "json", b"\0" * 28, "binary_data_size of item_id"),
        ((16, 8), "json", b"\0" * 24, "shape [2], but 1 values"),
        ((-16, 16), "json", b"", "binary_data_size of user_id"),
        ((True, 16), "json", b"\0" * 32, "binary_data_size of user_id"),
        ((2**80, 16), "json", b"\0" * 32, "binary_data_size of user_id"),
        (("16", 16), "json", b"\0" * 32, "binary_data_size of user_id"),
        ((16, 16), None, b"\0" * 32, "JSON"),
        ((16, 16), "5", b"\0" * 32, "JSON"),
        ((16, 16), "-1", b"\0" * 32, "Inference-Header-Content-Length"),
        ((16, 16), "9" * 5000, b"\0" * 32, "Inference-Header-Content-Length"),
        ((16, 16), "\xb2", b"\0" * 32, "Inference-Header-Content-Length"),
        ((16, 16), "100000", b"\0" * 32, "Inference-Header-Content-Length"),
    ],
)
def test_bytes_that_do_not_fit_are_refused(
    server: httpx.Client, sizes: tuple[object, object], length: str | None, raw: bytes, wrong: str
) -> None:
    inputs = [
        {"name": name, "shape": [2], "datatype": "INT64", "parameters": {"binary_data_size": size}}
        for name, size in zip(("user_id", "item_id"), sizes, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    headers = {"content-type": "application/octet-stream"}
    if length is not None:
        headers["Inference-Header-Content-Length"] = str(len(head)) if length == "json" else length
    response = server.post(
        INFER, content=head + raw, headers={k.encode(): v.encode("latin-1") for k, v in headers.items()}
    )
    assert response.status_code == 400
    assert wrong in response.json()["error"]


def test_other_content_types_and_too_many_pairs_are_refused(server: httpx.Client) -> None:
    response = server.post(INFER, content=b"{}", headers={"content-type": "text/csv"})
    assert (response.status_code, "application/json" in response.json()["error"]) == (415, True)
    many = [1] * 101
    response = server.post(INFER, json={"inputs": [tensor("user_id", many), tensor("item_id", many)]})
    assert (response.status_code, "allows 100" in response.json()["error"]) == (413, True)


def test_a_server_without_a_model_is_live_and_not_ready(empty_server: httpx.Client) -> None:
    assert empty_server.get("/v2/health/live").json() == {"live": True}
    assert empty_server.get("/v2").status_code == empty_server.get("/v2/").status_code == 200
    for path in ("/v2/health/ready", "/v2/models/recsys", "/v2/models/recsys/ready"):
        response = empty_server.get(path)
        assert (response.status_code, "make train" in response.json()["error"]) == (503, True)
    assert empty_server.post(INFER, json=request()).status_code == 503


def test_probes_need_no_key_and_the_model_does(start_server: StartServer, server: httpx.Client) -> None:
    key = "correct-horse-battery"
    guarded = start_server(artifact="none", api_key=key)
    for path in ("/v2/health/live", "/v2/health/ready", "/ping", "/health"):
        assert guarded.get(path).status_code in (200, 503)
    for path in ("/v2", "/v2/models/recsys", "/version"):
        assert guarded.get(path).status_code == 401
        assert guarded.get(path, headers={"X-API-Key": key}).status_code != 401
