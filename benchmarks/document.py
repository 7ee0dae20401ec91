"""Write the measured numbers into the documents: python -m benchmarks.document.

What stands between `<!-- NAME -->` and `<!-- /NAME -->` is drawn from benchmarks/results/NAME.json; a test compares.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.best_model import Curve
from benchmarks.best_model import as_markdown as ablation
from benchmarks.table2 import LINES, Line
from recsys.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEST_MODEL = ROOT / "docs" / "best-model.md"
Content = dict[str, Any]
SPLITS = ("0.9", "0.8", "u1")


def rmse_table(content: Content) -> str:
    """Published and measured test RMSE of every model: ours, then the others by what they reach."""
    rows = {(row["model"], row["split"]): row for row in content["rows"]}
    ours = [line for line in LINES if line.ours]
    others = sorted((line for line in LINES if not line.ours), key=lambda line: _first_measured(line, rows))
    lines = [
        "| model | 90:10, paper | 90:10, measured | 80:20, paper | 80:20, measured | u1, measured |",
        "|---|---|---|---|---|---|",
    ]
    for line in [*ours, *others]:
        name = f"{line.model} +" if line.extra_information else line.model
        cells = [
            _published(line, "0.9"),
            _measured(rows.get((line.model, "0.9"))),
            _published(line, "0.8"),
            _measured(rows.get((line.model, "0.8"))),
            _measured(rows.get((line.model, "u1"))),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    notes = (
        "Test RMSE, mean and standard deviation over seeds (each row's are in its results). `+`: learns from more than "
        "who rated what how, be it features or who rated at all. `lnn` and `embedding` are this project's and start at "
        "damped user and item means, the paper's near zero, which is why its rows without a penalty end so far away. "
        "What the paper quotes at 80:20 for other methods is of the official split u1."
    )
    return "\n".join([*lines, "", notes])


def _first_measured(line: Line, rows: dict[tuple[str, str], Content]) -> float:
    """What a line is sorted by: its RMSE on the first split it was measured on."""
    means: list[float] = [rows[line.model, split]["rmse_mean"] for split in SPLITS if (line.model, split) in rows]
    return means[0] if means else math.inf


def _published(line: Line, split: str) -> str:
    return f"{line.published[split]:.3f}" if split in line.published else ""


def _measured(row: Content | None) -> str:
    if row is None:
        return ""
    return f"{row['rmse_mean']:.4f}" + (f" ± {row['rmse_std']:.4f}" if row["rmse_std"] is not None else "")


def speed(content: Content) -> str:
    """Times of the penalty, of training to an RMSE, and of an epoch of growing data."""
    parts = {"penalty": _penalty_speed, "training": _training_speed, "growth": _growth_speed}
    drawn = [
        [*draw(content[part]["rows"]), "", machine(content[part]), ""]
        for part, draw in parts.items()
        if part in content
    ]
    return "\n".join(line for lines in drawn for line in lines).rstrip("\n")


def _penalty_speed(rows: list[Content]) -> list[str]:
    return [
        "| value and gradient, float32 | ours | autograd through `matrix_norm` | ratio |",
        "|---|---|---|---|",
        *(f"| {row['name']} | {row['ours_ms']} ms | {row['autograd_ms']} ms | {row['ratio']} |" for row in rows),
    ]


def _training_speed(rows: list[Content]) -> list[str]:
    reached = [row for row in rows if row["seconds"] is not None]
    missed = [row for row in rows if row["seconds"] is None]
    return [
        "| training on 90:10 until the test RMSE is 0.915 | steps | seconds | × ours |",
        "|---|---|---|---|",
        *(f"| {row['name']} | {row['steps']} | {row['seconds']} | {row['ratio']} |" for row in reached),
        *(f"| {row['name']} | not reached: {row['rmse']:.4f} | | |" for row in missed),
    ]


def _growth_speed(rows: list[Content]) -> list[str]:
    return [
        "| an epoch of the embedding on generated ratings | seconds | ratings a second | for the penalty |",
        "|---|---|---|---|",
        *(
            f"| {row['ratings']:,} of {row['items']:,} items by {row['users']:,} users | {row['epoch_seconds']} "
            f"| {row['ratings_per_second']:,} | {row['penalty_share']:.0%} |"
            for row in rows
        ),
    ]


def machine(content: Content) -> str:
    """One sentence on what measured."""
    return f"Measured on {content['threads']} threads of an {content['processor']}, torch {content['torch']}."


def best_model(content: Content) -> str:
    """The ablation of the posterior mean, and what it takes to reach the RMSE of other methods."""
    seeds = ", ".join(map(str, content["seeds"]))
    made_with = (
        f"Validation parts of seeds {seeds}, {content['sweeps']} sweeps averaged; {content['processor']}, torch "
        f"{content['torch']}."
    )
    return "\n".join([*ablation([Curve(**row) for row in content["rows"]]), "", made_with])


Sections = dict[str, Callable[[Content], str]]
DOCUMENTS: dict[Path, Sections] = {
    README: {"rmse_table": rmse_table, "speed": speed},
    BEST_MODEL: {"best_model": best_model},
}


def rendered(document: Path) -> str:
    """The document with every section drawn anew from its results."""
    text = document.read_text()
    for name, draw in DOCUMENTS[document].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not closing:
            raise SystemExit(f"{document.name} has no section <!-- {name} --> … <!-- /{name} -->")
        section = draw(json.loads((RESULTS / f"{name}.json").read_text()))
        text = f"{before}{opening}{section}\n{closing}{after}"
    return text


def main() -> None:
    """Rewrite the documents."""
    for document in DOCUMENTS:
        write_atomically(document, rendered(document).encode())


if __name__ == "__main__":
    main()
