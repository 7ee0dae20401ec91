"""The rows of the table, the file they are kept in, and the table itself."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.ranking_table.peers import PEERS
from benchmarks.ranking_table.runs import OURS, RECIPE, Result, current_fingerprint
from recsys.results.rows import with_row

SPLITS = {"0.9": "90:10", "0.8": "80:20", "time-0.9": "the latest tenth"}
TITLES = {name: f"{RECIPE}, by {order}" for name, order in OURS.items()} | {
    name: peer.title for name, peer in PEERS.items()
}
METRICS = {
    "ndcg_at_10": "NDCG@10",
    "ndcg_at_100": "NDCG@100",
    "recall_at_20": "Recall@20",
    "map_at_10": "MAP@10",
    "hit_rate_at_10": "Hits@10",
    "any_ndcg_at_10": "NDCG@10, any rating",
    "coverage": "Coverage",
    "popularity": "Popularity",
}


def row_of(model: str, split: str, seeds: list[int], results: list[Result]) -> dict[str, Any]:
    """The mean of each metric over the seeds, the deviation of NDCG@10, and what made them."""
    names = [name for name, value in results[0].items() if isinstance(value, float)]
    ndcg = [result["ndcg_at_10"] for result in results]
    return {
        "model": model,
        "split": split,
        "seeds": seeds,
        **{name: statistics.mean(result[name] for result in results) for name in names},
        "ndcg_at_10_std": statistics.stdev(ndcg) if len(ndcg) > 1 else None,
        "settings": results[0]["settings"],
        "commit": ", ".join(dict.fromkeys(result["commit"] for result in results)),
        "fingerprint": results[0]["fingerprint"],
    }


def merged(content: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The content of a results file with the row of this model and split, in the table's order, as by `with_row`."""
    order = [(model, split) for split in SPLITS for model in TITLES]
    return with_row(content, row, ("model", "split"), order, lambda model, _: current_fingerprint(model))


def is_table(content: dict[str, Any]) -> bool:
    """Whether a file's content is a table of this kind, to which rows can be added."""
    return all({"model", "split", "ndcg_at_10"} <= row.keys() for row in content["rows"])


def as_markdown(content: dict[str, Any]) -> list[str]:
    """The lines of a table for each split."""
    lines = []
    for split, title in SPLITS.items():
        rows = [row for row in content["rows"] if row["split"] == split]
        if not rows:
            continue
        lines += [
            f"Split {title}:",
            "",
            f"| | {' | '.join(METRICS.values())} |",
            "|---|" + "---|" * len(METRICS),
            *(f"| {TITLES[row['model']]} | {' | '.join(_cell(row, name) for name in METRICS)} |" for row in rows),
            "",
        ]
    return lines[:-1]


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "popularity":
        return f"{row[name]:.0f}"
    if name == "coverage":
        return f"{row[name]:.0%}"
    spread = f" ± {row['ndcg_at_10_std']:.4f}" if name == "ndcg_at_10" and row["ndcg_at_10_std"] is not None else ""
    return f"{row[name]:.4f}{spread}"
