"""The ablation of the posterior mean, and how well newcomers are predicted."""

from __future__ import annotations

from itertools import groupby

from benchmarks.best_model import Curve, as_markdown
from benchmarks.cold_items import as_markdown as cold_items_as_markdown
from benchmarks.document.content import Content
from benchmarks.fold_in import table


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
        lines += [*table.as_markdown(list(rows), "RMSE"), ""]
    return "\n".join([*lines, _newcomers_made_with(content)])


def fold_in_ranked(content: Content) -> str:
    """How recommendations to newcomers rank, after each number of ratings."""
    return "\n".join([*table.as_markdown(content["ranked"], "NDCG@10"), "", _newcomers_made_with(content)])


def fold_in_asked(content: Content) -> str:
    """What questions to newcomers lead to."""
    return "\n".join([*table.asked_as_markdown(content["asked"]), "", _newcomers_made_with(content)])


def cold_items(content: Content) -> str:
    """How films are predicted that training did not see."""
    return "\n".join([*cold_items_as_markdown(content["rows"]), "", _newcomers_made_with(content)])


def _newcomers_made_with(content: Content) -> str:
    seeds = ", ".join(map(str, content["seeds"]))
    return f"Seeds {seeds}, {content['sweeps']} sweeps averaged; {content['processor']}, torch {content['torch']}."
