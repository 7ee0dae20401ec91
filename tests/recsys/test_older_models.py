"""Models that an earlier version left are loaded, predict the same, and are taken up by the command.

`tests/recsys/fixtures/README.md` says what they are.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from data.datamodules import MovieLensDataModule
from recsys import artifact
from recsys.command.main import main
from tests.recsys.fixtures.generated_ratings import generated_ratings

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ("linear_network", "user_item_embedding", "bayesian_embedding")
of_every_kind = pytest.mark.parametrize("name", NAMES)
# Sums are added up in another order on another machine. In a full matrix whose penalty has a kink rounding grows from
# step to step: changes of 6e-8 in the checkpoint's weights make 0.009 in the effective rank, and 0.003 in an RMSE. A
# resume that loses Adam's moments makes 0.06.
ROUNDING = {"user_item_embedding": 2e-4, "linear_network": 0.02}


def numbers(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FIXTURES / name / "numbers.json").read_text())
    return read


@pytest.fixture(autouse=True)
def _in_an_empty_folder_with_the_generated_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["recsys"])
    monkeypatch.setattr(MovieLensDataModule, "ratings", property(lambda _: generated_ratings()))


def recsys(subcommand: str, name: str, checkpoint: str, *more: str) -> None:
    folder = FIXTURES / name
    main([subcommand, f"--config={folder}/config.yaml", f"--ckpt_path={folder}/{checkpoint}", *more])


@of_every_kind
def test_an_artefact_predicts_what_it_did(name: str) -> None:
    model, recorded = artifact.load(FIXTURES / name / "artefact"), numbers(name)
    pairs = recorded["users"], recorded["items"]
    assert np.array_equal(model.predict(*pairs).ratings, np.float32(recorded["ratings"]))
    at_times = model.predict(*pairs, recorded["times"]).ratings
    assert at_times == pytest.approx(recorded["ratings_at_times"], abs=1e-6)
    assert (model.manifest.format, model.manifest.rating_scale, model.manifest.rating_step) == (3, (1, 5), 1)


@of_every_kind
def test_a_checkpoint_predicts_what_the_artefact_does(name: str) -> None:
    recsys("predict", name, "refit.ckpt")
    predicted = pd.read_csv("predictions.csv")
    model = artifact.load(FIXTURES / name / "artefact")
    served = model.predict(predicted["user_id"].to_numpy(), predicted["item_id"].to_numpy()).ratings
    assert predicted["predicted_as_served"].to_numpy() == pytest.approx(served, abs=1e-5)
    error = ((predicted["rating"] - predicted["predicted"]) ** 2).mean() ** 0.5
    assert error == pytest.approx(numbers(name)["metrics"]["test_rmse"], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "checkpoint"), [("user_item_embedding", "refit.ckpt"), ("linear_network", "selection.ckpt")]
)
def test_a_fit_that_goes_on_from_a_checkpoint_ends_as_one_that_was_never_stopped(name: str, checkpoint: str) -> None:
    recsys("fit", name, checkpoint, "--trainer.max_epochs=16")
    metrics = artifact.load(Path("artifacts/latest")).manifest.metrics
    recorded = numbers(name)["metrics_of_16_epochs"]
    assert metrics.keys() == recorded.keys()
    assert {**metrics, "fit_seconds": 0.0} == pytest.approx({**recorded, "fit_seconds": 0.0}, abs=ROUNDING[name])


def test_a_fit_does_not_go_on_from_a_sampler_that_drew_less(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        recsys("fit", "bayesian_embedding", "refit.ckpt", "--trainer.max_epochs=16")
    assert "It can be tested and predicted with; to fit, start anew" in capsys.readouterr().err


def test_a_checkpoint_of_a_selection_is_validated(capsys: pytest.CaptureFixture[str]) -> None:
    recsys("validate", "linear_network", "selection.ckpt")
    (printed,) = re.findall(r" val_rmse \D+([\d.]+)", capsys.readouterr().out)
    assert float(printed) == pytest.approx(numbers("linear_network")["metrics"]["validation_rmse"], abs=1e-5)


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("*/*.ckpt")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_checkpoint_is_read_without_running_code_from_it(file: Path) -> None:
    assert torch.load(file, weights_only=True)["callbacks"]["FitRecord"]["configuration"]["model"]["class_path"]
