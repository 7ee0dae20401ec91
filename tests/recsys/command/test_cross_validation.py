"""`recsys cross_validate`: each fold, their mean, and a file that a stopped run goes on from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recsys.command.cross_validation import Fold
from tests.recsys.command.conftest import Command

SHORT = (
    "cross_validate", "--config", "embedding-adam-ratio", "--folds", 3,
    "--trainer.check_val_every_n_epoch", 1, "--trainer.max_epochs", 1,
)  # fmt: skip


@pytest.mark.usefixtures("few_ratings")
def test_a_stopped_run_goes_on_behind_its_last_fold(
    recsys: Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fitted: list[str] = []
    train = Fold.train

    def counted(self: Fold, *arguments: object, **options: object) -> dict[str, float]:
        if len(fitted) == 2:
            raise SystemExit(1)  # what Lightning makes of Ctrl-C
        fitted.append(self.datamodule.split_name)
        return train(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Fold, "train", counted)
    with pytest.raises(SystemExit):
        recsys(*SHORT)
    said = "recsys: Interrupted. The same command goes on behind the folds that are in cross_validation.json."
    assert said in capfd.readouterr().err
    assert len(json.loads(Path("cross_validation.json").read_text())["folds"]) == 2

    monkeypatch.setattr(Fold, "train", train)
    printed = recsys(*SHORT)
    content = json.loads(Path("cross_validation.json").read_text())
    rmses = [fold["test_rmse"] for fold in content["folds"].values()]
    assert [*content["folds"]] == ["kfold-3-1", "kfold-3-2", "kfold-3-3"]
    assert content["mean"]["test_rmse"] == pytest.approx(np.mean(rmses))
    assert content["deviation"]["test_rmse"] == pytest.approx(np.std(rmses, ddof=1))
    assert f"test RMSE {np.mean(rmses):.4f} ± {np.std(rmses, ddof=1):.4f}" in printed
    assert {path.name for path in Path().iterdir()} == {"cross_validation.json"}


@pytest.mark.usefixtures("few_ratings")
def test_folds_of_other_settings_are_not_taken_up(recsys: Command) -> None:
    recsys(*SHORT)
    before = json.loads(Path("cross_validation.json").read_text())
    recsys(*SHORT[:-1], 2)
    after = json.loads(Path("cross_validation.json").read_text())
    assert before["fingerprint"] != after["fingerprint"]
    assert before["folds"].keys() == after["folds"].keys()
    assert before["folds"] != after["folds"]


def test_a_foreign_file_is_not_written_over(recsys: Command, capfd: pytest.CaptureFixture[str]) -> None:
    Path("mine.json").write_text("[1]")
    with pytest.raises(SystemExit):
        recsys(*SHORT, "--json", "mine.json")
    assert "mine.json is no file of cross-validation; name another one" in capfd.readouterr().err
    assert Path("mine.json").read_text() == "[1]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--folds", 1), "cross-validation needs 2 folds or more, not 1"),
        (("--data.sed", 3), "MovieLensDataModule has no argument sed; did you mean seed?"),
    ],
)
def test_what_can_be_refused_is_refused_before_the_work(
    recsys: Command, capfd: pytest.CaptureFixture[str], arguments: tuple[object, ...], said: str
) -> None:
    with pytest.raises(SystemExit):
        recsys("cross_validate", *arguments)
    assert said in capfd.readouterr().err
    assert not list(Path().iterdir())
