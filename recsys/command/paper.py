"""The test RMSEs of MovieLens-100K that the paper publishes.

Source: Dan Zhao, "Combining Explicit and Implicit Regularization for Efficient Learning in Deep Networks", NeurIPS
2022, Table 2 (a) for 90:10 and (b) for 80:20. The paper measured its own eight rows on random splits and took the
others from the literature; those of (b) are of the official split u1.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from recsys.command.recipes import CONFIGS


@dataclass(frozen=True)
class PaperRow:
    """A model of the paper's Table 2."""

    name: str
    """As the paper calls it."""
    ours: tuple[str, ...]
    """Our recipes for it; none for a model that the paper quotes."""
    rmse: dict[str, float]
    """Test RMSE by split: "0.9" for 90:10, "0.8" for 80:20."""


@cache
def paper_table() -> tuple[PaperRow, ...]:
    """The rows of the table, in the paper's order."""
    with (CONFIGS / "paper_table2.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            PaperRow(
                row["model"], tuple(row["ours"].split()), {key: float(row[key]) for key in ("0.9", "0.8") if row[key]}
            )
            for row in csv.DictReader(file)
        )


def paper_rmse(data_name: str, recipe: str, split: str) -> float | None:
    """The figure that the paper publishes for a recipe, on a split of a data set; None where it has none."""
    if data_name != "100k":
        return None
    return next((row.rmse.get(split) for row in paper_table() if recipe in row.ours), None)
