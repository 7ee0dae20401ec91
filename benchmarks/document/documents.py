"""Which sections a document has, and the document with all of them drawn anew."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.document.best_model import best_model, cold_items, fold_in, fold_in_asked, fold_in_ranked
from benchmarks.document.best_results import best_results
from benchmarks.document.content import Content
from benchmarks.document.experiments import figure4, moves, table1
from benchmarks.document.faults import faults
from benchmarks.document.other_data import other_data, reading
from benchmarks.document.ranking_table import best_ranking, ranking_table
from benchmarks.document.rmse_table import rmse_table
from benchmarks.document.serving_load import ratings_load, serving_load, string_ids
from benchmarks.document.speed import speed
from benchmarks.scale.table import drawn, planned
from benchmarks.serving_size.table import serving_size

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"

Section = tuple[str, Callable[[Content], str]]  # the name of its results, and what draws it
DOCUMENTS: dict[Path, dict[str, Section]] = {
    ROOT / "README.md": {"best_results": ("rmse_table", best_results), "best_ranking": ("ranking_table", best_ranking)},
    DOCS / "results.md": {"rmse_table": ("rmse_table", rmse_table), "other_data": ("other_data", other_data)},
    DOCS / "experiments.md": {"table1": ("table1", table1), "figure4": ("figure4", figure4)},
    DOCS / "method.md": {"moves": ("moves", moves)},
    DOCS / "speed.md": {
        "speed": ("speed", speed),
        "serving_load": ("serving_load", serving_load),
        "string_ids": ("string_ids", string_ids),
        "ratings_load": ("ratings_load", ratings_load),
        "serving_size": ("serving_size", serving_size),
    },
    DOCS / "best-model.md": {
        "best_model": ("best_model", best_model),
        "fold_in": ("fold_in", fold_in),
        "fold_in_asked": ("fold_in", fold_in_asked),
        "cold_items": ("cold_items", cold_items),
    },
    DOCS / "your-data.md": {"reading": ("reading", reading)},
    DOCS / "ranking.md": {
        "ranking_table": ("ranking_table", ranking_table),
        "fold_in_ranked": ("fold_in", fold_in_ranked),
    },
    DOCS / "scale.md": {"scale": ("scale", drawn), "plan": ("scale", planned)},
    DOCS / "faults.md": {"faults": ("faults", faults)},
}


def rendered(document: Path) -> str:
    """The document with every section drawn anew from its results."""
    text = document.read_text()
    for name, (name_of_results, draw) in DOCUMENTS[document].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not closing:
            raise SystemExit(f"{document.name} has no section <!-- {name} --> … <!-- /{name} -->")
        section = draw(results(name_of_results))
        text = f"{before}{opening}{section}\n{closing}{after}"
    return text


def results(name: str) -> Content:
    """What NAME.json holds; where there is none, the rows of NAME.csv."""
    if (RESULTS / f"{name}.json").is_file():
        content: Content = json.loads((RESULTS / f"{name}.json").read_text())
        return content
    with (RESULTS / f"{name}.csv").open(newline="") as file:
        return {"rows": list(csv.DictReader(file))}
