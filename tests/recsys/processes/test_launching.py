"""`recsys fit` by two processes that are started, watched and ended by the one that was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys import artifact
from recsys.command.main import main
from recsys.command.processes.launching import launch
from recsys.errors import CommandError

FEW = (
    *("--config", "best-ratings", "--data", "TableDataModule", "--data.ratings", "ratings.csv"),
    *("--trainer.logger", "false", "--trainer.enable_progress_bar", "false"),
)
TWO = ("--trainer.devices", "2", "--trainer.strategy", "ddp")


@pytest.fixture
def ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with ratings of 60 users."""
    generator = np.random.default_rng(0)
    pairs = np.argwhere(generator.random((60, 40)) < 0.4)
    effects = 3.2 + generator.normal(0, 0.5, (60, 1)) + generator.normal(0, 0.5, (1, 40))
    stars = np.rint(effects + generator.normal(0, 0.4, (60, 40))).clip(1, 5)
    rows = [f"{user},{item},{stars[user, item]:.0f}" for user, item in pairs]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.mark.slow
def test_two_processes_come_to_the_model_of_one_and_go_on_with_its_checkpoint(ratings: Path) -> None:
    of_one, of_two = ratings / "one", ratings / "two"
    for name, epochs in (("begun", 18), ("one", 24)):
        main(["fit", *FEW, "--trainer.max_epochs", str(epochs), "--run.artifacts", name, "--run.name", name])
    go_on = ("--trainer.max_epochs", "24", "--ckpt_path", "checkpoints/begun/refit.ckpt", "--run.artifacts", "two")
    with pytest.raises(SystemExit) as ended:
        main(["fit", *FEW, *TWO, *go_on])
    assert not ended.value.code
    one, two = (artifact.load(folder / "latest") for folder in (of_one, of_two))
    for name, value in one.manifest.metrics.items():
        if name != "fit_seconds":
            assert two.manifest.metrics[name] == pytest.approx(value, abs=1e-4), name
    assert one.arrays.keys() == two.arrays.keys()
    np.testing.assert_array_equal(two.arrays["rating_users"], one.arrays["rating_users"])
    assert two.arrays["user_draws"].shape == one.arrays["user_draws"].shape
    assert len(list(of_two.glob("2*"))) == 1, "the first process alone writes"


def test_what_one_process_fails_with_is_what_the_command_fails_with(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        launch(["no-such-command"], 2)
    assert ended.value.code == 2
    assert capfd.readouterr().err.count("there is no subcommand no-such-command") == 1


def test_a_process_that_is_ended_ends_the_others_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os, time\nif os.environ['RANK'] == '1':\n    os.kill(os.getpid(), 9)\ntime.sleep(60)\n"
    (tmp_path / "waiting.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"^process 1 of 2, PID \d+, was ended by SIGKILL; the others were stopped"):
        launch([], 2, "waiting")


def test_a_process_that_waits_for_one_that_has_ended_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "meeting.py").write_text(
        """
import os
import torch.distributed as dist
from recsys.command import lightning_command, main
from recsys.command.processes.joining import join

def fit(*arguments, **keywords):
    join(2)
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), 9)
    dist.barrier()

main._run = lambda arguments: lightning_command.run(arguments, command_line=fit)
main.main([])
"""
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"process 1 of 2, .* SIGKILL"):
        launch([], 2, "meeting")
    assert capfd.readouterr().err == "recsys: another process of this fit has ended, so that this one cannot go on.\n"
