"""How recommendations rank, and what made the table."""

from __future__ import annotations

from benchmarks.document.content import Content
from benchmarks.ranking_table.peers import PEERS
from benchmarks.ranking_table.table import SPLITS, TITLES, as_markdown


def best_ranking(content: Content) -> str:
    """Our order of recommendations beside the best of the other methods, on the splits of the README."""
    sentences = []
    for split in ("0.9", "0.8"):
        ndcg = {row["model"]: row["ndcg_at_10"] for row in content["rows"] if row["split"] == split}
        best = max(ndcg.keys() & PEERS.keys(), key=ndcg.__getitem__)
        sentences.append(
            f"{ndcg['best-ratings-by-relevance']:.3f} at {SPLITS[split]}, where the best of the others, "
            f"{TITLES[best]}, has {ndcg[best]:.3f} and the most rated films {ndcg['most-rated']:.3f}"
        )
    return f"[Recommendations](docs/ranking.md) have an NDCG@10 of {'; '.join(sentences)}."


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
