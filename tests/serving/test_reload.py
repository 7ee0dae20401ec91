"""A new artefact takes the place of the old one while the server runs; a broken one does not."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from recsys import artifact
from recsys.manifest import read_manifest
from tests.serving import films
from tests.serving.conftest import StartProcess
from tests.test_artifact import Payload, huge_array

RATING = "/v1/ratings?user_id=1&item_id=14"  # 3.7, less what `export` adds to the model's number


def export(root: Path, more: float = 0.0) -> str:
    """Export the films with `more` added to every entry; returns the version."""
    arrays = films.arrays("LinearNetwork")
    arrays["matrix"] = arrays["matrix"] + np.float32(more)
    manifest = replace(films.manifest("LinearNetwork"), recipe=f"films+{more}")
    return artifact.load(artifact.save(root, manifest, arrays, films.ITEMS)).manifest.version


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def version(client: httpx.Client) -> str | None:
    named: str | None = client.get("/health/live").headers.get("x-model-version")
    return named


def test_a_new_artefact_is_served_without_a_restart(start_process: StartProcess, tmp_path: Path) -> None:
    old = export(tmp_path)
    client = start_process(artifact=tmp_path / "latest", reload_seconds=0.05).client
    assert (version(client), client.get(RATING).json()["rating"]) == (old, pytest.approx(3.7))
    new = export(tmp_path, more=0.25)
    eventually(lambda: version(client) == new)
    assert client.get(RATING).json()["rating"] == pytest.approx(3.95)


def test_a_signal_reloads_at_once(start_process: StartProcess, tmp_path: Path) -> None:
    old = export(tmp_path)
    server = start_process(artifact=tmp_path / "latest", reload_seconds=3600)
    new = export(tmp_path, more=0.25)
    assert version(server.client) == old
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: version(server.client) == new)


@pytest.mark.parametrize("damage", ["model.safetensors", "items.json", "manifest.json", "everything"])
def test_a_broken_artefact_is_refused_and_the_old_one_stays(
    start_process: StartProcess, tmp_path: Path, damage: str
) -> None:
    old = export(tmp_path)
    server = start_process(artifact=tmp_path / "latest", reload_seconds=0.05)
    if damage == "everything":
        shutil.rmtree((tmp_path / "latest").resolve())
    else:
        file = tmp_path / "latest" / damage
        file.write_bytes(file.read_bytes()[:-1])
    eventually(lambda: 'recsys_model_loads_total{outcome="refused"} 1.0' in server.client.get("/metrics").text)
    assert (version(server.client), server.client.get(RATING).json()["rating"]) == (old, pytest.approx(3.7))
    assert f"version {old} stays" in server.log.read_text()
    new = export(tmp_path, more=0.25)
    eventually(lambda: version(server.client) == new)


def tampered(directory: Path, ran: Path) -> Iterator[str]:
    """Tamper with the artefact in one way after the other; gives what must be said of each."""
    good = {name: (directory / name).read_bytes() for name in ("model.safetensors", "items.json", "manifest.json")}

    def put(name: str, data: bytes) -> None:
        for file, content in {**good, name: data}.items():
            (directory / file).write_bytes(content)

    for name, data in good.items():
        for place in (0, len(data) // 2, len(data) - 1):
            put(name, data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
            yield name
    for name, data in (
        ("model.safetensors", huge_array([2**36], [0, 2**38])),
        ("model.safetensors", pickle.dumps(Payload(ran))),
        ("items.json", pickle.dumps(Payload(ran))),
    ):
        put(name, data)
        sealed = read_manifest(directory).sealed(
            *(
                hashlib.sha256((directory / file).read_bytes()).hexdigest()
                for file in ("model.safetensors", "items.json")
            )
        )
        (directory / "manifest.json").write_bytes(sealed.to_json())
        yield f"{name} is n"  # no item table, not a safetensors file
    put("manifest.json", pickle.dumps(Payload(ran)))
    yield "manifest.json is not JSON"
    content = {**json.loads(good["manifest.json"]), "model_file": "/elsewhere", "sha256": ""}
    content["sha256"] = hashlib.sha256((json.dumps(content, indent=2) + "\n").encode()).hexdigest()
    put("manifest.json", (json.dumps(content, indent=2) + "\n").encode())
    yield "unknown values: model_file"
    put("manifest.json", good["manifest.json"])
    (directory / "model.safetensors").unlink()
    os.mkfifo(directory / "model.safetensors")
    yield "model.safetensors cannot be read: it is not a regular file"


def test_a_server_refuses_whatever_was_tampered_with_says_why_and_runs_nothing(
    start_process: StartProcess, tmp_path: Path
) -> None:
    old = export(tmp_path / "good")
    directory = tmp_path / "served"
    shutil.copytree((tmp_path / "good" / "latest").resolve(), directory)
    server = start_process(artifact=directory, reload_seconds=3600)
    refused = 0
    for reason in tampered(directory, ran=tmp_path / "ran"):
        refused += 1
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.log.read_text().count(f"version {old} stays") == refused)  # noqa: B023  # runs at once
        assert reason in server.log.read_text().rpartition(f"version {old} stays")[2]
        assert (version(server.client), server.client.get(RATING).json()["rating"]) == (old, pytest.approx(3.7))
    assert f'recsys_model_loads_total{{outcome="refused"}} {refused}.0' in server.client.get("/metrics").text
    assert not (tmp_path / "ran").exists()


def test_a_server_that_began_without_a_model_becomes_ready(start_process: StartProcess, tmp_path: Path) -> None:
    client = start_process(artifact=tmp_path / "latest", reload_seconds=0.05).client
    assert (client.get("/health/ready").status_code, version(client)) == (503, None)
    new = export(tmp_path)
    eventually(lambda: client.get("/health/ready").status_code == 200)
    assert version(client) == new


def test_no_request_fails_or_mixes_two_models_while_artefacts_change(
    start_process: StartProcess, tmp_path: Path
) -> None:
    rating_of = {export(tmp_path): 3.7}
    client = start_process(artifact=tmp_path / "latest", reload_seconds=0.05).client
    seen = set()
    for more in (0.25, 0.5, 0.75):
        new = export(tmp_path, more)
        rating_of[new] = 3.7 + more
        until = time.monotonic() + 20
        while new not in seen and time.monotonic() < until:
            response = client.get(RATING)
            assert response.status_code == 200
            answering = response.headers["x-model-version"]
            assert response.json()["version"] == answering
            assert response.json()["rating"] == pytest.approx(rating_of[answering])
            seen.add(answering)
    assert seen == rating_of.keys()
