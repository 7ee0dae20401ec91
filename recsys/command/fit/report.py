"""What a finished fit prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from data.datamodules import RatingsDataModule
from recsys.command.run import REFIT, Run


def report(
    run: Run,
    data: RatingsDataModule,
    metrics: Mapping[str, float],
    artefact: Path | None,
    unfinished: list[str],
    published: float | None,
) -> str:
    """Lines for a person: the errors, beside what the paper published, what the fit took, and where its results are."""
    of_paper = f"  (paper: {published:.3f})" if published is not None else ""
    lines = {
        "validation RMSE": _error(metrics, "validation_rmse"),
        "test RMSE": _error(metrics, "test_rmse", of_paper) or _untested(data),
        "test MAE": _error(metrics, "test_mae"),
        "unknown users": _unknown(metrics, "users"),
        "unknown items": _unknown(metrics, "items"),
        "effective rank": f"{metrics['effective_rank']:.1f}",
        "fit": f"{metrics['steps']:.0f} steps, {metrics['fit_seconds']:.1f} s with selection",
        "artefact": _artefact(run, artefact, unfinished),
        "checkpoint": "" if any("fast_dev_run" in limit for limit in unfinished) else str(run.checkpoint(REFIT)),
    }
    title = f"\n{run.name}, split {data.split_name}, seed {data.seed}\n"
    return title + "\n".join(f"  {name:<17}{value}" for name, value in lines.items() if value)


def _untested(data: RatingsDataModule) -> str:
    if data.split.test.size:
        return "left alone, as --run.test false asks"
    return f"not measured: the split {data.split_name} leaves no ratings to test on"


def _error(metrics: Mapping[str, float], name: str, after: str = "") -> str:
    """An error of predictions, if it was measured; of a model that uses times, with them and without."""
    if name not in metrics:
        return ""
    with_times, as_served = metrics[name], metrics[f"{name}_as_served"]
    if with_times == as_served:
        return f"{with_times:.4f}{after}"
    return f"{with_times:.4f} with the ratings' times, {as_served:.4f} as served, without{after}"


def _unknown(metrics: Mapping[str, float], side: str) -> str:
    """Of users or items without training ratings, if there are any."""
    count = metrics.get(f"test_ratings_of_unknown_{side}", 0)
    if not count:
        return ""
    rmse = metrics[f"test_rmse_of_unknown_{side}"]
    return f"{rmse:.4f}, the RMSE of the {count:,.0f} test ratings of {side} without training ratings"


def _artefact(run: Run, artefact: Path | None, unfinished: list[str]) -> str:
    if artefact is None:
        return f"none: nothing is exported with {', '.join(unfinished)}"
    return str(artefact) if run.publish else f"{artefact}, not published (recsys publish {artefact})"
