"""The eight rows of the README: our models, the best other methods that know as much, and the paper's best."""

from __future__ import annotations

from benchmarks.document.content import Content
from benchmarks.document.rmse_table import SPLITS
from benchmarks.rmse_table.table2 import LINES

RATINGS = "ratings"
WHO = f"{RATINGS}, who rated what"
ALL = f"{WHO}, users, films, times"
ROWS = {
    "best-all": ALL,
    "fm-windows": ALL,
    "best-ratings": WHO,
    "fm-implicit": WHO,
    "fm": RATINGS,
    "embedding-adam-ratio": RATINGS,
    "lnn-adam-smoothed-ratio": RATINGS,
}


def best_results(content: Content) -> str:
    """Mean test RMSE on each split, the most informed models first, and how well calibrated the best one is."""
    rows = {(row["model"], row["split"]): row for row in content["rows"]}
    ours = {line.model: line for line in LINES if line.ours}
    lines = ["| model | it knows | 90:10 | 80:20 | u1 |", "|---|---|---|---|---|"]
    for model, knows in ROWS.items():
        name = f"**{model}**" if model in ours else f"{model}, best of the others"
        cells = [f"{rows[model, split]['rmse_mean']:.4f}" for split in SPLITS]
        lines.append(f"| {name} | {knows} | {' | '.join(cells)} |")
    best = min((line for line in ours.values() if line.published), key=lambda line: line.published["0.9"])
    cells = [f"{best.published[split]:.3f}" if split in best.published else "" for split in SPLITS]
    lines.append(f"| the paper's best, {best.paper_name} | {RATINGS} | {' | '.join(cells)} |")
    covered = rows["best-all", "0.8"]
    calibration = (
        f"`best-all` predicts distributions: at 80:20, {covered['coverage_50']:.1%} of the test ratings lie within "
        f"its central 50 % interval and {covered['coverage_90']:.1%} within its central 90 % interval. Told no "
        f"time, as most requests are, its RMSE is {covered['rmse_as_served_mean']:.4f}."
    )
    return "\n".join([*lines, "", calibration])
