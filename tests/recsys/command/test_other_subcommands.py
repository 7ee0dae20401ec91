"""`recsys validate`, `test` and `predict` on a checkpoint, help and printed configurations."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from recsys.command.recipes import recipe_names
from recsys.command.run import Run
from tests.recsys.command.conftest import CONFIGS, DEFAULT, Command

REFIT, SELECTION = (f"checkpoints/lnn-adam-smoothed-ratio-0.9/{stage}.ckpt" for stage in ("refit", "selection"))


def test_predict_writes_the_test_ratings_beside_the_predicted_ones(recsys: Command, finished: Path) -> None:
    printed = recsys("predict", *DEFAULT, "--ckpt_path", finished / REFIT, "--run.predictions", "out/test.csv")
    assert "10,000 predictions written to out/test.csv" in printed
    table = pd.read_csv("out/test.csv")
    assert list(table.columns) == ["user_id", "item_id", "timestamp", "rating", "predicted", "predicted_as_served"]
    assert len(table) == 10_000
    assert table["predicted"].between(1, 5).all()
    rmse = float(np.sqrt(((table["rating"] - table["predicted"]) ** 2).mean()))
    metrics = json.loads((finished / "artifacts/latest/metrics.json").read_text())
    assert rmse == pytest.approx(metrics["test_rmse"], abs=1e-6)


def test_test_and_validate_print_the_metrics_of_a_checkpoint(recsys: Command, finished: Path) -> None:
    metrics = json.loads((finished / "artifacts/latest/metrics.json").read_text())
    tested = recsys("test", *DEFAULT, "--ckpt_path", finished / REFIT)
    (printed,) = re.findall(r"test_rmse\W+([\d.]+)", tested)
    assert float(printed) == pytest.approx(metrics["test_rmse"], abs=1e-6)
    assert "val_rmse" in recsys("validate", *DEFAULT, "--ckpt_path", finished / SELECTION)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_says_what_it_is(recsys: Command, path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        recsys("fit", "--config", path, "--print_config")
    assert stopped.value.code == 0
    config = yaml.safe_load(capfd.readouterr().out)
    assert "n_users" not in config["model"]["init_args"]  # it comes from the data, not from a person
    if path.stem != "base":
        assert config["data"]["init_args"]["split"] == "0.9"
        penalised = "-ratio" in path.stem or path.stem.startswith("best-")
        assert penalised == ("RatioPenalty" in json.dumps(config["model"]))


def test_the_rmse_table_has_a_configuration_for_each_of_our_rows() -> None:
    of_the_paper = {f"{m}-{o}{p}" for m in ("lnn", "embedding") for o in ("gd", "adam") for p in ("", "-ratio")}
    near_zero = {f"{m}-ratio-near-zero" for m in ("lnn-adam", "lnn-adam-smoothed", "embedding-adam")}
    beyond_it = {"lnn-adam-smoothed-ratio", "best-ratings", "best-all"}
    assert {*recipe_names()} == of_the_paper | near_zero | beyond_it


def test_help_explains_our_own_options(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        recsys("fit", "--help")
    text = " ".join(capfd.readouterr().out.split())
    for option in Run.__dataclass_fields__:
        assert f"--run.{option} " in text
    for explanation in (
        "validations without a new best",
        "RECSYS_FIT__",
    ):
        assert explanation in text


@pytest.mark.parametrize(
    ("source", "own"), [("MovieLensDataModule", ("name", "path", "cache")), ("TableDataModule", ("ratings", "test"))]
)
def test_help_explains_the_options_of_each_source_of_ratings(
    recsys: Command, capfd: pytest.CaptureFixture[str], source: str, own: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit):
        recsys("fit", f"--data.help={source}")
    text = " ".join(capfd.readouterr().out.split())
    for option in ("split", "seed", "validation", "batch_size", *own):
        assert f"--data.init_args.{option} " in text or f"--data.{option} " in text
    assert "share of training ratings in a random split" in text
