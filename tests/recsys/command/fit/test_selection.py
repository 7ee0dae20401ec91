"""The number of epochs is the one with the lowest validation RMSE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys.command.fit.selection import EpochSelection
from tests.recsys.command.scripted_fit import Scripted, batches, fit


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
