"""Ctrl-C ends a fit between two epochs, and names a checkpoint that this fit wrote or none."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from typing_extensions import override

from recsys.command.checkpoints.writing import EpochCheckpoints, WholeCheckpoints
from recsys.command.main import main
from tests.recsys.command.scripted_fit import Scripted, batches
from tests.recsys.small_ratings import trainer


class Interrupted(Scripted):
    """Presses Ctrl-C `times` times in the middle of its second epoch."""

    def __init__(self, times: int) -> None:
        super().__init__([1.5] * 5)
        self.times = times

    @override
    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        if self.current_epoch == 1:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)
        return super().training_step(batch, batch_idx)


def fit(model: pl.LightningModule, file: Path, every: int = 50, **options: Any) -> tuple[pl.Trainer, WholeCheckpoints]:
    written = WholeCheckpoints()
    fitting = trainer(
        callbacks=[EpochCheckpoints(file, every)], plugins=[written], max_epochs=5, enable_checkpointing=True, **options
    )
    try:
        fitting.fit(model, batches(), batches())
    except SystemExit:  # what Lightning makes of Ctrl-C
        assert fitting.interrupted
    return fitting, written


def test_an_interrupted_epoch_is_ended_and_kept(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    fitting, written = fit(Interrupted(times=1), tmp_path / "stage.ckpt")
    assert fitting.interrupted
    assert written.written == tmp_path / "stage.ckpt"
    kept = torch.load(tmp_path / "stage.ckpt", weights_only=True)
    assert kept["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"] == 2
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_time_it_does_not_wait_and_an_older_file_is_none_of_this_fit(tmp_path: Path) -> None:
    (tmp_path / "stage.ckpt").write_text("of an older run")
    fitting, written = fit(Interrupted(times=2), tmp_path / "stage.ckpt")
    assert fitting.interrupted
    assert written.written is None
    assert (tmp_path / "stage.ckpt").read_text() == "of an older run"


def test_without_an_interruption_the_handler_is_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    fitting, written = fit(Interrupted(times=0), tmp_path / "stage.ckpt", every=2)
    assert not fitting.interrupted
    assert written.written == tmp_path / "stage.ckpt"
    assert signal.getsignal(signal.SIGINT) == before


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = WholeCheckpoints()
    written.save_checkpoint({"epoch": 1}, tmp_path / "stage.ckpt")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        written.save_checkpoint({"epoch": 2}, tmp_path / "stage.ckpt")
    assert torch.load(tmp_path / "stage.ckpt", weights_only=True) == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["stage.ckpt"]


def test_ctrl_c_outside_of_training_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("recsys.command.lightning_command.run", interrupted)
    with pytest.raises(SystemExit) as stopped:
        main(["fit"])
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "recsys: Interrupted.\n"
