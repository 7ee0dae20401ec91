"""The rows of the results, and the tables that are drawn of them."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.fold_in.newcomers import GIVEN

Row = dict[str, Any]
_NO_METHOD = ("model", "ratings_given")


def as_rows(model: str, of_seeds: list[dict[int, dict[str, float]]]) -> list[Row]:
    """One row a number of ratings: the mean over the seeds of each method."""
    return [
        {
            "model": model,
            "ratings_given": n,
            **{name: round(statistics.mean(found[n][name] for found in of_seeds), 5) for name in of_seeds[0][n]},
        }
        for n in GIVEN
    ]


def asked_rows(model: str, of_seeds: list[dict[str, dict[str, float]]]) -> list[Row]:
    """One row a way to ask: the mean over the seeds of each number."""
    return [
        {
            "model": model,
            "asked": way,
            **{name: round(statistics.mean(found[way][name] for found in of_seeds), 5) for name in numbers},
        }
        for way, numbers in of_seeds[0].items()
    ]


def as_markdown(rows: list[Row], metric: str) -> list[str]:
    """A table of one model's rows, a line for each method."""
    names = dict.fromkeys(name for row in rows for name in row if name not in _NO_METHOD)
    lines = [
        f"| {rows[0]['model']}, {metric} after | {' | '.join(str(row['ratings_given']) for row in rows)} |",
        "|---|" + "---|" * len(rows),
    ]
    for name in names:
        cells = [f"{row[name]:.4f}" if name in row else "" for row in rows]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def asked_as_markdown(rows: list[Row]) -> list[str]:
    """A table of the ways to ask."""
    names = [name for name in rows[0] if name not in ("model", "asked")]
    return [
        f"| {rows[0]['model']}, RMSE after asking for | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
        *(f"| {row['asked']} | {' | '.join(_cell(name, row[name]) for name in names)} |" for row in rows),
    ]


def _cell(name: str, number: float) -> str:
    return f"{number:.0f}" if name.startswith("questions") else f"{number:.4f}"
