"""Published and measured test RMSE of every model."""

from __future__ import annotations

import math

from benchmarks.document.content import Content
from benchmarks.rmse_table.table2 import LINES, Line

SPLITS = {"0.9": "90:10", "0.8": "80:20", "u1": "u1"}  # as they are called in the tables


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
        "Test RMSE, mean and standard deviation over five seeds unless a cell says otherwise. `+`: the paper counts "
        "the method among those that use more than the ratings, though `mc` and `gc-mc` do not here. `best`, `lnn` and "
        "`embedding` are this project's; the last two start at damped user and item means or, like the paper's, near "
        "zero. `best-all`, `fm-date` and `fm-windows` know when each test rating was given; what `best-all` reaches "
        "without stands below. Blank: not measured, or not published. "
        "The paper's figures of other methods at 80:20 are of the official split u1."
    )
    parts = (_earlier_code(content), _as_served(content["rows"]), _calibration(content["rows"]))
    return "\n".join([*lines, "", notes, *(line for part in parts for line in part)])


def _earlier_code(content: Content) -> list[str]:
    """One line that names the rows of earlier code, or those that are not, whichever are fewer."""
    earlier, current = (
        [f"{row['model']} ({SPLITS[row['split']]})" for row in content["rows"] if row["of_earlier_code"] is is_earlier]
        for is_earlier in (True, False)
    )
    if not earlier:
        return []
    if not current:
        which = "All rows were measured by earlier code"
    elif len(current) < len(earlier):
        which = f"Only {', '.join(current)} {'was' if len(current) == 1 else 'were'} measured by it"
    else:
        which = f"These were measured by earlier code: {', '.join(earlier)}"
    where = "`benchmarks/results/rmse_table.md` has the commit of every row"
    return ["", f"Rows were last added by the code of commit {content['commit']}. {which}; {where}."]


def _as_served(rows: list[Content]) -> list[str]:
    """What models reach that are told when a test rating was given, and what they do without, as most requests are."""
    timed = [row for row in rows if row.get("rmse_as_served_mean") not in (None, row["rmse_mean"])]
    if not timed:
        return []
    lines = [
        "",
        "| test RMSE of models that use times | with the time of the rating | as served, without |",
        "|---|---|---|",
    ]
    for row in timed:
        name = f"{row['model']}, {SPLITS[row['split']]}"
        lines.append(f"| {name} | {row['rmse_mean']:.4f} | {row['rmse_as_served_mean']:.4f} |")
    return lines


def _calibration(rows: list[Content]) -> list[str]:
    """How often ratings lie within the central intervals of the models that predict distributions, also as served."""
    covered = [row for row in rows if row.get("coverage_50") is not None]
    if not covered:
        return []
    lines = ["", "| test ratings within the central … of what is predicted | 50 % | 90 % |", "|---|---|---|"]
    for row in covered:
        name = f"{row['model']}, {SPLITS[row['split']]}"
        lines.append(f"| {name} | {row['coverage_50']:.1%} | {row['coverage_90']:.1%} |")
        half, most = row.get("coverage_50_as_served"), row.get("coverage_90_as_served")
        if half is not None and (half, most) != (row["coverage_50"], row["coverage_90"]):
            lines.append(f"| {name}, as served | {half:.1%} | {most:.1%} |")
    return lines


def _first_measured(line: Line, rows: dict[tuple[str, str], Content]) -> float:
    """What a line is sorted by: its RMSE on the first split it was measured on."""
    means: list[float] = [rows[line.model, split]["rmse_mean"] for split in SPLITS if (line.model, split) in rows]
    return means[0] if means else math.inf


def _published(line: Line, split: str) -> str:
    return f"{line.published[split]:.3f}" if split in line.published else ""


def _measured(row: Content | None) -> str:
    if row is None:
        return ""
    seeds = len(row["seeds"])
    if seeds == 1:
        return f"{row['rmse_mean']:.4f} (seed {row['seeds'][0]} alone)"
    return f"{row['rmse_mean']:.4f} ± {row['rmse_std']:.4f}" + (f" ({seeds} seeds)" if seeds < 5 else "")
