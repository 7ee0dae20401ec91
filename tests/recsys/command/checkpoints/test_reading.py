"""What a checkpoint is compared with before a command goes on from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from recsys import artifact
from recsys.command.checkpoints.reading import read_checkpoint
from recsys.command.settings import FREE, deciding, differences, limits
from recsys.errors import CommandError
from tests.recsys.command.conftest import DEFAULT, SHORT, Command
from tests.recsys.command.test_errors import refused

SELECTION, REFIT = (f"checkpoints/lnn-adam-smoothed-ratio-0.9/{stage}.ckpt" for stage in ("selection", "refit"))


@pytest.fixture
def asked(finished: Path) -> dict[str, Any]:
    """All settings of a fit, by section."""
    written = finished / "logs/lnn-adam-smoothed-ratio-0.9/version_0/config.yaml"
    settings: dict[str, Any] = yaml.safe_load(written.read_text())
    return settings


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--optimizer", "SGD"), "optimizer: torch.optim.Adam in the checkpoint, torch.optim.SGD asked for"),
        (("--optimizer.lr", 0.5), "optimizer.init_args.lr: 0.06 in the checkpoint, 0.5 asked for"),
        (("--optimizer.eps", 0.1), "optimizer.init_args.eps: 1e-08 in the checkpoint, 0.1 asked for"),
        (
            ("--lr_scheduler", "LinearLR"),
            "lr_scheduler: None in the checkpoint, torch.optim.lr_scheduler.LinearLR asked for",
        ),
        (("--seed_everything", 1), "seed_everything: 0 in the checkpoint, 1 asked for"),
        (("--trainer.gradient_clip_val", 0.5), "trainer.gradient_clip_val: None in the checkpoint, 0.5 asked for"),
        (("--trainer.accumulate_grad_batches", 2), "trainer.accumulate_grad_batches: 1 in the checkpoint, 2 asked for"),
        (("--trainer.check_val_every_n_epoch", 2), "trainer.check_val_every_n_epoch: 1 in the checkpoint, 2 asked for"),
        (("--trainer.max_epochs", 3), "trainer.max_epochs: 4 epochs in the checkpoint, 3 asked for"),
        (("--selection.patience", 9), "selection.patience: 3 in the checkpoint, 9 asked for"),
        (("--data.split", "u1"), "data.init_args.split: '0.9' in the checkpoint, 'u1' asked for"),
        (("--data.seed", 2), "data.init_args.seed: 0 in the checkpoint, 2 asked for"),
        (("--data.validation", 0.2), "data.init_args.validation: 0.1 in the checkpoint, 0.2 asked for"),
        (("--data.batch_size", 500), "data.init_args.batch_size: None in the checkpoint, 500 asked for"),
        (("--model.init_args.depth", 2), "model.init_args.depth: 1 in the checkpoint, 2 asked for"),
        (("--model.init_args.penalty.init_args.strength", 2.0), "strength: 1.2 in the checkpoint, 2.0 asked for"),
        (("--model", "UserItemEmbedding"), "recsys.models.LinearNetwork in the checkpoint"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_a_fit_goes_on_with_the_settings_of_its_checkpoint_alone(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path, options: tuple[object, ...], line: str
) -> None:
    checkpoint = finished / SELECTION
    text = refused(recsys, capfd, "fit", *DEFAULT, *SHORT, *options, "--ckpt_path", checkpoint)
    assert f"{checkpoint} was trained with other settings" in text
    assert line in text
    assert not list(Path().iterdir())


def leaves(settings: Any, name: str = "") -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each setting: where it stands, under which key, and its name."""
    for key, value in settings.items():
        inner = f"{name}.{key}" if name else key
        if isinstance(value, dict) and inner not in FREE:
            yield from leaves(value, inner)
        else:
            yield settings, key, inner


def test_every_setting_is_compared_but_for_those_that_are_named_as_free(asked: dict[str, Any]) -> None:
    trained = deciding(asked)
    names = set()
    for place, key, name in list(leaves(asked)):
        before, place[key] = place[key], "another value"
        different = differences(trained, deciding(asked))
        place[key] = before
        names.add(name)
        expected = name.removesuffix(".class_path")
        assert [line.partition(":")[0] for line in different] == ([] if name in FREE else [expected]), name
    assert names >= FREE  # so that none is misspelt


def test_a_setting_that_only_one_of_two_versions_has_is_a_difference(asked: dict[str, Any]) -> None:
    trained = deciding(asked)
    asked["trainer"]["new_argument"] = 3
    (line,) = differences(trained, deciding(asked))
    assert line == "trainer.new_argument: nothing in the checkpoint, 3 asked for"


def test_what_decides_nothing_may_differ(recsys: Command, finished: Path) -> None:
    recsys(
        "fit", *DEFAULT, *SHORT, "--ckpt_path", finished / REFIT, "--run.name", "other", "--run.keep", "null",
        "--trainer.log_every_n_steps", 3, "--trainer.logger", "false", "--run.artifacts", "elsewhere",
    )  # fmt: skip
    resumed, whole = (artifact.load(folder / "latest") for folder in (Path("elsewhere"), finished / "artifacts"))
    assert all(np.array_equal(resumed.arrays[name], array) for name, array in whole.arrays.items())
    of_selection = ("validation_rmse", "validation_mae")
    assert [resumed.manifest.metrics[name] for name in of_selection] == [
        whole.manifest.metrics[name] for name in of_selection
    ]


def test_more_epochs_after_a_selection_would_be_another_choice(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path
) -> None:
    more = ("--trainer.max_epochs", 5, "--ckpt_path", finished / REFIT)
    assert "trainer.max_epochs: 4 in the checkpoint, 5 asked for" in refused(
        recsys, capfd, "fit", *DEFAULT, *SHORT, *more
    )


def altered(checkpoint: Path, **changes: object) -> Path:
    """A copy of a checkpoint, in the working directory, whose record says something else."""
    content = torch.load(checkpoint, weights_only=True)
    content["callbacks"]["FitRecord"].update(changes)
    torch.save(content, "altered.ckpt")
    return Path("altered.ckpt")


@pytest.mark.parametrize(("subcommand", "stage"), [("fit", SELECTION), ("test", REFIT), ("validate", SELECTION)])
def test_a_checkpoint_of_other_ratings_is_refused(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path, subcommand: str, stage: str
) -> None:
    checkpoint = altered(finished / stage, data_sha256="0" * 64)
    text = refused(recsys, capfd, subcommand, *DEFAULT, *SHORT, "--ckpt_path", checkpoint)
    assert "data, SHA-256: 000000000000… in the checkpoint" in text


def test_a_checkpoint_of_another_format_is_refused(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path
) -> None:
    text = refused(recsys, capfd, "test", *DEFAULT, "--ckpt_path", altered(finished / REFIT, format=1))
    assert "is a checkpoint of format 1" in text


def test_other_versions_of_libraries_are_named(recsys: Command, finished: Path) -> None:
    checkpoint = altered(finished / REFIT, versions={"torch": "1.0"})
    assert "torch 1.0 in the checkpoint" in recsys("test", *DEFAULT, "--ckpt_path", checkpoint)


def test_testing_compares_model_and_data_and_nothing_else(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path
) -> None:
    checkpoint = ("--ckpt_path", finished / REFIT)
    recsys("test", *DEFAULT, *checkpoint, "--optimizer", "SGD", "--seed_everything", 3, "--data.validation", 0)
    text = refused(recsys, capfd, "test", *DEFAULT, *checkpoint, "--data.split", "0.8")
    # Testing on another split would test on ratings that the model was trained on.
    assert "data.init_args.split: '0.9' in the checkpoint, '0.8' asked for" in text
    assert "depth: 1 in the checkpoint" in refused(
        recsys, capfd, "predict", *DEFAULT, *checkpoint, "--model.init_args.depth", 2
    )


def test_a_model_is_not_validated_on_ratings_that_it_was_trained_on(
    recsys: Command, capfd: pytest.CaptureFixture[str], finished: Path
) -> None:
    text = refused(recsys, capfd, "validate", *DEFAULT, "--ckpt_path", finished / REFIT)
    assert "was trained on the validation ratings" in text
    assert f"--ckpt_path {finished / SELECTION}" in text


def test_no_selection_is_advised_where_there_was_none(finished: Path) -> None:
    read = read_checkpoint(finished / REFIT)
    alone = replace(read, configuration={**read.configuration, "data": {"init_args": {"validation": 0.0}}})
    with pytest.raises(CommandError, match="Its fit had no selection"):
        alone.require_for_validation()


def test_a_checkpoint_says_what_it_was_asked_for_in_plain_values_without_paths(finished: Path) -> None:
    record = torch.load(finished / REFIT, weights_only=True)["callbacks"]["FitRecord"]
    assert record["configuration"]["data"]["init_args"]["validation"] == 0.1  # as asked for, though the refit has none
    assert record["configuration"]["trainer"]["max_epochs"] == 4
    assert str(finished) not in str(record)
    assert yaml.safe_load(yaml.safe_dump(record)) == record


def test_of_an_absolute_path_the_last_part_is_recorded(asked: dict[str, Any]) -> None:
    asked["trainer"]["callbacks"] = [
        {"class_path": "ModelCheckpoint", "init_args": {"dirpath": "/home/me/secret/last"}}
    ]
    assert "/home/me" not in str(deciding(asked))
    assert "last" in str(deciding(asked))


@pytest.mark.parametrize(
    ("setting", "value", "is_limit"),
    [
        ("fast_dev_run", 3, True), ("fast_dev_run", False, False), ("limit_train_batches", 1, True),
        ("limit_train_batches", 1.0, False), ("limit_val_batches", 0.5, True), ("limit_test_batches", 0, True),
        ("overfit_batches", 1.0, True), ("overfit_batches", 0.0, False), ("max_steps", 10, True),
        ("max_steps", -1, False), ("max_time", "00:00:01:00", True), ("max_epochs", 1, False),
        ("callbacks", [{"class_path": "pytorch_lightning.callbacks.LearningRateMonitor"}], False),
    ],
)  # fmt: skip
def test_what_ends_a_fit_early_or_holds_ratings_back_is_a_limit(
    asked: dict[str, Any], setting: str, value: object, is_limit: bool
) -> None:
    assert limits(asked) == []
    asked["trainer"][setting] = value
    assert [line.split()[0] for line in limits(asked)] == ([f"trainer.{setting}"] if is_limit else [])
