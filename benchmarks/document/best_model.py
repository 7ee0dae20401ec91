"""The ablation of the posterior mean."""

from __future__ import annotations

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
