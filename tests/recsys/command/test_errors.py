"""What a user is told when a command cannot be carried out: one message, no traceback, nothing lost."""

from __future__ import annotations

import io
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recsys.command.arguments.messages import file_problem
from tests.recsys.command.conftest import CONFIGS, Command

RECIPE = ("--config", CONFIGS / "lnn-adam-smoothed-ratio.yaml")
EMBEDDING = ("--config", CONFIGS / "embedding-adam-ratio.yaml")
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
    assert f"give --ckpt_path, such as checkpoints/lnn-adam-smoothed-ratio-0.9/{stage}.ckpt" in text


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
        ("--optimizer.lr", "null"),
        ("--optimizer.lr", '{"a": 1}'),
        ("--trainer.max_epochs", "null"),
    ],
)
def test_a_value_out_of_range_is_refused(
    recsys: Command, capfd: pytest.CaptureFixture[str], option: tuple[str, object]
) -> None:
    refused(recsys, capfd, "fit", *RECIPE, *ONE_EPOCH, *option)


@pytest.mark.parametrize(
    ("subcommand", "option"),
    [("fit", "run.artifacts"), ("fit", "run.checkpoints"), ("predict", "run.predictions")],
)
def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(
    recsys: Command, capfd: pytest.CaptureFixture[str], subcommand: str, option: str
) -> None:
    Path("file").touch()  # where a folder is needed; root may write to any folder
    text = refused(recsys, capfd, subcommand, *RECIPE, *ONE_EPOCH, f"--{option}", "file/below")
    assert re.fullmatch(rf"recsys: --{option} file\S* cannot be written to: .*\n", text)
    assert {path.name for path in Path().iterdir()} == {"file"}


def test_the_logs_place_is_tried_too(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    where = ("--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "file/below")
    assert "--trainer.logger file/below cannot be written to" in refused(recsys, capfd, "fit", *RECIPE, *where)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let longer files fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_cannot_be_written_ends_a_fit_with_its_name_and_leaves_nothing(
    recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    with files_of_at_most(100_000):
        text = refused(recsys, capfd, "fit", *EMBEDDING, *ONE_EPOCH, "--run.checkpoint_every", 1)
    (line,) = (line for line in text.splitlines() if line.startswith("recsys: "))
    assert "selection.ckpt: File too large. Make room" in line
    assert line.endswith("This run made no checkpoint yet: start anew.")
    assert not [path for path in Path().rglob("*") if path.suffix == ".ckpt" or path.name.startswith(".writing-")]


def test_an_artefact_that_cannot_be_written_leaves_a_checkpoint_to_go_on_from(
    recsys: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    with files_of_at_most(1_250_000):  # a checkpoint has 1.05 MB, an artefact, with the ratings, 1.46 MB
        text = refused(recsys, capfd, "fit", *EMBEDDING, *ONE_EPOCH)
    checkpoint = "checkpoints/embedding-adam-ratio-0.9/refit.ckpt"
    assert "model.safetensors: File too large. Make room" in text
    assert text.endswith(f"Go on with --ckpt_path {checkpoint}.\n")
    assert not [path for path in Path("artifacts").iterdir() if path.name != ".lock"]
    assert "test RMSE" in recsys("fit", *EMBEDDING, *ONE_EPOCH, "--ckpt_path", checkpoint)


def test_an_error_that_names_no_file_is_told_with_the_one_before_it() -> None:
    try:
        try:
            raise OSError(28, "No space left on device", "a.ckpt")
        except OSError:
            raise OSError(28, "No space left on device") from None
    except OSError as error:
        assert file_problem(error) == "a.ckpt: No space left on device"
    assert file_problem(OSError(28, "No space left on device"), "logs") == "logs: No space left on device"


def test_help_is_printed_where_only_ascii_can_be(recsys: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", printed)
    with pytest.raises(SystemExit) as stopped:
        recsys("fit", "--help")
    assert stopped.value.code == 0
    printed.flush()
    assert b"--run.keep" in printed.buffer.getvalue()
