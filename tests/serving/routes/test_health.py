"""Liveness, readiness, and what a server process loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from tests.serving.conftest import ROOT, StartProcess
from tests.serving.eventually import eventually


def test_a_server_with_a_model_is_live_and_ready(server: httpx.Client) -> None:
    assert server.get("/health/live").json() == {"status": "live"}
    ready = server.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert len(ready.json()["version"]) == 12


def test_a_server_without_a_model_is_live_but_not_ready_and_its_log_says_why(
    start_process: StartProcess, tmp_path: Path
) -> None:
    server = start_process(artifact=tmp_path / "none")
    client = server.client
    assert client.get("/health/live").status_code == 200
    pair = {"pairs": [{"user_id": 3, "item_id": 10}]}
    for response in (client.get("/health/ready"), client.post("/v1/predictions", json=pair)):
        assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
        assert "make train" in response.json()["detail"]
        assert str(tmp_path) not in response.text
    eventually(lambda: str(tmp_path) in server.log.read_text())


def test_a_damaged_model_is_not_served(start_process: StartProcess, model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    server = start_process(artifact=tmp_path)
    response = server.client.get("/health/ready")
    assert (response.status_code, str(tmp_path) in response.text) == (503, False)
    eventually(lambda: "SHA-256" in server.log.read_text())


def test_the_server_loads_neither_torch_nor_lightning_and_the_parent_of_workers_no_fastapi() -> None:
    for module, never in (("application", "'torch', 'pytorch_lightning', 'pandas'"), ("app", "'fastapi', 'numpy'")):
        script = f"import sys, serving.{module}; print([m for m in ({never}) if m in sys.modules])"
        assert subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True) == "[]\n"
