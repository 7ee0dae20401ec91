"""The rows of the table, the file they are kept in, and the table itself."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.other_data.matrices import MATRICES
from benchmarks.other_data.published import PUBLISHED
from benchmarks.other_data.runs import LINES, current_fingerprint
from benchmarks.recipe_fit import Result
from recsys.results.rows import with_row


@dataclass(frozen=True)
class Row:
    """One model on one data set; `rmse` has one value for each seed of the model, the split is given."""

    model: str
    data: str
    seeds: list[int]
    rmse: list[float]
    rmse_mean: float
    rmse_std: float | None
    coverage_50: float | None
    """Share of the test ratings within the central 50 % of what is predicted, for models that predict distributions."""
    coverage_90: float | None
    fit_seconds: float
    """Mean over the seeds; for ours with the selection of the number of epochs."""
    peak_memory_mb: int
    commit: str
    """Of the code that fitted, or several."""
    fingerprint: str
    """Settings, sources and versions of the fits; see `recsys.results.fingerprint`."""


def row_of(model: str, data: str, seeds: list[int], runs: list[Result]) -> Row:
    """Mean and standard deviation over the seeds."""
    rmse = [run["test_rmse"] for run in runs]

    def mean_of(name: str) -> float | None:
        return statistics.mean(run[name] for run in runs) if all(name in run for run in runs) else None

    return Row(
        model=model,
        data=data,
        seeds=seeds,
        rmse=rmse,
        rmse_mean=statistics.mean(rmse),
        rmse_std=statistics.stdev(rmse) if len(rmse) > 1 else None,
        coverage_50=mean_of("test_coverage_50"),
        coverage_90=mean_of("test_coverage_90"),
        fit_seconds=statistics.mean(run["fit_seconds"] for run in runs),
        peak_memory_mb=max(run["peak_memory_mb"] for run in runs),
        commit=", ".join(dict.fromkeys(run["commit"] for run in runs)),
        fingerprint=runs[0]["fingerprint"],
    )


def merged(content: dict[str, Any], row: Row) -> dict[str, Any]:
    """The content of a results file with the row of this model and data set, in the table's order, as by `with_row`."""
    order = [(model, data) for data in MATRICES for model in LINES]
    return with_row(content, asdict(row), ("model", "data"), order, current_fingerprint)


def is_table(content: dict[str, Any]) -> bool:
    """Whether a file's content is a table of this kind, to which rows can be added."""
    return all({"model", "data", "rmse_mean"} <= row.keys() for row in content["rows"])


def as_markdown(content: dict[str, Any]) -> list[str]:
    """The lines of the table: ours, the other methods that were run here, and what is published."""
    rows = {(row["model"], row["data"]): row for row in content["rows"]}
    lines = [
        f"| test RMSE | {' | '.join(matrix.title for matrix in MATRICES.values())} |",
        "|---|" + "---|" * len(MATRICES),
    ]
    for model, line in LINES.items():
        if any((model, data) in rows for data in MATRICES):
            cells = [_measured(rows.get((model, data))) for data in MATRICES]
            lines.append(f"| {model}{' +' if line.uses_who_rated_what else ''} | {' | '.join(cells)} |")
    for each in PUBLISHED:
        cells = [f"{each.rmse[data]:.3f}" if data in each.rmse else "" for data in MATRICES]
        lines.append(f"| {each.method}, as published: {each.source} | {' | '.join(cells)} |")
    return lines


def _measured(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    seeds = len(row["seeds"])
    if seeds == 1:
        return f"{row['rmse_mean']:.4f} (1 seed)"
    return f"{row['rmse_mean']:.4f} ± {row['rmse_std']:.4f} ({seeds} seeds)"
