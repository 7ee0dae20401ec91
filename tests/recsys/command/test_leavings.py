"""What a fit leaves: nothing that was not asked for, nothing over somebody else's file, nothing unfinished."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from recsys import artifact
from tests.recsys.command.conftest import CONFIGS, DEFAULT, SHORT, Command

REFIT_ALONE = ("--data.validation", 0, "--trainer.max_epochs", 1)
MINE = """# my settings, with comments
data: {validation: 0.0}
trainer: {max_epochs: 1}
"""


def tree(folder: Path = Path()) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.filterwarnings("ignore:Experiment logs directory")  # is not empty, as is meant here
@pytest.mark.parametrize(
    "logger",
    [
        ("--trainer.logger", "false"),
        tuple(f"--trainer.logger.init_args.{name}" for name in ("save_dir=.", "name=", "version=")),
    ],
    ids=["without a logger", "with logs beside it"],
)
def test_the_file_that_settings_come_from_is_not_written_to(recsys: Command, logger: tuple[str, ...]) -> None:
    Path("config.yaml").write_text(MINE)
    recsys("fit", *DEFAULT, "--config", "config.yaml", *logger)
    assert Path("config.yaml").read_text() == MINE
    expected = {"config.yaml", "artifacts", "checkpoints"} | (
        {"hparams.yaml", "metrics.csv"} if len(logger) > 2 else set()
    )
    assert {path.name for path in Path().iterdir()} == expected


def test_each_stage_logs_what_was_asked_for_and_not_what_it_made_of_it(finished: Path) -> None:
    for version in (0, 1):
        written = finished / f"logs/lnn-adam-smoothed-ratio-0.9/version_{version}/config.yaml"
        logged = yaml.safe_load(written.read_text())
        assert logged["data"]["init_args"]["validation"] == 0.1
        assert logged["trainer"]["max_epochs"] == 4


@pytest.mark.usefixtures("few_ratings")
def test_an_artefact_says_how_to_train_it_again(recsys: Command) -> None:
    recsys("fit", *DEFAULT, *SHORT)
    first = artifact.load("artifacts/latest")
    recsys("fit", "--config", "artifacts/latest/config.yaml")
    again = artifact.load("artifacts/latest")
    assert all(np.array_equal(again.arrays[name], array) for name, array in first.arrays.items())
    assert again.manifest.configuration == first.manifest.configuration
    assert yaml.safe_load(Path("artifacts/latest/config.yaml").read_text()) == first.manifest.configuration
    said = Path("artifacts/latest/manifest.json").read_text()
    assert str(Path.home()) not in said
    assert str(Path.cwd()) not in said


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize("recipe", ["lnn-adam-ratio", "best-all"])
def test_a_rehearsal_leaves_everything_as_it_was(recsys: Command, recipe: str) -> None:
    for name in (
        "artifacts/latest/manifest.json",
        f"checkpoints/{recipe}-0.9/selection.ckpt",
        f"checkpoints/{recipe}-0.9/refit.ckpt",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("of an earlier fit")
    before = tree()
    printed = recsys("fit", "--config", CONFIGS / f"{recipe}.yaml", "--trainer.fast_dev_run", "true")
    assert tree() == before
    assert "trainer.fast_dev_run True: nothing will be exported" in printed
    assert "none: nothing is exported with trainer.fast_dev_run True" in printed
    assert "checkpoint  " not in printed


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize("limit", [("max_steps", 1), ("max_time", "00:00:10:00"), ("limit_train_batches", 0.5)])
def test_a_limited_fit_exports_nothing(recsys: Command, limit: tuple[str, object]) -> None:
    printed = recsys("fit", *DEFAULT, *REFIT_ALONE, f"--trainer.{limit[0]}", limit[1], "--data.batch_size", 300)
    assert f"none: nothing is exported with trainer.{limit[0]}" in printed
    assert not Path("artifacts").exists()


@pytest.mark.usefixtures("few_ratings")
def test_the_test_ratings_can_be_left_alone_and_the_published_model_too(recsys: Command) -> None:
    recsys("fit", *DEFAULT, *REFIT_ALONE)
    published = Path("artifacts/latest").resolve()
    printed = recsys("fit", *DEFAULT, *REFIT_ALONE, "--run.test", "false", "--run.publish", "false", "--run.keep", 1)
    assert "left alone, as --run.test false asks" in printed
    assert Path("artifacts/latest").resolve() == published
    (new,) = set(Path("artifacts").resolve().glob("2*")) - {published}
    metrics = json.loads((new / "metrics.json").read_text())
    assert not [name for name in metrics if name.startswith(("test_", "validation_"))]
    assert f"recsys publish artifacts/{new.name}" in printed
    assert recsys("publish", f"artifacts/{new.name}").endswith(": lnn-adam-smoothed-ratio-0.9\n")
    assert Path("artifacts/latest").resolve() == new
