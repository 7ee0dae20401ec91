"""Write the measured numbers into README.md: python -m benchmarks.document.

What stands between `<!-- NAME -->` and `<!-- /NAME -->` is drawn from benchmarks/results/NAME.json; a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recsys.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
Content = dict[str, Any]


def rmse_table(content: Content) -> str:
    """Paper's and measured test RMSE of each model on both splits."""
    rows = {(row["model"], row["split"]): row for row in content["rows"]}
    lines = [
        "| model | 90:10, paper | 90:10, measured | 80:20, paper | 80:20, measured |",
        "|---|---|---|---|---|",
    ]
    for model in dict.fromkeys(model for model, _ in rows):
        cells = []
        for split in ("0.9", "0.8"):
            row = rows[model, split]
            cells += [f"{row['paper_rmse']:.3f}", f"{row['rmse_mean']:.4f} ± {row['rmse_std']:.4f}"]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    seeds = rows[next(iter(rows))]["seeds"]
    return "\n".join(
        [
            *lines,
            "",
            "Test RMSE, mean and standard deviation over random splits of seeds "
            f"{seeds[0]}–{seeds[-1]}. Every row starts at damped user and item means, the paper's near zero, "
            "which is why its rows without a penalty end so far away.",
        ]
    )


def speed(content: Content) -> str:
    """Times of the penalty's value and gradient, ours and autograd's."""
    lines = ["| value and gradient, float32 | ours | autograd through `matrix_norm` | ratio |", "|---|---|---|---|"]
    lines += [
        f"| {row['name']} | {row['ours_ms']} ms | {row['autograd_ms']} ms | {row['ratio']} |" for row in content["rows"]
    ]
    return "\n".join([*lines, "", machine(content)])


def machine(content: Content) -> str:
    """One sentence on what measured."""
    return f"Measured on {content['threads']} threads of an {content['processor']}, torch {content['torch']}."


SECTIONS: dict[str, Callable[[Content], str]] = {"rmse_table": rmse_table, "speed": speed}


def rendered(text: str) -> str:
    """The document with every section drawn anew from its results."""
    for name, draw in SECTIONS.items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not closing:
            raise SystemExit(f"README.md has no section <!-- {name} --> … <!-- /{name} -->")
        section = draw(json.loads((RESULTS / f"{name}.json").read_text()))
        text = f"{before}{opening}{section}\n{closing}{after}"
    return text


def main() -> None:
    """Rewrite README.md."""
    write_atomically(README, rendered(README.read_text()).encode())


if __name__ == "__main__":
    main()
