"""The command in a working directory that cannot be written to, in processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.recsys.command.conftest import DEFAULT, SHORT

pytestmark = pytest.mark.slow  # each imports torch anew

CHECKPOINTS = "checkpoints/lnn-adam-ratio-0.9"


# A mount that these processes alone see, so that nothing is left of it when they end, however they do.
READ_ONLY = 'mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro "$PWD" && cd "$PWD" && exec "$@"'
APART = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c", READ_ONLY, "sh")


@pytest.fixture
def read_only(finished: Path) -> Path:
    """The folder of a fit; to `recsys` nothing can be written in it."""
    if shutil.which("unshare") is None or subprocess.run([*APART, "true"], cwd=finished, check=False).returncode != 0:
        pytest.skip("a read-only mount needs the right to make one")
    return finished


def recsys(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*APART, sys.executable, "-m", "recsys.command", *map(str, arguments)]
    with_project = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(command, cwd=folder, env=with_project, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("command", "stage"), [("test", "refit"), ("validate", "selection")])
def test_what_prints_alone_needs_no_place_to_write(read_only: Path, command: str, stage: str) -> None:
    done = recsys(read_only, command, *DEFAULT, *SHORT, "--ckpt_path", f"{CHECKPOINTS}/{stage}.ckpt")
    assert done.returncode == 0, done.stderr
    assert ("test_rmse" if command == "test" else "val_rmse") in done.stdout


def test_predict_says_that_it_cannot_write_before_it_reads_the_ratings(read_only: Path) -> None:
    done = recsys(read_only, "predict", *DEFAULT, *SHORT, "--ckpt_path", f"{CHECKPOINTS}/refit.ckpt")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("recsys: --run.predictions . cannot be written to: ")
    assert line.endswith("Make room or name another place.")


def test_predict_writes_where_it_is_told_to(read_only: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "test.csv"
    refit = f"{CHECKPOINTS}/refit.ckpt"
    done = recsys(read_only, "predict", *DEFAULT, *SHORT, "--ckpt_path", refit, "--run.predictions", elsewhere)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(elsewhere)) == 10_000
