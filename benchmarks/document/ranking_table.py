"""How recommendations rank, and what made the table."""

from __future__ import annotations

from benchmarks.document.content import Content, of_earlier_code
from benchmarks.ranking_table.peers import PEERS
from benchmarks.ranking_table.table import SPLITS, TITLES, as_markdown


def best_ranking(content: Content) -> str:
    """Our order of recommendations beside the best of the other methods, on two splits."""
    splits = ("0.9", "0.8")
    rows = {(row["model"], row["split"]): row["ndcg_at_10"] for row in content["rows"]}

    def on_both(model: str) -> str:
        return " and ".join(f"{rows[model, split]:.3f}" for split in splits)

    best = max(PEERS, key=lambda model: rows[model, splits[0]])
    return (
        f"[Recommendations](docs/ranking.md) have an NDCG@10 of {on_both('best-ratings-by-relevance')} at "
        f"{' and '.join(SPLITS[split] for split in splits)}; the best of {len(PEERS)} other methods, {TITLES[best]}, "
        f"has {on_both(best)}, the most rated films {on_both('most-rated')}."
    )


def ranking_table(content: Content) -> str:
    """The tables of all splits, and what made them."""
    commits = dict.fromkeys(row["commit"] for row in content["rows"])
    seeds = ", ".join(dict.fromkeys(str(len(row["seeds"])) for row in content["rows"]))
    made_by = (
        f"Means over {seeds} seeds. Measured by the code of commit {', '.join(commits)}, torch {content['torch']}."
    )
    earlier = of_earlier_code(content, lambda row: TITLES[row["model"]], "split")
    return "\n".join([*as_markdown(content), "", made_by + earlier])
