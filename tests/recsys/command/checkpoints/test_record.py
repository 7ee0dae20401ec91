"""What a checkpoint records of its fit."""

from __future__ import annotations

from pathlib import Path

from recsys.command.checkpoints.record import FitRecord
from tests.recsys.command.scripted_fit import every_epoch, fit, state_in


def after(seconds: float, stage: str) -> FitRecord:
    """The record of a fit whose earlier stage took some seconds."""
    record = FitRecord(stage)
    record.seconds = seconds
    return record


class TestFitRecord:
    def test_it_knows_the_stage_its_length_and_its_seconds(self) -> None:
        record = after(100.0, "selection")
        fit([1.0] * 3, record)
        state = record.state_dict()
        assert (state["stage"], state["epochs"]) == ("selection", 3)
        assert 100.0 < state["seconds"] < 110.0

    def test_after_a_fit_its_seconds_stand_still(self) -> None:
        record = FitRecord("refit")
        fit([1.0], record)
        assert record.seconds == record.state_dict()["seconds"] == record.state_dict()["seconds"]

    def test_a_checkpoint_in_the_middle_of_a_fit_has_the_seconds_so_far(self, tmp_path: Path) -> None:
        record = after(100.0, "selection")
        fit([1.0] * 3, record, every_epoch(tmp_path), enable_checkpointing=True)
        seconds = [state_in(path)["seconds"] for path in sorted(tmp_path.glob("*.ckpt"))]
        assert len(seconds) == 3
        assert 100.0 < seconds[0] < seconds[1] < seconds[2] < record.seconds

    def test_a_resumed_fit_adds_its_seconds_to_those_of_the_checkpoint(self, tmp_path: Path) -> None:
        first, second = after(100.0, "refit"), FitRecord("selection")
        fit([1.0] * 4, first, max_epochs=2).save_checkpoint(tmp_path / "half.ckpt")
        fit([1.0] * 4, second, ckpt_path=tmp_path / "half.ckpt")
        assert second.stage == "refit"
        assert second.epochs == 4
        assert first.seconds < second.seconds < 110.0

    def test_a_resume_in_the_middle_of_a_fit_does_not_count_the_first_seconds_twice(self, tmp_path: Path) -> None:
        fit([1.0] * 3, after(100.0, "refit"), every_epoch(tmp_path), enable_checkpointing=True)
        resumed = FitRecord("refit")
        first_epoch = min(tmp_path.glob("*.ckpt"))
        fit([1.0] * 3, resumed, ckpt_path=first_epoch)
        assert state_in(first_epoch)["seconds"] < resumed.seconds < 110.0
