"""Test RMSE on Flixster and Douban."""

from __future__ import annotations

from benchmarks.document.content import Content
from benchmarks.other_data.table import as_markdown


def other_data(content: Content) -> str:
    """The table, and what made it."""
    commits = dict.fromkeys(row["commit"] for row in content["rows"])
    made_by = f"Measured by the code of commit {', '.join(commits)}, torch {content['torch']}."
    if earlier := [f"{row['model']} ({row['data']})" for row in content["rows"] if row["of_earlier_code"]]:
        made_by += f" Of earlier code than the last row: {', '.join(earlier)}."
    notes = (
        "Mean and standard deviation over seeds of the model; the split is given. `+`: also uses who rated what. "
        "Blank: not measured, or not published."
    )
    return "\n".join([*as_markdown(content), "", f"{notes} {made_by}"])
