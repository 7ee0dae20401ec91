"""The rows of the RMSE table, and the files that they are kept in."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.recipe_fit import Result
from benchmarks.rmse_table.picture import picture
from benchmarks.rmse_table.runs import SPLITS, current_fingerprint
from benchmarks.rmse_table.table2 import BY_MODEL, LINES, Line
from recsys.files import write_atomically
from recsys.results.rows import with_row


@dataclass(frozen=True)
class Row:
    """One model on one split; `rmse` and `steps` have one value for each seed. None: not defined for this model."""

    model: str
    split: str
    seeds: list[int]
    rmse: list[float]
    rmse_mean: float
    rmse_std: float | None
    paper_name: str | None
    paper_rmse: float | None
    extra_information: bool
    effective_rank: float | None
    """Of the predictions of all pairs, mean over the seeds."""
    parameters: int | None
    steps: list[int] | None
    fit_seconds: float
    """Mean over the seeds; for ours with the selection of the number of epochs."""
    peak_memory_mb: int
    """Most resident memory of the process that fitted, with libraries and data."""
    commit: str
    """Of the code that fitted, or several."""
    fingerprint: str
    """Settings, sources and versions of the fits; see `recsys.results.fingerprint`."""
    threads: int
    coverage_50: float | None
    """Share of the test ratings within the central 50 % of what is predicted, for models that predict distributions."""
    coverage_90: float | None
    coverage_50_as_served: float | None
    """As `coverage_50`, of predictions that are not told when the test ratings were given."""
    coverage_90_as_served: float | None
    rmse_as_served: list[float] | None
    """As `rmse`, of predictions that are not told when the test ratings were given; of our models alone."""
    rmse_as_served_mean: float | None


def row_of(line: Line, split: str, seeds: list[int], runs: list[Result]) -> Row:
    """Mean and standard deviation over the seeds."""
    rmse = [run["test_rmse"] for run in runs]
    ranks = [run["effective_rank"] for run in runs if run["effective_rank"] is not None]
    as_served = [run["test_rmse_as_served"] for run in runs if line.ours]

    def coverage(name: str) -> float | None:
        covered = [run[f"test_{name}"] for run in runs if f"test_{name}" in run]
        return statistics.mean(covered) if covered else None

    return Row(
        model=line.model,
        split=split,
        seeds=seeds,
        rmse=rmse,
        rmse_mean=statistics.mean(rmse),
        rmse_std=statistics.stdev(rmse) if len(rmse) > 1 else None,
        paper_name=line.paper_name,
        paper_rmse=line.published.get(split),
        extra_information=line.extra_information,
        effective_rank=statistics.mean(ranks) if ranks else None,
        parameters=runs[0]["parameters"],
        steps=[run["steps"] for run in runs] if line.ours else None,
        fit_seconds=statistics.mean(run["fit_seconds"] for run in runs),
        peak_memory_mb=max(run["peak_memory_mb"] for run in runs),
        commit=", ".join(dict.fromkeys(run["commit"] for run in runs)),
        fingerprint=runs[0]["fingerprint"],
        threads=runs[0]["threads"],
        coverage_50=coverage("coverage_50"),
        coverage_90=coverage("coverage_90"),
        coverage_50_as_served=coverage("coverage_50_as_served"),
        coverage_90_as_served=coverage("coverage_90_as_served"),
        rmse_as_served=as_served or None,
        rmse_as_served_mean=statistics.mean(as_served) if as_served else None,
    )


def merged(content: dict[str, Any], row: Row) -> dict[str, Any]:
    """The content of a results file with the row of this model and split, in the table's order, as by `with_row`."""
    order = [(line.model, split) for split in SPLITS for line in LINES]

    def current(model: str, split: str) -> str:
        return current_fingerprint(BY_MODEL[model], split)

    return with_row(content, asdict(row), ("model", "split"), order, current)


def is_table(content: dict[str, Any]) -> bool:
    """Whether a file's content is a table of this kind, to which rows can be added."""
    return all({"model", "split", "rmse_mean"} <= row.keys() for row in content["rows"])


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as a table, with the published figure beside the measured one."""
    lines = [
        "| model | split | extra information | paper | test RMSE | over seeds | as served | seeds | effective rank "
        "| parameters | fit | memory | within 50 % | within 90 % "
        "| within 50 %, as served | within 90 %, as served | commit |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        paper = f"{row['paper_rmse']:.3f}" if row["paper_rmse"] is not None else "–"
        start = f"| {row['model']} | {row['split']} | {'yes' if row['extra_information'] else 'no'} | {paper} "
        cells = [
            f"{row['rmse_mean']:.4f}",
            f"±{row['rmse_std']:.4f}" if row["rmse_std"] is not None else "–",
            f"{row['rmse_as_served_mean']:.4f}" if row.get("rmse_as_served_mean") is not None else "–",
            str(len(row["seeds"])),
            f"{row['effective_rank']:.1f}" if row["effective_rank"] is not None else "–",
            f"{row['parameters']:,}" if row.get("parameters") is not None else "–",
            f"{row['fit_seconds']:.1f} s",
            f"{row['peak_memory_mb']} MB" if row.get("peak_memory_mb") is not None else "–",
            *(
                f"{share:.1%}" if (share := row.get(name)) is not None else "–"
                for name in ("coverage_50", "coverage_90", "coverage_50_as_served", "coverage_90_as_served")
            ),
            f"{row['commit']}, earlier code" if row.get("of_earlier_code") else row["commit"],
        ]
        lines.append(f"{start}| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write(file: Path, content: dict[str, Any]) -> None:
    """Write the rows as JSON, and beside it as Markdown and as a picture."""
    write_atomically(file, (json.dumps(content, indent=2) + "\n").encode())
    write_atomically(file.with_suffix(".md"), as_markdown(content["rows"]).encode())
    write_atomically(file.with_suffix(".png"), picture(content["rows"]))
