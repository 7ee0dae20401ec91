"""The progress bar of a fit counts epochs."""

from __future__ import annotations

import threading

import pytest

from recsys.command.fit.progress import EpochProgress
from tests.recsys.command.scripted_fit import fit


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
