"""What a user is told when a command cannot be carried out: one message, no traceback, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command.conftest import CONFIGS, Command

RECIPE = ("--config", CONFIGS / "lnn-adam-ratio-90.yaml")
ONE_EPOCH = ("--trainer.max_epochs", 1, "--trainer.check_val_every_n_epoch", 1)


def refused(recsys: Command, capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        recsys(*arguments)
    assert stopped.value.code not in (0, None)
    text = capfd.readouterr().err
    assert "Traceback" not in text
    return text


def test_a_diverging_fit_names_the_step_and_what_to_lower(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    text = refused(recsys, capfd, "fit", *RECIPE, "--optimizer.lr", 1e30)
    assert "step 1" in text
    assert "--optimizer.lr" in text
    assert not Path("artifacts").exists()


def test_an_unknown_split_lists_the_known_ones(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    text = refused(recsys, capfd, "fit", *RECIPE, *ONE_EPOCH, "--data.split", "u9")
    assert "u9" in text
    assert "kfold" in text


def test_an_unknown_data_set_lists_the_known_ones(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    assert "32m" in refused(recsys, capfd, "fit", *RECIPE, *ONE_EPOCH, "--data.name", "3m")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint_is_refused(
    recsys: Command, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    Path("last.ckpt").write_bytes(content)
    assert "last.ckpt is damaged or no checkpoint" in refused(recsys, capfd, "fit", *RECIPE, "--ckpt_path", "last.ckpt")


@pytest.mark.parametrize("subcommand", ["validate", "test", "predict"])
def test_a_model_that_was_never_trained_is_not_evaluated(
    recsys: Command, capfd: pytest.CaptureFixture[str], subcommand: str
) -> None:
    text = refused(recsys, capfd, subcommand, *RECIPE)
    stage = "selection" if subcommand == "validate" else "refit"
    assert f"give --ckpt_path, such as checkpoints/lnn-adam-ratio-90/{stage}.ckpt" in text


def test_a_missing_checkpoint_is_named(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    assert "gone.ckpt cannot be read" in refused(recsys, capfd, "test", *RECIPE, "--ckpt_path", "gone.ckpt")


def test_a_fit_too_short_for_a_validation_says_which_options_to_change(
    recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    text = refused(recsys, capfd, "fit", *RECIPE, "--trainer.max_epochs", 2, "--trainer.check_val_every_n_epoch", 3)
    assert "--trainer.check_val_every_n_epoch" in text


@pytest.mark.parametrize(
    "option",
    [
        ("--data.validation", 1.5),
        ("--data.batch_size", 0),
        ("--model.init_args.depth", 0),
        ("--model.init_args.penalty.init_args.strength", -1),
        ("--run.no_such_option", 1),
    ],
)
def test_a_value_out_of_range_is_refused(
    recsys: Command, capfd: pytest.CaptureFixture[str], option: tuple[str, object]
) -> None:
    refused(recsys, capfd, "fit", *RECIPE, *ONE_EPOCH, *option)
