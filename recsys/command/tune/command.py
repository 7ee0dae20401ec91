"""`recsys tune`: search settings of a recipe that predict validation ratings best, by Optuna."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from recsys.command import lightning_command
from recsys.command.cli import RecsysCLI
from recsys.command.fit.selection import EpochSelection
from recsys.command.run import leaving_nothing
from recsys.command.settings import deciding
from recsys.command.tune.results import write_picture, write_recipe
from recsys.command.tune.search_space import SearchSpace, read_search_space
from recsys.errors import CommandError, SettingsError
from recsys.models import RatingModel
from recsys.results.fingerprint import code_of, fingerprint

if TYPE_CHECKING:
    import optuna

_VALIDATION = 0.1  # of a recipe that holds no ratings out itself
_POLL = 0.5  # seconds between two looks at how far the processes are


class Validated(RecsysCLI):
    """A fit without its validation ratings, which leaves how well it predicts them; test ratings are not touched."""

    selection: EpochSelection

    @override
    def before_instantiate_classes(self) -> None:
        super().before_instantiate_classes()
        data = self.config[self.subcommand].data.init_args
        data.validation = data.validation or _VALIDATION

    @override
    def fit(self, model: RatingModel, datamodule: Any, **options: Any) -> None:
        self.selection = self.select(model, datamodule, **options)


class Asked(RecsysCLI):
    """The settings and ratings of a fit, which is not begun."""

    @override
    def fit(self, model: RatingModel, datamodule: Any, **options: Any) -> None:
        self.data_sha256 = datamodule.ratings.sha256


def run(arguments: list[str]) -> None:
    """Run the command.

    Raises:
        CommandError, DataError, SettingsError: as `recsys fit`; or the search is none, or every trial failed.
        ModuleNotFoundError: Optuna is not installed.
    """
    known, others = _parser().parse_known_args(arguments)
    optuna = _optuna()
    search = read_search_space(known.search)
    if known.trials < 1 or known.jobs < 1:
        raise CommandError(f"--trials and --jobs must be 1 or more, not {known.trials} and {known.jobs}")
    asked = _asked(others)
    _asked([*others, *search.first()])  # names that are misspelt are refused here
    settings = deciding(asked.asked)
    made_of = {"configuration": settings, "data": asked.data_sha256, "search": search.content}
    name = fingerprint(made_of, code_of("recsys.command.tune.command"))
    study = optuna.create_study(storage=_storage(known.storage), study_name=name, load_if_exists=True)
    if not study.trials and (own := search.own(settings)):
        study.enqueue_trial(own)  # the recipe as it is
    _search(study, known, partial(_work, others, search, known.storage, name, known.trials, known.jobs))
    complete = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    if not complete:
        said = next((trial.user_attrs["error"] for trial in study.trials if "error" in trial.user_attrs), "")
        raise CommandError(f"every trial failed. {said}".strip())
    best = study.best_trial
    figures = f"validation RMSE {best.value:.4f} after {best.user_attrs['epochs']} epochs"
    print(f"best of {len(complete)} trials, {figures}: {search.shown(best.params)}")
    comment = f"{figures}, best of {len(complete)} trials of {known.search.name}, recipe {asked.recipe}."
    write_recipe(known.output, comment, settings, search, best.params)
    print(f"recipe in {known.output}: recsys fit --config {asked.recipe} --config {known.output}")
    if known.picture is not None:
        write_picture(known.picture, study)
        print(f"picture in {known.picture}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "recsys tune",
        description="Search settings of a recipe that predict validation ratings best, by Optuna. Test ratings are not "
        "touched. A run that was stopped goes on: finished trials are in the storage.",
        epilog="All other options are those of `recsys fit`, such as --config best-ratings.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--search",
        type=Path,
        required=True,
        metavar="FILE",
        help="YAML: for each option a range {low: 0.01, high: 0.1, log: true}, or a list; whole ends, whole numbers",
    )
    parser.add_argument("--trials", type=int, default=50, help="trials, those of earlier runs included (default: 50)")
    parser.add_argument("--jobs", type=int, default=1, help="processes that fit at the same time (default: 1)")
    parser.add_argument(
        "--storage", type=Path, default=Path("tuning.journal"), help="file of all trials (default: tuning.journal)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("tuned.yaml"), help="file for the best settings (default: tuned.yaml)"
    )
    parser.add_argument("--picture", type=Path, help="PNG of the trials and of what mattered")
    return parser


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as cause:
        raise ModuleNotFoundError("recsys tune needs Optuna: pip install 'recsys[tune]'") from cause
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _storage(file: Path) -> optuna.storages.JournalStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        return JournalStorage(JournalFileBackend(str(file)))
    except (ValueError, KeyError) as cause:
        raise CommandError(f"{file} is no storage of `recsys tune`; name another file: --storage FILE.") from cause


def _asked(arguments: list[str]) -> Asked:
    fitted = lightning_command.run(["fit", *arguments, "--trainer.logger=false"], command_line=Asked)
    assert isinstance(fitted, Asked)
    return fitted


def _search(study: optuna.Study, known: argparse.Namespace, work: Callable[[int], None]) -> None:
    """Let processes fit until there are enough trials, and show how far they are."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[best]}"))
    bar = Progress(TextColumn("trials"), *columns, disable=not sys.stderr.isatty())
    # A fork of this process would share the locks of torch's threads; one that has only imported has none.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["recsys.command.tune.command"])
    processes = [context.Process(target=work, args=(number,), daemon=True) for number in range(known.jobs)]
    for process in processes:
        process.start()
    try:
        with bar:
            task = bar.add_task("trials", total=known.trials, best="")
            while any(process.is_alive() for process in processes):
                time.sleep(_POLL)
                done = [trial for trial in study.trials if trial.state.is_finished()]
                values = [trial.value for trial in done if trial.value is not None]
                bar.update(task, completed=len(done), best=f"validation RMSE {min(values):.4f}" if values else "")
    except KeyboardInterrupt:
        raise CommandError("Interrupted. The same command goes on: finished trials are in the storage.") from None
    finally:
        for process in processes:
            process.terminate()
            process.join()
    if any(process.exitcode not in (0, -15) for process in processes):
        raise CommandError("a process of the search ended before its time; the same command goes on.")


def _work(
    arguments: list[str], search: SearchSpace, storage: Path, name: str, trials: int, jobs: int, number: int
) -> None:
    """Fit trials until there are enough, in a process of its own."""
    optuna = _optuna()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    sampler = optuna.samplers.TPESampler(seed=number, constant_liar=jobs > 1)
    study = optuna.load_study(storage=_storage(storage), study_name=name, sampler=sampler)
    while sum(trial.state.is_finished() for trial in study.trials) < trials:
        study.optimize(partial(_validation_rmse, arguments, search), n_trials=1, catch=(CommandError, SettingsError))


def _validation_rmse(arguments: list[str], search: SearchSpace, trial: optuna.Trial) -> float:
    with leaving_nothing() as options:
        given = ["fit", *arguments, *search.suggested(trial), *options, "--trainer.enable_progress_bar=false"]
        try:
            fitted = lightning_command.run(given, command_line=Validated)
        except (CommandError, SettingsError) as error:
            trial.set_user_attr("error", str(error))
            raise
    assert isinstance(fitted, Validated)
    trial.set_user_attr("epochs", fitted.selection.best_epochs)
    return fitted.selection.best_rmse
