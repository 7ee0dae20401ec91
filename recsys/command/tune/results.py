"""What a search leaves: its best settings as a configuration file, and a picture of what mattered."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from recsys.command.tune.search_space import SearchSpace, in_place
from recsys.files import write_atomically

if TYPE_CHECKING:
    import optuna


def write_recipe(
    file: Path, comment: str, settings: Mapping[str, Any], search: SearchSpace, parameters: Mapping[str, Any]
) -> None:
    """Write the best parameters as a configuration that changes a recipe, with what they came to as a comment.

    Raises:
        OSError: the file cannot be written.
    """
    content: dict[str, Any] = {}
    for option, value in search.values(parameters).items():
        *sections, name = in_place(settings, option)
        place = content
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    write_atomically(file, f"# {comment}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}".encode())


def write_picture(file: Path, study: optuna.Study) -> None:
    """Draw the validation RMSE of all trials, and how much of its variance each option explains.

    Shares are of a functional analysis of variance among the better trials (PED-ANOVA: Watanabe, Bansal and Hutter,
    IJCAI 2023).

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as cause:
        raise ModuleNotFoundError("a picture needs matplotlib: pip install 'recsys[pictures]'") from cause
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    trials = study.get_trials(states=[TrialState.COMPLETE])
    numbers, values = [trial.number + 1 for trial in trials], [trial.value or 0.0 for trial in trials]
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    of_trials, of_options = figure.subplots(1, 2)
    of_trials.plot(numbers, values, "o", markersize=4, alpha=0.6, label="trial")
    of_trials.step(numbers, _running_minimum(values), where="post", label="best so far")
    of_trials.set(xlabel="trial", ylabel="validation RMSE", title="Trials")
    of_trials.legend(frameon=False)
    try:
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError) as cause:  # too few trials, or all of one value
        of_options.text(0.5, 0.5, f"not known: {cause}", ha="center", va="center", wrap=True)
        of_options.set_axis_off()
    else:
        names = list(reversed(shares))
        of_options.barh(names, [shares[name] for name in names])
        of_options.set(xlabel="share of the variance", title="What mattered")
    for axes in (of_trials, of_options):
        axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_atomically(file, picture.getvalue())


def _running_minimum(values: list[float]) -> list[float]:
    return [min(values[: place + 1]) for place in range(len(values))]
