"""Every argument of the Trainer and every class that is not refused: it trains, goes on from a checkpoint, exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys import artifact
from tests.recsys.command.arguments.supported import CALLBACKS, LIMITING, OPTIMIZERS, SCHEDULERS, VALUES
from tests.recsys.command.conftest import CONFIGS, Command

SHORT = (
    "--config", CONFIGS / "embedding-adam-ratio.yaml", "--trainer.max_epochs", 4, "--run.checkpoint_every", 1,
    "--trainer.check_val_every_n_epoch", 1,
)  # fmt: skip
CASES = [
    *((f"--trainer.{name}", value) for name, values in VALUES.items() for value in values),
    *(("--trainer.callbacks", name, *arguments) for name, arguments in CALLBACKS.items()),
    *(("--optimizer", name, *arguments) for name, arguments in OPTIMIZERS.items()),
    *(("--lr_scheduler", name, *arguments) for name, arguments in SCHEDULERS.items()),
]
QUICK = {"LearningRateMonitor", "ReduceLROnPlateau"}  # reported to end in a traceback; the others are marked slow


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize(
    "options",
    [pytest.param(case, marks=[] if case[1] in QUICK else pytest.mark.slow, id=" ".join(case)) for case in CASES],
)
def test_a_fit_with_it_trains_goes_on_and_exports(recsys: Command, options: tuple[str, ...]) -> None:
    if "TensorBoardLogger" in options:
        options += ("--trainer.logger.save_dir", "logs")
    if options[:2] == ("--trainer.max_epochs", "-1"):
        options += ("--selection.patience", "1")
    said = recsys("fit", *SHORT, *options, "--run.artifacts", "whole")
    assert "Traceback" not in said
    assert "  test RMSE " in said
    if options[0].removeprefix("--trainer.") in LIMITING:
        return
    whole = artifact.load(Path("whole/latest"))
    (checkpoint,) = Path("checkpoints").glob("*/selection.ckpt")
    recsys("fit", *SHORT, *options, "--run.artifacts", "resumed", "--ckpt_path", checkpoint)
    resumed = artifact.load(Path("resumed/latest"))
    assert resumed.manifest.metrics["test_rmse"] == whole.manifest.metrics["test_rmse"]


@pytest.mark.slow
@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize("recipe", ["lnn-adam-ratio", "best-ratings"])
def test_other_models_take_the_same_arguments(recsys: Command, recipe: str) -> None:
    options = (
        "--trainer.deterministic",
        "true",
        "--trainer.detect_anomaly",
        "true",
        "--trainer.log_every_n_steps",
        "1",
    )
    few: tuple[object, ...] = ("--trainer.max_epochs", 3, "--trainer.check_val_every_n_epoch", 1)
    if recipe == "best-ratings":
        few += ("--model.point_epochs", 1, "--model.burn_in", 0)
    assert "  test RMSE " in recsys("fit", "--config", CONFIGS / f"{recipe}.yaml", *few, *options)
