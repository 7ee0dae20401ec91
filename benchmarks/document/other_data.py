"""Test RMSE on Flixster and Douban."""

from __future__ import annotations

from benchmarks.document.content import Content
from benchmarks.other_data.table import as_markdown


def other_data(content: Content) -> str:
    """The table, and what made it."""
    earlier = [f"{row['model']} ({row['data']})" for row in content["rows"] if row["of_earlier_code"]]
    made_by = f"Rows were last added by the code of commit {content['commit']}, torch {content['torch']}"
    made_by += f"; of earlier code: {', '.join(earlier)}." if earlier else "."
    notes = (
        "Mean and standard deviation over seeds of the model; the split is given. `+`: also uses who rated what. "
        "Blank: not measured, or not published."
    )
    return "\n".join([*as_markdown(content), "", f"{notes} {made_by}"])
