"""Of data other than MovieLens: test RMSE on Flixster and Douban, and how fast tables are read."""

from __future__ import annotations

from benchmarks.document.content import Content, of_earlier_code
from benchmarks.other_data.table import as_markdown
from benchmarks.reading.table import as_markdown as table_of_reading


def other_data(content: Content) -> str:
    """The table, and what made it."""
    commits = dict.fromkeys(row["commit"] for row in content["rows"])
    made_by = f"Measured by the code of commit {', '.join(commits)}, torch {content['torch']}."
    made_by += of_earlier_code(content, lambda row: row["model"], "data")
    notes = (
        "Mean and standard deviation over seeds of the model; the split is given. `+`: also uses who rated what. "
        "Blank: not measured, or not published."
    )
    return "\n".join([*as_markdown(content), "", f"{notes} {made_by}"])


def reading(content: Content) -> str:
    """The table, and what made it."""
    return "\n".join(table_of_reading(content))
