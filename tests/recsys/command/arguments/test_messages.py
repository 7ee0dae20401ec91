"""What a mistyped command line is answered with: the option, what it was given and what it takes, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.command.arguments.messages import one_line
from tests.recsys.command.conftest import Command

EMBEDDING = ("--model", "UserItemEmbedding")


def test_what_is_not_understood_is_left_as_it_is() -> None:
    assert one_line("a message of\na later release") == "a message of\na later release"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("fti",), "there is no subcommand fti; did you mean fit?"),
        (
            ("fit", "--data.validaton", 0.1),
            "--data: MovieLensDataModule has no argument validaton; did you mean validation?",
        ),
        (("fit", "--datum.split=0.9"), "there is no option --datum.split=0.9; did you mean --data.split"),
        (("test", "--trainer.max_epohcs", 3), "there is no option --trainer.max_epohcs; did you mean --trainer.max_ep"),
        (("fit", "--trainer.max_epochs"), "argument --trainer.max_epochs: expected one argument"),
        (("fit", "--trainer.max_epochs", "x"), "--trainer.max_epochs: expected a whole number or null, not x"),
        (("fit", "--data.seed", "x"), "--data.seed: expected a whole number, not x"),
        (("fit", "--data.batch_size", 1.5), "--data.batch_size: expected a whole number or null, not 1.5"),
        (("fit", "--data.validation", "x"), "--data.validation: expected a number, not x"),
        (("fit", "--seed_everything", "x"), "--seed_everything: expected true or false or a whole number, not x"),
        (("fit", "--trainer.precision", "x"), "--trainer.precision: expected a whole number, 'transformer-engine', "),
        (("fit", "--optimizer.lr", "x"), "--optimizer.lr: expected a number, not x"),
        (("fit", "--optimizer.lr", "null"), "--optimizer.lr: expected a number, not null"),
        (("fit", "--optimizer.lr", -1), "--optimizer.lr: expected 0 or more, not -1.0"),
        (("fit", "--optimizer.betas", 0.9), "--optimizer.betas: expected a list, not 0.9"),
        (
            ("fit", "--optimizer.betas", "[1.5, 0.9]"),
            "--optimizer.betas: expected numbers of 0 or more that are less than 1, not [1.5, 0.9]",
        ),
        (("fit", "--optimizer", "[]"), "--optimizer: expected the name of a class, not []; there is ASGD, Adadelta, "),
        (("fit", "--lr_scheduler", "[]"), "--lr_scheduler: expected the name of a class, not []; there is "),
        (("fit", "--trainer.plugins", "nonsense"), "--trainer.plugins: there is no Precision called nonsense"),
        (("fit", "--trainer.plugins", "[nonsense]"), "--trainer.plugins: there is no Precision called nonsense"),
        (("fit", "--trainer.callbacks", "[[]]"), "--trainer.callbacks: expected the name of a class, not [[]]"),
        (("fit", "--data.seed", "null"), "--data.seed: expected a whole number, not null"),
        (("fit", "--optimizer.learning_rate", 1), "--optimizer: Adam has no argument learning_rate; there is amsgrad"),
        (("fit", "--optimizer", "Adma"), "--optimizer: there is no Optimizer called Adma; did you mean Adam"),
        (("fit", "--lr_scheduler", "StepLR"), "--lr_scheduler: the following arguments are required: step_size"),
        (("fit", "--model", "LinearNetwrk"), "--model: there is no RatingModel called LinearNetwrk; did you mean Li"),
        (
            ("fit", *EMBEDDING, "--model.dim", 3),
            "--model: UserItemEmbedding has no argument dim; did you mean dimension?",
        ),
        (("fit", *EMBEDDING, "--model.dimension", "x"), "--model.dimension: expected a whole number, not x"),
        (
            ("fit", *EMBEDDING, "--model.dimension", "null"),
            "--model.dimension: expected a whole number, not null",
        ),
        (
            ("fit", "--model.penalty", "[]"),
            "--model.penalty: expected the name of a class, not []; there is ",
        ),
        (
            ("fit", "--model.penalty", "RatoPenalty"),
            "--model.penalty: there is no Penalty called RatoPenalty; ",
        ),
        (
            ("fit", "--model.penalty.strength", 2),
            "--model.penalty: name its class first; there is ",  # and those that other tests define
        ),
        (
            ("fit", "--trainer.callbacks", "EarlyStopping"),
            "--trainer.callbacks: the following arguments are required: ",
        ),
        (
            ("fit", "--trainer.logger", "CVSLogger"),
            "--trainer.logger: there is no Logger called CVSLogger; did you mean",
        ),
        (("fit", "--config", "gone.yaml"), "gone.yaml; the recipes in "),
        (
            ("fit", "--config", "lnn-adam-ratio-90"),
            "are best-all, best-ratings, embedding-adam, embedding-adam-ratio, ",
        ),
        (("test", "--config", "folder"), "folder; the recipes in "),
        (("fit", "--config", "section.yaml"), "--data: MovieLensDataModule has no argument splt; did you mean split?"),
        (("fit", "--config", "open.yaml"), "Problems parsing config: "),
        (("fit", "--config", "utf16.yaml"), "utf16.yaml is not UTF-8 text"),
    ],
)
def test_one_line_says_what_is_wrong_and_no_usage_hides_it(
    recsys: Command, capfd: pytest.CaptureFixture[str], arguments: tuple[object, ...], line: str
) -> None:
    Path("folder").mkdir()
    Path("section.yaml").write_text("data:\n  splt: '0.9'\n")
    Path("open.yaml").write_text("data: [\n")
    Path("utf16.yaml").write_text("data:\n  split: '0.9'\n", encoding="utf-16")
    with pytest.raises(SystemExit) as stopped:
        recsys(*arguments)
    assert stopped.value.code not in (0, None)
    first, *others = capfd.readouterr().err.splitlines()
    assert first.startswith("recsys: ")
    assert line in first
    assert len(others) <= 4
    for internal in ("Traceback", "usage:", "Union", "Namespace(", "<class"):
        assert internal not in "\n".join([first, *others])
    if stopped.value.code == 2:
        assert others[-1].startswith("See recsys ")


def test_a_variable_of_the_environment_is_named_like_its_option(
    recsys: Command, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_FIT__DATA__SEED", "x")
    with pytest.raises(SystemExit):
        recsys("fit")
    assert "recsys: --data.seed: expected a whole number, not x\n" in capfd.readouterr().err
