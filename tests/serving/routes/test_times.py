"""A model that uses times is asked for a time through every protocol, and answers as its artefact predicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import Array, Artifact
from recsys.artifact.times import EARLIEST, LATEST, window_key
from serving.client import Client
from serving.schemas import numbers
from tests.acceptance import needed
from tests.serving import films
from tests.serving.conftest import StartServer

DAY = 86_400
T = 10_000 * DAY  # user 1 has a sitting on this day and on the next, user 4 on this day
USERS, ITEMS, TIMES = [1, 1, 1, 4, 1, 99], [12, 12, 13, 13, 99, 12], [T, None, T + DAY, T, T, T]
INFER = "/v2/models/recsys/infer"


def arrays() -> dict[str, Array]:
    """The films, with effects of days: +0.4 and −0.3 of user 1, +0.2 of user 4; without a time, +0.05 for all."""
    known = [window_key(0, 6, np.array(user), np.array(T // DAY + more)) for user, more in ((0, 0), (0, 1), (3, 0))]
    return films.arrays("BayesianEmbedding") | {
        "sitting_weights": np.zeros((6, 1), np.float32),
        "sitting_means": np.full((6, 1), 0.05, np.float32),
        "sitting_squares": np.full((6, 1), 0.1, np.float32),
        "sitting_items": np.ones((5, 1), np.float32),
        "window_widths": np.array([DAY]),
        "new_window_variances": np.array([0.3], np.float32),
        "window_keys": np.array(known),
        "window_means": np.array([0.4, -0.3, 0.2], np.float32),
        "window_variances": np.array([0.05, 0.05, 0.05], np.float32),
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return artifact.save(
        tmp_path_factory.mktemp("timed"), films.manifest("BayesianEmbedding"), arrays(), films.ITEMS
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(saved: Path) -> Artifact:
    return artifact.load(saved)


@pytest.fixture(scope="module")
def server(saved: Path, start_server: StartServer) -> httpx.Client:
    return start_server(artifact=saved, max_pairs=100)


@pytest.fixture(scope="module")
def expected(model: Artifact) -> list[float]:
    """What the artefact predicts for the pairs and times above."""
    times = [-1 if time is None else time for time in TIMES]
    ratings: list[float] = model.predict(USERS, ITEMS, times).ratings.tolist()
    assert ratings == pytest.approx([5.0, 5.0, films.MATRIX[0, 3] - 0.3, films.MATRIX[3, 3] + 0.2, 4.0, 3.6])
    return ratings


@pytest.fixture
def client(server: httpx.Client) -> Iterator[Client]:
    with Client(str(server.base_url)) as client:
        yield client


def test_every_pair_of_a_request_may_have_a_time(server: httpx.Client, expected: list[float]) -> None:
    pairs: list[dict[str, int | None]] = [
        {"user_id": user, "item_id": item, "timestamp": time}
        for user, item, time in zip(USERS, ITEMS, TIMES, strict=True)
    ]
    answers = server.post("/v1/predictions", json={"pairs": pairs}).json()["predictions"]
    assert [answer["rating"] for answer in answers] == expected
    del pairs[1]["timestamp"]  # null and left out are the same
    assert server.post("/v1/predictions", json={"pairs": pairs}).json()["predictions"] == answers


def test_one_pair_has_its_time_in_the_address(server: httpx.Client, expected: list[float]) -> None:
    for user, item, time, rating in zip(USERS, ITEMS, TIMES, expected, strict=True):
        asked = {"user_id": user, "item_id": item} | ({} if time is None else {"timestamp": time})
        assert server.get("/v1/ratings", params=asked).json()["rating"] == rating


def test_the_uncertainty_is_that_at_the_time(server: httpx.Client, model: Artifact) -> None:
    for more, time in (({"timestamp": T}, np.array([T])), ({}, None)):
        asked = {"user_id": 4, "item_id": 13, "uncertainty": True, **more}
        said = server.get("/v1/ratings", params=asked).json()["uncertainty"]
        known = model.uncertainty(np.array([3]), np.array([3]), time)
        assert known is not None
        assert list(said["probabilities"].values()) == known.probabilities[0].tolist()
        assert said["standard_deviation"] == known.deviations[0]
        path = "/v1/users/4/recommendations"
        recommended = server.get(path, params={"exclude_seen": False, "uncertainty": True, **more}).json()
        (same,) = [item for item in recommended["recommendations"] if item["item_id"] == 13]
        assert same["uncertainty"] == said


@pytest.mark.parametrize(("time", "adds"), [(T, 0.4), (T + DAY, -0.3), (T + 9 * DAY, 0.0), (None, 0.05)])
def test_the_time_is_a_part_of_the_sum_that_explains(server: httpx.Client, time: int | None, adds: float) -> None:
    asked = {} if time is None else {"timestamp": time}
    answer = server.get("/v1/users/1/items/12/explanation", params=asked).json()
    parts = {"global_mean": 3.5, "user": 0.5, "item": 0.1, "interaction": 1.0, "time": adds}
    assert answer["parts"] == pytest.approx(parts, abs=1e-6)
    assert sum(answer["parts"].values()) == pytest.approx(answer["unclipped"], abs=1e-12)
    assert answer["rating"] == pytest.approx(min(5.1 + adds, 5))


def test_recommendations_are_for_the_time(server: httpx.Client) -> None:
    def ratings(**more: int) -> list[tuple[int, float]]:
        asked = {"exclude_seen": False, **more}
        answer = server.get("/v1/users/4/recommendations", params=asked).json()["recommendations"]
        return [(item["item_id"], item["rating"]) for item in answer]

    without, then = ratings(), ratings(timestamp=T)
    assert [item for item, _ in then] == [item for item, _ in without]
    added = {item: 0.0 if item == 14 else 0.15 for item, _ in without}  # a mean answers for 14, which has no ratings
    assert dict(then) == pytest.approx({item: min(rating + added[item], 5) for item, rating in without})


def test_what_is_said_of_the_model_says_that_it_uses_times(server: httpx.Client, films_server: httpx.Client) -> None:
    assert server.get("/v1/model").json()["uses_times"] is True
    assert films_server.get("/v1/model").json()["uses_times"] is False


def test_the_client_sends_times(client: Client, expected: list[float]) -> None:
    pairs = zip(USERS, ITEMS, TIMES, strict=True)
    assert [answer.rating for answer in client.predictions(pairs).predictions] == expected
    assert client.predictions([(1, 13)]).predictions[0].rating == pytest.approx(films.MATRIX[0, 3] + 0.05)
    assert client.rating(1, 13, timestamp=T + DAY).rating == expected[2]
    assert client.explanation(1, 12, timestamp=T).parts.time == pytest.approx(0.4)
    best = client.recommendations(4, timestamp=T, genre="Drama", exclude_seen=False).recommendations[0]
    assert best.rating == pytest.approx(min(films.MATRIX[3, 3] + 0.2, 5))


def test_a_data_frame_may_have_a_column_of_times(server: httpx.Client, expected: list[float]) -> None:
    rows = [list(row) for row in zip(USERS, ITEMS, TIMES, strict=True)]
    names = ["user_id", "item_id", "timestamp"]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    without = [{name: value for name, value in record.items() if value is not None} for record in records]
    bodies: list[object] = [
        {"dataframe_split": {"columns": names, "data": rows}},
        {"dataframe_records": records},
        {"dataframe_records": without},
        {"inputs": dict(zip(names, (USERS, ITEMS, TIMES), strict=True))},
        {"instances": [row if row[2] is not None else row[:2] for row in rows]},
    ]
    for body in bodies:
        assert server.post("/invocations", json=body).json() == {"predictions": expected}, body
    text = "timestamp,user_id,item_id\n" + "".join(
        f"{'' if time is None else time},{user},{item}\n" for user, item, time in rows
    )
    response = server.post("/invocations", content=text, headers={"content-type": "text/csv"})
    assert response.json() == {"predictions": expected}


def test_mlflows_client_may_send_times(server: httpx.Client, expected: list[float]) -> None:
    pandas = needed("pandas")
    client = needed("mlflow.pyfunc.scoring_server.client").ScoringServerClient(
        server.base_url.host, server.base_url.port
    )
    frame = pandas.DataFrame({"user_id": USERS, "item_id": ITEMS, "timestamp": pandas.array(TIMES, dtype="Int64")})
    rows = [row for row, time in enumerate(TIMES) if time is not None]
    known = frame.iloc[rows].astype({"timestamp": "int64"})
    assert client.invoke(known).get_predictions("ndarray").tolist() == pytest.approx([expected[row] for row in rows])


@pytest.mark.parametrize("binary", [False, True])
def test_tritons_client_may_send_a_tensor_of_times(server: httpx.Client, expected: list[float], binary: bool) -> None:
    http = needed("tritonclient.http")
    times = [-1 if time is None else time for time in TIMES]
    tensors = [
        http.InferInput(name, [6], "INT64").set_data_from_numpy(np.array(values), binary_data=binary)
        for name, values in (("timestamp", times), ("user_id", USERS), ("item_id", ITEMS))
    ]
    with http.InferenceServerClient(f"127.0.0.1:{server.base_url.port}") as triton:
        assert triton.infer("recsys", tensors).as_numpy("rating").tolist() == expected


def tensors(times: list[Any], **changes: object) -> dict[str, Any]:
    columns = {"user_id": [1], "item_id": [12], "timestamp": times}
    return {
        "inputs": [
            {"name": name, "shape": [len(values)], "datatype": "INT64", "data": values}
            for name, values in columns.items()
        ]
    }


@pytest.mark.parametrize("wrong", ["-1", "1.5", "yesterday", "", str(LATEST + 1), str(T * 1000), "1997-09-20"])
def test_nonsense_for_a_time_in_an_address_is_refused(server: httpx.Client, wrong: str) -> None:
    for path in (
        "/v1/ratings?user_id=1&item_id=12&",
        "/v1/users/1/recommendations?",
        "/v1/users/1/items/12/explanation?",
    ):
        response = server.get(f"{path}timestamp={wrong}")
        assert response.status_code == 422
        assert "query.timestamp" in response.json()["detail"]


@pytest.mark.parametrize("wrong", [-1, 1.5, 1.0, "881250949", True, LATEST + 1, T * 1000, 2**63])
def test_nonsense_for_a_time_in_a_body_is_refused(server: httpx.Client, wrong: object) -> None:
    pair = {"user_id": 1, "item_id": 12, "timestamp": wrong}
    refused = [
        server.post("/v1/predictions", json={"pairs": [pair]}),
        server.post("/invocations", json={"dataframe_records": [pair]}),
        server.post("/invocations", json={"inputs": {name: [value] for name, value in pair.items()}}),
        server.post("/invocations", json={"inputs": [[1, 12, wrong]]}),
        server.post("/invocations", json={"dataframe_split": {"columns": list(pair), "data": [list(pair.values())]}}),
    ]
    assert [response.status_code for response in refused] == [422, 400, 400, 400, 400]
    assert all("timestamp" in response.text or "inputs" in response.text for response in refused)
    if wrong != -1:  # a tensor's way to say that a time is not known
        response = server.post(INFER, json=tensors([wrong]))
        assert response.status_code == 400
        assert "inputs" in response.json()["error"]


def test_tensors_of_times_that_do_not_fit_are_refused(server: httpx.Client) -> None:
    two = server.post(INFER, json=tensors([T, T]))
    assert (two.status_code, two.json()["error"]) == (400, "inputs: user_id has 1 values, but timestamp has 2")
    missing = {"inputs": tensors([T])["inputs"][1:]}
    answer = server.post(INFER, content=json.dumps(missing), headers={"content-type": "application/json"})
    assert (answer.status_code, "user_id is missing" in answer.json()["error"]) == (400, True)


def test_columns_of_times_that_do_not_fit_are_refused(server: httpx.Client) -> None:
    body = {"inputs": {"user_id": [1, 1], "item_id": [12, 13], "timestamp": [T]}}
    assert "timestamp has 1" in server.post("/invocations", json=body).text
    twice = {"columns": ["user_id", "item_id", "timestamp", "timestamp"], "data": []}
    assert "one column timestamp" in server.post("/invocations", json={"dataframe_split": twice}).text


def test_a_new_user_has_no_time(server: httpx.Client) -> None:
    body = {"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [12]}
    assert server.post("/v1/fold-in", json=body).status_code == 200
    assert server.post("/v1/fold-in", json={**body, "timestamp": T}).status_code == 422
    explained = server.post("/v1/fold-in/explanation", json={"ratings": body["ratings"], "item_id": 12}).json()
    assert explained["parts"]["time"] == 0


def test_the_clients_bounds_are_those_of_artefacts() -> None:
    assert (numbers.EARLIEST, numbers.LATEST) == (EARLIEST, LATEST)
