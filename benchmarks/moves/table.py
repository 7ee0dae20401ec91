"""The moves as a table in Markdown."""

from __future__ import annotations

from typing import Any


def as_markdown(content: dict[str, Any]) -> list[str]:
    """A line for each step of each run."""
    lines = [
        "| | step | rate | gradient: rated | unrated | move: rated | unrated | mean of unrated entries |",
        "|---|---|---|---|---|---|---|---|",
    ]
    previous = ""
    for row in content["rows"]:
        name = row["optimizer"] if row["optimizer"] != previous else ""
        previous = row["optimizer"]
        cells = [f"{row[f'gradient_{of}']:.1e}" for of in ("rated", "unrated")]
        cells += [f"{row[f'move_{of}']:.2g}" for of in ("rated", "unrated")]
        rate = f"{row['rate']:.2g}" if row["rate"] < 1 else f"{row['rate']:g}"
        lines.append(f"| {name} | {row['step']} | {rate} | {' | '.join(cells)} | {row['mean_unrated']:.2g} |")
    return lines
