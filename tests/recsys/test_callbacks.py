"""Callbacks in real fits of a model whose validation curve is written down beforehand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from recsys.callbacks import EpochProgress, EpochSelection
from recsys.command.record import FitRecord
from tests.recsys.small_ratings import trainer


class Scripted(pl.LightningModule):
    """Logs the given validation RMSE after each epoch; `rehearsal` is what it logs in a sanity check."""

    def __init__(self, curve: list[float], rehearsal: float = 0.0) -> None:
        super().__init__()
        self.curve, self.rehearsal = curve, rehearsal
        self.weight = torch.nn.Parameter(torch.ones(()))

    @override
    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = self.weight.square()
        self.log("train_loss", loss, prog_bar=True)
        return loss

    @override
    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        checking = self.trainer.sanity_checking
        self.log("val_rmse", self.rehearsal if checking else self.curve[self.current_epoch], prog_bar=True)

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def batches() -> DataLoader[Tensor]:
    return DataLoader(torch.zeros(1, 1))  # type: ignore[arg-type]  # a tensor is a data set to torch


def fit(curve: list[float], *callbacks: pl.Callback, ckpt_path: Path | None = None, **options: Any) -> pl.Trainer:
    fitting = trainer(callbacks=list(callbacks), **{"max_epochs": len(curve), **options})
    fitting.fit(Scripted(curve), batches(), batches(), ckpt_path=ckpt_path)
    return fitting


def every_epoch(directory: Path) -> pl.Callback:
    return ModelCheckpoint(directory, "{epoch}", save_top_k=-1, every_n_epochs=1, save_on_train_epoch_end=True)


def state_in(checkpoint: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)["callbacks"]["FitRecord"]
    return state


class TestEpochSelection:
    def test_it_picks_the_epoch_with_the_lowest_validation_rmse(self) -> None:
        selection = EpochSelection(patience=10)
        fit([1.5, 1.2, 1.1, 1.3, 1.15], selection)
        assert selection.best_epochs == 3
        assert selection.best_rmse == pytest.approx(1.1)

    @pytest.mark.parametrize(("patience", "epochs_made"), [(1, 3), (2, 6), (3, 8)])
    def test_it_stops_after_as_many_validations_without_a_new_best(self, patience: int, epochs_made: int) -> None:
        selection = EpochSelection(patience)
        fitting = fit([1.5, 1.4, 1.45, 1.3, 1.35, 1.34, 1.2 if patience == 3 else 1.33, 1.1], selection)
        assert fitting.current_epoch == epochs_made

    def test_as_long_as_it_improves_it_goes_on(self) -> None:
        selection = EpochSelection(patience=1)
        assert fit([1.5, 1.4, 1.3, 1.2], selection).current_epoch == 4
        assert selection.best_epochs == 4

    def test_an_equal_rmse_is_no_new_best(self) -> None:
        selection = EpochSelection(patience=3)
        fit([1.5, 1.5, 1.5], selection)
        assert selection.best_epochs == 1

    def test_an_improvement_below_min_delta_does_not_count(self) -> None:
        selection = EpochSelection(patience=2, min_delta=0.1)
        fitting = fit([1.5, 1.45, 1.3, 1.25, 1.21, 1.0], selection)
        assert (selection.best_epochs, fitting.current_epoch) == (3, 5)

    def test_epochs_without_a_validation_count_in_the_number_of_epochs(self) -> None:
        selection = EpochSelection(patience=1)
        fitting = fit([9, 9, 1.3, 9, 9, 1.2, 9, 9, 1.4, 9, 9, 1.1], selection, check_val_every_n_epoch=3)
        assert (selection.best_epochs, fitting.current_epoch) == (6, 9)

    def test_a_sanity_check_is_no_validation(self) -> None:
        selection = EpochSelection()
        fit([1.5, 1.25], selection, num_sanity_val_steps=1)  # which logs 0
        assert (selection.best_rmse, selection.best_epochs) == (1.25, 2)

    def test_validating_outside_of_a_fit_changes_nothing(self) -> None:
        selection = EpochSelection(patience=1)
        fitting = fit([1.5, 1.25], selection)
        fitting.validate(Scripted([0.0] * 3), batches(), verbose=False)
        assert (selection.best_rmse, selection.best_epochs) == (1.25, 2)

    def test_without_validation_ratings_it_does_nothing(self) -> None:
        selection = EpochSelection(patience=1)
        assert fit([1.5, 1.6, 1.7], selection, limit_val_batches=0).current_epoch == 3
        assert selection.best_epochs == 0

    def test_a_validation_that_is_no_number_is_no_best(self) -> None:
        selection = EpochSelection(patience=2)
        assert fit([1.5, float("nan"), float("nan"), 1.0], selection).current_epoch == 3
        assert selection.best_epochs == 1

    def test_its_state_survives_a_round_trip(self) -> None:
        selection, restored = EpochSelection(), EpochSelection()
        fit([1.5, 1.25, 1.3], selection)
        restored.load_state_dict(selection.state_dict())
        assert (
            restored.state_dict()
            == selection.state_dict()
            == {"best_metrics": {"val_rmse": 1.25}, "best_epochs": 2, "waited": 1}
        )

    def test_resumed_it_waits_no_longer_than_it_would_have(self, tmp_path: Path) -> None:
        curve = [1.5, 1.2, 1.3, 1.4, 1.1]
        fit(curve, EpochSelection(patience=2), max_epochs=3).save_checkpoint(tmp_path / "half.ckpt")
        selection = EpochSelection(patience=2)
        resumed = fit(curve, selection, ckpt_path=tmp_path / "half.ckpt")
        assert (resumed.current_epoch, selection.best_epochs) == (4, 2)
        assert selection.best_rmse == pytest.approx(1.2)

    def test_resumed_when_it_was_over_it_trains_no_further(self, tmp_path: Path) -> None:
        curve = [1.5, 1.2, 1.3, 1.4, 1.1]
        fit(curve, EpochSelection(patience=2)).save_checkpoint(tmp_path / "over.ckpt")
        selection = EpochSelection(patience=2)
        resumed = fit(curve, selection, ckpt_path=tmp_path / "over.ckpt")
        assert (resumed.current_epoch, selection.best_epochs) == (4, 2)

    @pytest.mark.parametrize("arguments", [{"patience": 0}, {"patience": -1}, {"min_delta": -0.01}], ids=str)
    def test_bad_arguments_are_refused(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="patience must be at least 1 and min_delta at least 0"):
            EpochSelection(**arguments)


class TestFitRecord:
    def test_it_knows_the_stage_its_length_and_its_seconds(self) -> None:
        record = FitRecord("selection", seconds_before=100.0)
        fit([1.0] * 3, record)
        state = record.state_dict()
        assert (state["stage"], state["epochs"]) == ("selection", 3)
        assert 100.0 < state["seconds"] < 110.0

    def test_after_a_fit_its_seconds_stand_still(self) -> None:
        record = FitRecord("refit")
        fit([1.0], record)
        assert record.seconds == record.state_dict()["seconds"] == record.state_dict()["seconds"]

    def test_a_checkpoint_in_the_middle_of_a_fit_has_the_seconds_so_far(self, tmp_path: Path) -> None:
        record = FitRecord("selection", seconds_before=100.0)
        fit([1.0] * 3, record, every_epoch(tmp_path), enable_checkpointing=True)
        seconds = [state_in(path)["seconds"] for path in sorted(tmp_path.glob("*.ckpt"))]
        assert len(seconds) == 3
        assert 100.0 < seconds[0] < seconds[1] < seconds[2] < record.seconds

    def test_a_resumed_fit_adds_its_seconds_to_those_of_the_checkpoint(self, tmp_path: Path) -> None:
        first, second = FitRecord("refit", seconds_before=100.0), FitRecord("selection")
        fit([1.0] * 4, first, max_epochs=2).save_checkpoint(tmp_path / "half.ckpt")
        fit([1.0] * 4, second, ckpt_path=tmp_path / "half.ckpt")
        assert second.stage == "refit"
        assert second.epochs == 4
        assert first.seconds < second.seconds < 110.0

    def test_a_resume_in_the_middle_of_a_fit_does_not_count_the_first_seconds_twice(self, tmp_path: Path) -> None:
        fit([1.0] * 3, FitRecord("refit", 100.0), every_epoch(tmp_path), enable_checkpointing=True)
        resumed = FitRecord("refit")
        first_epoch = min(tmp_path.glob("*.ckpt"))
        fit([1.0] * 3, resumed, ckpt_path=first_epoch)
        assert state_in(first_epoch)["seconds"] < resumed.seconds < 110.0


class TestEpochProgress:
    def test_it_counts_epochs_and_shows_the_loss_and_the_rmse(self, capsys: pytest.CaptureFixture[str]) -> None:
        fit([1.5, 1.4, 1.25], EpochProgress("selection"))
        shown = capsys.readouterr().out
        assert "selection" in shown
        assert "3/3 epochs" in shown
        assert "train_loss 0." in shown
        assert "val_rmse 1.2500" in shown

    def test_a_fit_that_fails_leaves_nothing_that_goes_on_drawing(self) -> None:
        before = set(threading.enumerate())
        with pytest.raises(IndexError):
            fit([1.5], EpochProgress("selection"), max_epochs=2)  # whose validation curve ends too early
        for thread in set(threading.enumerate()) - before:
            thread.join(timeout=5)
            assert not thread.is_alive()
