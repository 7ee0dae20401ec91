"""`recsys cross_validate`: fit a recipe on every fold but one, in turn, and test it on that one."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from typing_extensions import override

from recsys.command import lightning_command
from recsys.command.cli import RecsysCLI
from recsys.command.run import leaving_nothing
from recsys.command.settings import deciding
from recsys.errors import CommandError
from recsys.files import write_atomically
from recsys.models import RatingModel
from recsys.results.fingerprint import code_of, fingerprint

Metrics = dict[str, float]


@dataclass(frozen=True)
class CrossValidation:
    """What came out of each fold, in order."""

    recipe: str
    folds: tuple[Metrics, ...]

    def mean(self, metric: str = "test_rmse") -> float:
        """The mean of a metric over the folds."""
        return mean(fold[metric] for fold in self.folds)

    def deviation(self, metric: str = "test_rmse") -> float:
        """The standard deviation of a metric over the folds, with n − 1; not a number for one fold."""
        return stdev(fold[metric] for fold in self.folds) if len(self.folds) > 1 else math.nan

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that all folds have."""
        return [name for name in self.folds[0] if all(name in fold for fold in self.folds)]

    @override
    def __repr__(self) -> str:
        return (
            f"<CrossValidation of {self.recipe}, {len(self.folds)} folds: test RMSE {self.mean():.4f} "
            f"± {self.deviation():.4f}>"
        )


def cross_validate(arguments: list[str], folds: int, results: Path | None = None) -> Iterator[tuple[str, Metrics]]:
    """The recipe's name and the metrics of each fold of `recsys fit` with these arguments.

    Args:
        arguments: of `recsys fit`; the split is set for each fold.
        folds: number of folds, 2 or more.
        results: a file that is brought up to date after each fold. Folds that it has, of the same settings, data and
            code, are not fitted again.

    Raises:
        CommandError: there are fewer than two folds, or `recsys fit` refuses the arguments.
    """
    if folds < 2:
        raise CommandError(f"cross-validation needs 2 folds or more, not {folds}")
    for number in range(1, folds + 1):
        with leaving_nothing() as options:
            given = ["fit", *arguments, *options, "--run.test=true", f"--data.split=kfold-{folds}-{number}"]
            fitted = lightning_command.run(given, command_line=partial(Fold, results))
        assert isinstance(fitted, Fold)
        yield fitted.recipe, fitted.metrics


class Fold(RecsysCLI):
    """A fit of one fold, which leaves its metrics, and no model."""

    metrics: Metrics

    def __init__(self, results: Path | None, *positional: Any, **named: Any) -> None:
        self._results = results
        super().__init__(*positional, **named)

    @override
    def fit(self, model: RatingModel, datamodule: Any, **options: Any) -> None:
        wanted = self._fingerprint()
        done = _kept(self._results, wanted)
        if (found := done.get(datamodule.split_name)) is not None:
            self.metrics = found
            return
        with self.saying_how_to_go_on():
            self.metrics = self.train(model, datamodule, **options)
        if self._results is not None:
            done[datamodule.split_name] = self.metrics
            write_atomically(self._results, _document(self.recipe, wanted, done))

    @override
    def way_on(self) -> str:
        if self._results is None:
            return "Nothing of it is kept: start anew."
        return f"The same command goes on behind the folds that are in {self._results}."

    def _fingerprint(self) -> str:
        """Of what all folds have in common: settings, data and code."""
        settings = deciding(self.asked)
        data = settings["data"]["init_args"]
        split = data.pop("split")
        made_of = {"configuration": settings, "data": self.datamodule.ratings.sha256, "folds": split.split("-")[1]}
        return fingerprint(made_of, code_of("recsys.command.cross_validation"))


def run(arguments: list[str]) -> None:
    """Run the command.

    Raises:
        CommandError, DataError, SettingsError: as `recsys fit`.
    """
    parser = argparse.ArgumentParser(
        "recsys cross_validate",
        description="Fit a recipe on every fold but one, in turn, and test it on that one. Prints each fold, then mean "
        "and standard deviation. A run that was stopped goes on after the last fold in its file.",
        epilog="All other options are those of `recsys fit`, such as --config best-ratings --data.seed 1; the split is "
        "the folds'.",
        allow_abbrev=False,
    )
    parser.add_argument("--folds", type=int, default=5, help="number of folds (default: 5)")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("cross_validation.json"),
        help="file for the results, brought up to date after each fold (default: cross_validation.json)",
    )
    known, others = parser.parse_known_args(arguments)
    recipes, folds = [], []
    for number, (recipe, metrics) in enumerate(cross_validate(others, known.folds, known.json), start=1):
        recipes.append(recipe)
        folds.append(metrics)
        print(f"fold {number} of {known.folds}: test RMSE {metrics['test_rmse']:.4f}, MAE {metrics['test_mae']:.4f}")
    print(_summary(CrossValidation(recipes[0], tuple(folds))))
    print(f"results in {known.json}")


def _summary(result: CrossValidation) -> str:
    lines = [f"\n{result.recipe}, {len(result.folds)} folds"]
    for name, metric in (("test RMSE", "test_rmse"), ("test MAE", "test_mae"), ("as served", "test_rmse_as_served")):
        if metric in result.metrics:
            lines.append(f"  {name:<10}{result.mean(metric):.4f} ± {result.deviation(metric):.4f}")
    return "\n".join(lines)


def _kept(results: Path | None, wanted: str) -> dict[str, Metrics]:
    """The folds in a file of this fingerprint, by the names of their splits; none if there are none.

    Raises:
        CommandError: it is another file.
    """
    if results is None or not results.exists():
        return {}
    try:
        content = json.loads(results.read_bytes())
        folds: dict[str, Metrics] = content["folds"]
        return dict(folds) if content["fingerprint"] == wanted else {}
    except (ValueError, KeyError, TypeError) as cause:
        raise CommandError(f"{results} is no file of cross-validation; name another one: --json FILE.") from cause


def _document(recipe: str, wanted: str, folds: dict[str, Metrics]) -> bytes:
    result = CrossValidation(recipe, tuple(folds.values()))
    content = {
        "recipe": recipe,
        "fingerprint": wanted,
        "mean": {name: result.mean(name) for name in result.metrics},
        "deviation": {name: result.deviation(name) for name in result.metrics} if len(folds) > 1 else None,
        "folds": folds,
    }
    return (json.dumps(content, indent=2) + "\n").encode()
