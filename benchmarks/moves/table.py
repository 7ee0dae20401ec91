"""The moves as a table in Markdown."""

from __future__ import annotations

from typing import Any


def as_markdown(content: dict[str, Any]) -> list[str]:
    """A line for each step of each run."""
    lines = [
        "| | step | gradient: rated | unrated | move: rated | unrated | mean of unrated entries |",
        "|---|---|---|---|---|---|---|",
    ]
    previous = ""
    for row in content["rows"]:
        name = f"{row['optimizer'].partition(',')[0]}, rate {row['rate']:g}" if row["optimizer"] != previous else ""
        previous = row["optimizer"]
        cells = [f"{row[f'gradient_{of}']:.1e}" for of in ("rated", "unrated")]
        cells += [f"{row[f'move_{of}']:.2g}" for of in ("rated", "unrated")]
        lines.append(f"| {name} | {row['step']} | {' | '.join(cells)} | {row['mean_unrated']:.2g} |")
    return lines
