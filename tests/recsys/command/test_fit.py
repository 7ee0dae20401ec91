"""`recsys fit` on real ratings: select, refit, test once, export."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from data.datamodules import MovieLensDataModule
from recsys import artifact
from recsys.models import LinearNetwork, UserItemEmbedding
from tests.recsys.command.conftest import CONFIGS, DEFAULT, SHORT, Command

EMBEDDING = ("--config", CONFIGS / "embedding-adam-ratio.yaml", "--data.batch_size", 8192)


def arrays(directory: Path) -> dict[str, np.ndarray]:
    return artifact.load(directory).arrays


def wait_for(checkpoint: Path, process: subprocess.Popen[Any]) -> None:
    """Wait until a running fit has written its first checkpoint."""
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert checkpoint.exists()


def test_fit_selects_refits_tests_once_and_exports(recsys: Command) -> None:
    printed = recsys("fit", *DEFAULT, *SHORT)

    metrics = json.loads(Path("artifacts/latest/metrics.json").read_text())
    assert metrics.keys() == {
        "model", "split", "seed", "validation_rmse", "validation_mae", "validation_rmse_as_served",
        "validation_mae_as_served", "test_rmse", "test_mae", "test_rmse_as_served", "test_mae_as_served",
        "test_ratings_of_unknown_users", "test_ratings_of_unknown_items", "test_rmse_of_unknown_items",
        "effective_rank", "steps", "fit_seconds",
    }  # fmt: skip
    assert (metrics["model"], metrics["split"], metrics["seed"]) == ("lnn-adam-smoothed-ratio-0.9", "0.9", 0)
    assert 0.89 < metrics["test_rmse"] < 0.94  # four steps already beat the damped means, 0.9403
    assert metrics["test_rmse_as_served"] == metrics["test_rmse"]  # the model knows of no times
    assert 1 <= metrics["steps"] <= 4
    assert f"  test RMSE        {metrics['test_rmse']:.4f}\n" in printed
    assert (metrics["test_ratings_of_unknown_users"], metrics["test_ratings_of_unknown_items"]) == (0, 24)
    said = "the RMSE of the 24 test ratings of items without training ratings"
    assert f"{metrics['test_rmse_of_unknown_items']:.4f}, {said}" in printed
    assert "unknown users" not in printed
    assert "selection: validation RMSE" in printed
    assert Path("checkpoints/lnn-adam-smoothed-ratio-0.9/selection.ckpt").is_file()
    assert Path("checkpoints/lnn-adam-smoothed-ratio-0.9/refit.ckpt").is_file()
    assert "\x1b" not in printed  # no progress bar where there is no terminal


@pytest.mark.slow
@pytest.mark.usefixtures("few_ratings")
def test_the_logs_hold_losses_penalty_rank_and_singular_values_at_the_stated_interval(recsys: Command) -> None:
    recsys("fit", *DEFAULT, "--data.validation", 0, "--trainer.max_epochs", 6, "--trainer.log_every_n_steps", 2)
    log = pd.read_csv("logs/lnn-adam-smoothed-ratio-0.9/version_0/metrics.csv")
    columns = ["train_loss", "train_rmse", "penalty", "effective_rank", "singular_value_1", "singular_value_5"]
    rows = log.dropna(subset=columns, how="all")
    assert rows["step"].nunique() == 3
    assert log[columns].notna().any().all()
    assert Path("logs/lnn-adam-smoothed-ratio-0.9/version_0/config.yaml").is_file()


def expect_equal_predictions(folder: Path, kind: type[LinearNetwork | UserItemEmbedding]) -> None:
    """Of a fit's last checkpoint and its artefact, to the last bit."""
    (checkpoint,) = folder.glob("checkpoints/*/refit.ckpt")
    model = kind.load_from_checkpoint(checkpoint)
    data = MovieLensDataModule(validation=0)
    users, items, _ = next(iter(data.test_dataloader()))
    exported = artifact.load(folder / "artifacts/latest")
    predicted = exported.predict(data.ratings.user_ids[users.numpy()], data.ratings.item_ids[items.numpy()])
    with torch.no_grad():
        assert np.array_equal(predicted.ratings, model.rate(users, items).numpy())
    unrated = np.isin(items.numpy(), data.training_set()[1].numpy(), invert=True)
    sources = np.array(artifact.SOURCES)[predicted.sources]
    assert sources.tolist() == np.where(unrated, "user_mean", "model").tolist()


def test_the_artefact_of_a_network_predicts_what_it_predicts_to_the_last_bit(finished: Path) -> None:
    expect_equal_predictions(finished, LinearNetwork)


def test_the_artefact_of_an_embedding_predicts_what_it_predicts_to_the_last_bit(recsys: Command) -> None:
    recsys("fit", *EMBEDDING, "--data.validation", 0, "--trainer.max_epochs", 2)
    expect_equal_predictions(Path(), UserItemEmbedding)


def test_the_artefact_carries_the_training_ratings_and_the_item_table(finished: Path) -> None:
    data = MovieLensDataModule(validation=0)
    users, items, ratings = (part.numpy() for part in data.training_set())
    exported = artifact.load(finished / "artifacts/latest")
    order = np.lexsort((items, users))
    for name, expected in (("users", users), ("items", items), ("values", ratings)):
        assert np.array_equal(exported.arrays[f"rating_{name}"], expected[order])
    assert exported.items.titles == tuple(data.ratings.item_table["title"])
    assert exported.items.genres == tuple(data.ratings.item_table["genres"])
    years = exported.items.years
    assert years is not None
    assert (exported.items.titles[0], years[0]) == ("Toy Story", 1995)
    assert None in years
    assert not exported.items.attributes


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize("recipe", [DEFAULT, EMBEDDING])
def test_a_resumed_fit_ends_with_the_same_weights_as_one_that_was_never_stopped(
    recsys: Command, recipe: tuple[object, ...]
) -> None:
    whole = ("fit", *recipe, "--data.validation", 0, "--run.checkpoint_every", 2)
    recsys(*whole, "--trainer.max_epochs", 4, "--run.artifacts", "uninterrupted")
    recsys(*whole, "--trainer.max_epochs", 2, "--run.artifacts", "first-half")
    (checkpoint,) = Path("checkpoints").glob("*/refit.ckpt")
    recsys(*whole, "--trainer.max_epochs", 4, "--run.artifacts", "resumed", "--ckpt_path", checkpoint)

    resumed, uninterrupted = arrays(Path("resumed/latest")), arrays(Path("uninterrupted/latest"))
    half = arrays(Path("first-half/latest"))
    assert all(np.array_equal(resumed[name], uninterrupted[name]) for name in uninterrupted)
    assert any(not np.array_equal(half[name], uninterrupted[name]) for name in uninterrupted)


@pytest.mark.slow
def test_a_fit_killed_in_either_stage_resumes_to_the_numbers_of_one_that_was_not(recsys: Command) -> None:
    options = [*DEFAULT, "--trainer.max_epochs", 4, "--trainer.check_val_every_n_epoch", 2]
    options += ["--run.checkpoint_every", 1]
    command = [sys.executable, "-m", "recsys.command", "fit", *map(str, options)]
    for stage in ("selection", "refit"):
        checkpoint = Path(f"checkpoints/lnn-adam-smoothed-ratio-0.9/{stage}.ckpt")
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(CONFIGS.parents[1])}) as process:
            wait_for(checkpoint, process)
            process.send_signal(signal.SIGKILL)
        assert not Path("artifacts/latest").exists()
        recsys("fit", *options, "--ckpt_path", checkpoint, "--run.artifacts", stage)
        shutil.rmtree("checkpoints")

    recsys("fit", *options, "--run.artifacts", "uninterrupted")
    expected = arrays(Path("uninterrupted/latest"))["matrix"]
    for stage in ("selection", "refit"):
        assert np.array_equal(arrays(Path(f"{stage}/latest"))["matrix"], expected)


@pytest.mark.slow
def test_an_interrupted_fit_says_how_to_go_on(recsys: Command) -> None:
    command = [sys.executable, "-m", "recsys.command", "fit", *map(str, EMBEDDING), "--data.validation", "0"]
    command += ["--run.checkpoint_every", "1", "--trainer.max_epochs", "100000"]
    environment = {**os.environ, "PYTHONPATH": str(CONFIGS.parents[1])}
    checkpoint = Path("checkpoints/embedding-adam-ratio-0.9/refit.ckpt")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(checkpoint, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"recsys: Interrupted. Go on with --ckpt_path {checkpoint}." in errors
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.usefixtures("few_ratings")
def test_tensorboard_logs_by_configuration(recsys: Command) -> None:
    recsys("fit", *DEFAULT, *SHORT, "--trainer.logger", "TensorBoardLogger", "--trainer.logger.save_dir", "logs")
    assert list(Path("logs/lnn-adam-smoothed-ratio-0.9").glob("version_0/events.out.tfevents.*"))


@pytest.mark.usefixtures("few_ratings")
def test_the_environment_sets_options(recsys: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_FIT__DATA__SEED", "3")
    recsys("fit", *DEFAULT, *SHORT)
    assert json.loads(Path("artifacts/latest/metrics.json").read_text())["seed"] == 3


@pytest.mark.usefixtures("few_ratings")
def test_optimiser_and_schedule_come_from_the_command_line(recsys: Command) -> None:
    recsys(
        "fit", *DEFAULT, *SHORT, "--optimizer", "SGD", "--optimizer.momentum", 0.5,
        "--lr_scheduler", "LinearLR", "--lr_scheduler.total_iters", 4,
    )  # fmt: skip
    state = torch.load("checkpoints/lnn-adam-smoothed-ratio-0.9/refit.ckpt", weights_only=True)
    assert "last_epoch" in state["lr_schedulers"][0]
    assert state["optimizer_states"][0]["param_groups"][0]["momentum"] == 0.5
