"""What is released: one version, and a wheel that trains and serves without the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from benchmarks.server_process import free_port
from serving.app import create_app
from serving.settings import Settings
from tests.serving.eventually import eventually

ROOT = Path(__file__).parents[1]
SHIPPED = ("recsys", "data", "serving", "synthetic", "benchmarks")


def committed() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.rstrip("\0").split("\0")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy of what is committed, with the present setuptools."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in committed():
        if name.split("/")[0] in (*SHIPPED, "pyproject.toml", "README.md", "LICENSE") and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", f"--wheel-dir={built}"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True)
    return next(built.glob("*.whl"))


def test_the_version_stands_in_one_place_and_heads_the_changelog() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[:1] == [version("recsys")]
    assert create_app(Settings()).version == version("recsys")


@pytest.mark.slow
def test_every_file_that_the_packages_need_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    needed = {name for name in committed() if name.startswith(tuple(f"{package}/" for package in SHIPPED))}
    beside_the_packages = ("benchmarks/results/", "serving/Containerfile")
    assert {name for name in needed - shipped if not name.startswith(beside_the_packages)} == set()


@pytest.mark.slow
def test_the_wheel_trains_and_serves_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    environment, work = tmp_path / "environment", tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    # What the tests run with, but no checkout: the .pth files in there, the checkout's among them, are not followed.
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    options = ["--quiet", "--no-deps", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *options], check=True)

    port = free_port()
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"RECSYS_PORT": str(port)}
    found = [python, "-c", "import recsys, serving; print(recsys.__file__, serving.__file__)"]
    printed = subprocess.run(found, cwd=work, env=variables, capture_output=True, text=True, check=True).stdout
    assert printed.count(str(environment)) == 2
    recsys = str(environment / "bin" / "recsys")
    fit = ["fit", "--config", "embedding-adam-ratio", "--data.validation", "0", "--trainer.max_epochs", "2"]
    subprocess.run([recsys, *fit], cwd=work, env=variables, check=True, capture_output=True)
    assert (work / "artifacts" / "latest" / "config.yaml").is_file()
    server = subprocess.Popen([python, "-m", "serving.app"], cwd=work, env=variables, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:

            def is_ready() -> bool:
                assert server.poll() is None
                try:
                    return client.get("/health/ready").is_success
                except httpx.TransportError:
                    return False

            eventually(is_ready)
            for path in ("/", "/static/page.js", "/docs", "/v1/ratings?user_id=196&item_id=242"):
                assert client.get(path).status_code == 200, path
    finally:
        server.terminate()
        server.wait(timeout=30)
