"""The command in a working directory that cannot be written to, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.recsys.command.conftest import DEFAULT, SHORT

pytestmark = pytest.mark.slow  # torch is imported anew

CHECKPOINTS = "checkpoints/lnn-adam-smoothed-ratio-0.9"
Ended = subprocess.CompletedProcess[str]

# A mount that these processes alone see, so that nothing is left of it when they end, however they do.
READ_ONLY = 'mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro "$PWD" && cd "$PWD" && exec "$@"'
APART = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c", READ_ONLY, "sh")

# Every command is run in a process of its own, forked from one that has imported everything.
EACH = """
import json, os, sys
from recsys.command import lightning_command
from recsys.command.main import main

for number, arguments in enumerate(json.loads(sys.argv[1])):
    if os.fork() == 0:
        for stream in (1, 2):
            os.dup2(os.open(f"{sys.argv[2]}/{number}.{stream}", os.O_WRONLY | os.O_CREAT), stream)
        main(arguments)
        sys.exit()
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions, outside of the directory."""
    return tmp_path_factory.mktemp("elsewhere") / "more" / "test.csv"


@pytest.fixture(scope="module")
def ended(finished: Path, written: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """How each command ended in the folder of a fit in which nothing can be written."""
    if shutil.which("unshare") is None or subprocess.run([*APART, "true"], cwd=finished, check=False).returncode != 0:
        pytest.skip("a read-only mount needs the right to make one")
    options, refit = [*map(str, (*DEFAULT, *SHORT))], f"{CHECKPOINTS}/refit.ckpt"
    commands = {
        "test": ["test", *options, "--ckpt_path", refit],
        "validate": ["validate", *options, "--ckpt_path", f"{CHECKPOINTS}/selection.ckpt"],
        "predict": ["predict", *options, "--ckpt_path", refit],
        "predict elsewhere": ["predict", *options, "--ckpt_path", refit, "--run.predictions", str(written)],
    }
    said = tmp_path_factory.mktemp("said")
    asked = [*APART, sys.executable, "-c", EACH, json.dumps([*commands.values()]), str(said)]
    with_project = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    statuses = subprocess.check_output(asked, cwd=finished, env=with_project, text=True).split()
    assert len(statuses) == len(commands)
    return {
        name: Ended(name, int(status), *((said / f"{number}.{stream}").read_text() for stream in (1, 2)))
        for number, (name, status) in enumerate(zip(commands, statuses, strict=True))
    }


@pytest.mark.parametrize(("command", "metric"), [("test", "test_rmse"), ("validate", "val_rmse")])
def test_what_prints_alone_needs_no_place_to_write(ended: dict[str, Ended], command: str, metric: str) -> None:
    done = ended[command]
    assert done.returncode == 0, done.stderr
    assert metric in done.stdout


def test_predict_says_that_it_cannot_write_before_it_reads_the_ratings(ended: dict[str, Ended]) -> None:
    done = ended["predict"]
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("recsys: --run.predictions . cannot be written to: ")
    assert line.endswith("Make room or name another place.")


def test_predict_writes_where_it_is_told_to(ended: dict[str, Ended], written: Path) -> None:
    done = ended["predict elsewhere"]
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(written)) == 10_000
