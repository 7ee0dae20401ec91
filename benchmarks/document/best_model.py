"""The ablation of the posterior mean, and how well newcomers are predicted."""

from __future__ import annotations

from itertools import groupby

from benchmarks import fold_in as newcomers
from benchmarks.best_model import Curve, as_markdown
from benchmarks.document.content import Content


def best_model(content: Content) -> str:
    """The ablation of the posterior mean, and what it takes to reach the RMSE of other methods."""
    seeds = ", ".join(map(str, content["seeds"]))
    made_with = (
        f"Validation parts of seeds {seeds}, {content['sweeps']} sweeps averaged; {content['processor']}, torch "
        f"{content['torch']}."
    )
    return "\n".join([*as_markdown([Curve(**row) for row in content["rows"]]), "", made_with])


def fold_in(content: Content) -> str:
    """A table of each model, and what it was measured with."""
    lines: list[str] = []
    for _, rows in groupby(content["rows"], key=lambda row: str(row["model"])):
        lines += [*newcomers.as_markdown(list(rows)), ""]
    seeds = ", ".join(map(str, content["seeds"]))
    made_with = f"{content['processor']}, torch {content['torch']}"
    return "\n".join([*lines, f"Seeds {seeds}, {content['sweeps']} sweeps averaged; {made_with}."])
