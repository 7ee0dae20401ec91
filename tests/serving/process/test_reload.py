"""A new artefact takes the place of the old one while the server runs; a broken one does not."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recsys.artifact import read_manifest
from tests.recsys.artifact.small_artefact import Payload, huge_array
from tests.serving.conftest import StartProcess
from tests.serving.eventually import eventually
from tests.serving.films import export

RATING = "/v1/ratings?user_id=1&item_id=13"  # 2.9, less what `export` adds to the model's number


def version(client: httpx.Client) -> str | None:
    named: str | None = client.get("/health/live").headers.get("x-model-version")
    return named


def test_a_new_artefact_is_served_without_a_restart(start_process: StartProcess, tmp_path: Path) -> None:
    old = export(tmp_path)
    client = start_process(artifact=tmp_path / "latest", reload_seconds=0.05).client
    assert (version(client), client.get(RATING).json()["rating"]) == (old, pytest.approx(2.9))
    new = export(tmp_path, more=0.25)
    eventually(lambda: version(client) == new)
    assert client.get(RATING).json()["rating"] == pytest.approx(3.15)


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
    assert (version(server.client), server.client.get(RATING).json()["rating"]) == (old, pytest.approx(2.9))
    eventually(lambda: f"version {old} stays" in server.log.read_text())
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
        assert (version(server.client), server.client.get(RATING).json()["rating"]) == (old, pytest.approx(2.9))
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
    rating_of = {export(tmp_path): 2.9}
    client = start_process(artifact=tmp_path / "latest", reload_seconds=0.05).client
    seen = set()
    for more in (0.25, 0.5, 0.75):
        new = export(tmp_path, more)
        rating_of[new] = 2.9 + more
        until = time.monotonic() + 20
        while new not in seen and time.monotonic() < until:
            response = client.get(RATING)
            assert response.status_code == 200
            answering = response.headers["x-model-version"]
            assert response.json()["version"] == answering
            assert response.json()["rating"] == pytest.approx(rating_of[answering])
            seen.add(answering)
    assert seen == rating_of.keys()


def test_an_artefact_refused_for_want_of_a_file_descriptor_is_loaded_once_there_is_one(
    start_process: StartProcess, tmp_path: Path
) -> None:
    old = export(tmp_path)
    server = start_process(artifact=tmp_path / "latest", reload_seconds=0.05)
    assert version(server.client) == old
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{pid}/fd").iterdir())), before[1]))
    new = export(tmp_path, more=0.25)
    eventually(lambda: f"version {old} stays" in server.log.read_text())
    eventually(lambda: "Too many open files" in server.log.read_text())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    eventually(lambda: version(server.client) == new)


def test_a_server_that_may_not_read_its_artefact_becomes_ready_once_it_may(
    start_process: StartProcess, tmp_path: Path
) -> None:
    new = export(tmp_path)
    locked = tmp_path / "latest"
    locked.resolve().chmod(0)
    as_others = []
    if os.geteuid() == 0:  # who may read everything
        rights = "-dac_override,-dac_read_search"
        as_others = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    server = start_process(through=as_others, artifact=locked, reload_seconds=0.05)
    assert server.client.get("/health/ready").status_code == 503
    eventually(lambda: "Permission denied" in server.log.read_text())
    locked.resolve().chmod(0o755)
    eventually(lambda: server.client.get("/health/ready").status_code == 200)
    assert version(server.client) == new


@pytest.mark.parametrize("way", ["in place", "by renaming", "by pointing the link elsewhere"])
def test_a_replacement_with_the_same_sizes_and_times_is_noticed(
    start_process: StartProcess, tmp_path: Path, way: str
) -> None:
    """As `cp -p`, rsync, image layers and volumes of orchestrators make them, whose times are those of the source."""
    versions = [export(tmp_path / str(number), more=number) for number in range(3)]
    directories = [(tmp_path / str(number) / "latest").resolve() for number in range(3)]
    files = [file for directory in directories for file in directory.iterdir()]
    for file in files:
        os.utime(file, (1, 1))
    assert len({file.stat().st_size for file in files if file.name == "manifest.json"}) == 1
    served = tmp_path / "served"
    shutil.copytree(directories[0], tmp_path / "copy")
    served.symlink_to("copy")
    server = start_process(artifact=served, reload_seconds=0.05)
    assert version(server.client) == versions[0]
    for directory, wanted in list(zip(directories, versions, strict=True))[1:]:
        if way == "by pointing the link elsewhere":
            (tmp_path / "link").symlink_to(directory)
            (tmp_path / "link").replace(served)
        for file in directory.iterdir():
            if way == "in place":
                shutil.copy2(file, served / file.name)
            elif way == "by renaming":
                shutil.copy2(file, served / "new")
                (served / "new").replace(served / file.name)
        eventually(lambda: version(server.client) == wanted)  # noqa: B023  # runs at once
