"""How recommendations rank, and what made the table."""

from __future__ import annotations

from benchmarks.document.content import Content
from benchmarks.ranking_table.table import TITLES, as_markdown


def ranking_table(content: Content) -> str:
    """The tables of all splits, and what made them."""
    commits = dict.fromkeys(row["commit"] for row in content["rows"])
    seeds = ", ".join(dict.fromkeys(str(len(row["seeds"])) for row in content["rows"]))
    made_by = (
        f"Means over {seeds} seeds. Measured by the code of commit {', '.join(commits)}, torch {content['torch']}."
    )
    if earlier := [f"{TITLES[row['model']]} ({row['split']})" for row in content["rows"] if row["of_earlier_code"]]:
        made_by += f" Of earlier code than the last row: {', '.join(earlier)}."
    return "\n".join([*as_markdown(content), "", made_by])
