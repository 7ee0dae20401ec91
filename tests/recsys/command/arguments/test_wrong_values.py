"""Every kind of value for every argument of the Trainer ends in a fit or in a message, never in a traceback."""

from __future__ import annotations

import inspect

import pytest
import pytorch_lightning as pl

from tests.recsys.command.conftest import CONFIGS, Command

FIT = (
    "fit", "--config", CONFIGS / "embedding-adam-ratio.yaml", "--trainer.max_epochs", 1,
    "--trainer.check_val_every_n_epoch", 1,
)  # fmt: skip
VALUES = ("nonsense", "-7", "0.5", "[]", '{"a": 1}', "null", "1e400", "true")


@pytest.mark.slow
@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize("name", [name for name in inspect.signature(pl.Trainer.__init__).parameters if name != "self"])
def test_any_value_of_an_argument_is_taken_or_refused_in_a_line(
    recsys: Command, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    for value in VALUES:
        try:
            recsys(*FIT, f"--trainer.{name}={value}")
        except SystemExit as stopped:
            assert stopped.code in (1, 2)  # any other exception would be a traceback
            assert "recsys: " in capfd.readouterr().err
