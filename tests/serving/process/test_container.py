"""The image of the server, as far as it can be checked without a container runtime: steps, settings, probe."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.server_process import free_port
from tests.serving.conftest import ROOT
from tests.serving.eventually import eventually

CONTAINERFILE = ROOT / "serving" / "Containerfile"
REQUIREMENTS = ROOT / "requirements" / "serving.txt"


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Containerfile, and what each is given."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, text.splitlines()):
        name, given = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, given))
    return found


def given(name: str) -> str:
    """What an instruction of the last stage is given."""
    (found,) = (given for instruction, given in stages()[-1] if instruction == name)
    return found


def test_the_image_is_slim_runs_as_nobody_in_particular_and_says_whether_it_is_ready() -> None:
    for stage in stages():
        assert stage[0][1].split()[0].endswith("/python:3.11-slim")
    user, group = map(int, given("USER").split(":"))
    assert user > 0
    assert group > 0
    assert "/health/ready" in given("HEALTHCHECK")
    assert given("VOLUME") == "/artifacts"


def test_every_file_that_the_image_takes_exists_and_is_let_through() -> None:
    ignored = (CONTAINERFILE.parent / "Containerfile.dockerignore").read_text().splitlines()
    for name, copied in stages()[0]:
        if name == "COPY":
            for source in copied.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored


def test_the_image_has_the_locked_versions_and_no_torch() -> None:
    pinned = re.compile(r"^([a-z0-9-]+)==([^ ;]+)", re.MULTILINE)
    versions = dict(pinned.findall(REQUIREMENTS.read_text()))
    assert {"fastapi", "numpy", "safetensors", "uvicorn"} <= versions.keys()
    assert not {"torch", "pytorch-lightning", "pandas"} & versions.keys()
    assert versions.items() <= dict(pinned.findall((ROOT / "requirements" / "all.txt").read_text())).items()


def built(root: Path) -> None:
    """Do under `root` what the first stage does; without the package index the test is skipped, or fails under CI."""
    for name, step in stages()[0]:
        if name == "COPY":
            *sources, target = step.split()
            for source in sources:
                into = root / target[1:] / (Path(source).name if target.endswith("/") else "")
                into.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
                copy(ROOT / source, into)
        elif name == "RUN":
            python, *arguments = within(root, shlex.split(step))
            command = [sys.executable if python == "python" else python, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if "No matching distribution found" in done.stderr and not os.environ.get("CI"):
                pytest.skip(f"the package index cannot be reached: {done.stderr.splitlines()[-1]}")
            assert done.returncode == 0, done.stderr


def within(root: Path, command: list[str]) -> list[str]:
    """A command whose paths in the image are under `root`."""
    return [f"{root}{word}" if word.startswith(("/opt/", "/build")) else word for word in command]


def files(root: Path) -> set[Path]:
    return set(root.rglob("*"))


@pytest.mark.slow
def test_what_the_image_installs_serves_without_torch_and_writes_nothing(model: Path, tmp_path: Path) -> None:
    built(tmp_path)
    python, *serve = within(tmp_path, json.loads(given("CMD")))
    options, probe = given("HEALTHCHECK").split(" CMD ", 1)
    assert "--interval=" in options

    (tmp_path / "empty").mkdir()
    port = str(free_port())
    environment = dict(variable.split("=", 1) for variable in given("ENV").split())
    assert environment.keys() == {"RECSYS_HOST", "RECSYS_PORT", "RECSYS_ARTIFACT"}
    environment |= {"RECSYS_ARTIFACT": str(model), "RECSYS_PORT": port, "TMPDIR": str(tmp_path / "empty")}

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment | more, cwd=tmp_path / "empty", capture_output=True, text=True, timeout=60
        )

    refused = run(python, *serve)
    assert "others can reach 0.0.0.0: set RECSYS_API_KEY" in refused.stderr
    assert "No module named 'torch'" in run(python, "-c", "import torch").stderr
    assert run(*within(tmp_path, json.loads(probe))).returncode == 1  # nothing answers yet
    before = files(tmp_path)
    key = "0123456789abcdef"
    server = subprocess.Popen(
        [python, *serve], env=environment | {"RECSYS_API_KEY": key}, cwd=tmp_path / "empty", stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: run(*within(tmp_path, json.loads(probe))).returncode == 0)
        address = f"http://127.0.0.1:{port}/v1/ratings?user_id=3&item_id=10"
        assert httpx.get(address, headers={"X-API-Key": key}).json()["source"] == "model"
        assert files(tmp_path) == before
    finally:
        server.terminate()
    assert server.wait(timeout=20) == 0
