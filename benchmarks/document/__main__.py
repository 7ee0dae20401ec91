"""Write the measured numbers into the documents: python -m benchmarks.document.

What stands between `<!-- NAME -->` and `<!-- /NAME -->` is drawn from benchmarks/results/NAME.json, or NAME.csv; a test
compares.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.best_model import Curve
from benchmarks.best_model import as_markdown as ablation
from benchmarks.rmse_table.table2 import LINES, Line
from recsys.files import write_atomically
from synthetic.dynamics import PENALTIES
from synthetic.table1.table import notes_of

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEST_MODEL = ROOT / "docs" / "best-model.md"
FAULTS = ROOT / "docs" / "faults.md"
Content = dict[str, Any]
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
        "Test RMSE, mean and standard deviation over five seeds unless it says otherwise. `+`: the paper counts the "
        "method among those that use more than the ratings, though `mc` and `gc-mc` do not here. `lnn` and `embedding` "
        "are this project's and start at damped user and item means or, as the paper's do, near zero. "
        "`best-all`, `fm-date` and `fm-windows` are told when each test rating was given; what `best-all` reaches "
        "without stands below. What is empty was not measured. "
        "What the paper quotes at 80:20 for other methods is of the official split u1."
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
    where = "the commit of every row stands in [rmse_table.md](benchmarks/results/rmse_table.md)"
    return ["", f"The table was last added to with the code of commit {content['commit']}. {which}; {where}."]


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


def speed(content: Content) -> str:
    """Times of the penalty, of training to an RMSE, and of an epoch of growing data."""
    parts = {
        "penalty": _penalty_speed,
        "training": _training_speed,
        "growth": _growth_speed,
        "synthetic": _synthetic_speed,
    }
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


def serving_load(content: Content) -> str:
    """The server beside a bare FastAPI application, and its batches, start, memory and reloads."""
    lines = ["| one worker | this server | bare FastAPI | ratio |", "|---|---|---|---|"]
    for name, title in (("get", "`GET /v1/ratings`"), ("post", "`POST /v1/predictions`, one pair")):
        row = content[name]
        cells = [f"{row[side]['per_second']:,}/s" for side in ("real", "bare")]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} | {row['ratio']} |")
        cells = [f"{row[side]['p50_ms']} ms, {row[side]['p99_ms']} ms" for side in ("real", "bare")]
        lines.append(f"| – p50 and p99 with {content['connections']} connections | {cells[0]} | {cells[1]} | |")
    checked = content["health"]
    kept, new = checked["kept_connection"], checked["new_connections"]
    hold = content["loop_holds"][0]
    peak, batch, start, reloads = (content[name] for name in ("peak_memory", "batch", "start", "reloads"))
    lines.append(f"| peak memory | {peak['real_mb']} MB | {peak['bare_mb']} MB | |")
    return "\n".join(
        [
            *lines,
            "",
            f"A batch of {batch['pairs']:,} pairs takes {batch['milliseconds']} ms from the first byte sent to the "
            f"last one read: {batch['pairs_per_second']:,} pairs a second. From start to ready it takes "
            f"{start['median_s']} s (at most {start['most_s']} s). In {reloads['seconds']} s at full load, "
            f"{reloads['loaded']} new models took each other's place, and {reloads['failed']} of "
            f"{reloads['requests']:,} requests failed (p99 {reloads['p99_ms']} ms); resident memory was "
            f"{reloads['resident_after_10_s_mb']} MB after the first 10 s and {reloads['resident_at_end_mb']} MB at "
            "the end.",
            "",
            f"While {checked['clients']} clients send such batches without a pause, `/health/ready` answers within "
            f"{kept['p99_ms']} ms in 99 of 100 cases (median {kept['p50_ms']} ms), on new connections within "
            f"{new['p99_ms']} ms (median {new['p50_ms']} ms). Of {len(content['loop_holds'])} kinds of large requests "
            f"none keeps others waiting for more than {hold['milliseconds']} ms ({hold['name']}).",
            "",
            f"Measured on {content['cores']} cores of an {content['processor']}, which wrk shared, Python "
            f"{content['python']}.",
        ]
    )


def _synthetic_speed(rows: list[Content]) -> list[str]:
    return [
        "| a step of a 100×100 network, float64 | ours, on all cores | one at a time, autograd | ratio |",
        "|---|---|---|---|",
        *(f"| {row['name']} | {row['ours_us']} µs | {row['autograd_us']} µs | {row['ratio']} |" for row in rows),
    ]


def table1(content: Content) -> str:
    """Test error and effective rank of every cell, the paper's in brackets, then what differs and why."""
    rows = {(row["optimizer"], row["depth"], row["penalty"], row["variant"]): row for row in content["rows"]}
    paper = {key: row for key, row in rows.items() if row["paper_rank"] is not None}
    penalties = [name for name in PENALTIES if any(key[2] == name for key in paper)]
    lines = [f"| optimiser, depth | {' | '.join(penalties)} |", "|---" * (len(penalties) + 1) + "|"]
    for optimizer, depth in dict.fromkeys(key[:2] for key in paper):
        cells = [_cell(paper.get((optimizer, depth, penalty, ""))) for penalty in penalties]
        lines.append(f"| {optimizer}, {depth} | {' | '.join(cells)} |")
    beyond = {key: row for key, row in rows.items() if key not in paper}
    if beyond:
        lines += ["", "| beyond the paper | test error | effective rank | worst seed |", "|---|---|---|---|"]
    for (optimizer, depth, penalty, variant), row in beyond.items():
        name = ", ".join(filter(None, (optimizer, f"depth {depth}", penalty, variant)))
        rank, worst = row["effective_rank"], max(row["test_errors"])
        lines.append(f"| {name} | {row['test_error']:.1e} | {rank:.1f} | {worst:.1e} |")
    seeds = content["rows"][0]["seeds"]
    described = (
        "Test error on the unobserved entries · effective rank, means over the problems of seeds "
        f"{seeds[0]}–{seeds[-1]}, with the paper's in brackets; {len(paper)} of its 60 cells have been measured."
    )
    return "\n".join([*lines, "", described, "", *notes_of(content["rows"])]).rstrip("\n")


def _cell(row: Content | None) -> str:
    if row is None:
        return ""
    ours = f"{row['test_error']:.0e} · {row['effective_rank']:.0f}"
    return f"{ours} ({row['paper_test_error']:.0e} · {row['paper_rank']:.0f})"


def figure4(content: Content) -> str:
    """Least and largest test error over the seeds, for each method and number of observed entries."""
    errors: dict[tuple[str, str], list[float]] = {}
    for row in content["rows"]:
        errors.setdefault((row["method"], row["observed"]), []).append(float(row["test_error"]))
    sizes = sorted({size for _, size in errors}, key=int)
    lines = [
        f"| test error from … observed entries | {' | '.join(f'{int(size):,}' for size in sizes)} |",
        f"|---|{'---|' * len(sizes)}",
    ]
    for method in dict.fromkeys(method for method, _ in errors):
        measured = [errors.get((method, size)) for size in sizes]
        cells = [f"{min(values):.0e} – {max(values):.0e}" if values else "" for values in measured]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    seconds = sum(float(row["cpu_seconds"]) for row in content["rows"])
    seeds = len(next(iter(errors.values())))
    return "\n".join(
        [*lines, "", f"Least and largest of {seeds} seeds. All of it took {seconds / 60:.0f} CPU minutes."]
    )


def faults(content: Content) -> str:
    """What the campaign of faults counted."""
    counted = ("corrupt", "wrong", "errors", "failed")
    lines = [
        "| fault | moments | corrupt | wrong | errors | failed |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['fault']} | {row['moments']:,} | {' | '.join(str(row[name]) for name in counted)} |"
            for row in content["outcomes"]
        ),
    ]
    return "\n".join([*lines, "", machine(content)])


def machine(content: Content) -> str:
    """One sentence on what measured."""
    threads = f"{content['threads']} thread{'s' if content['threads'] > 1 else ''}"
    return f"Measured on {threads} of an {content['processor']}, torch {content['torch']}."


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
    README: {
        "rmse_table": rmse_table,
        "table1": table1,
        "figure4": figure4,
        "speed": speed,
        "serving_load": serving_load,
    },
    BEST_MODEL: {"best_model": best_model},
    FAULTS: {"faults": faults},
}


def rendered(document: Path) -> str:
    """The document with every section drawn anew from its results."""
    text = document.read_text()
    for name, draw in DOCUMENTS[document].items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not closing:
            raise SystemExit(f"{document.name} has no section <!-- {name} --> … <!-- /{name} -->")
        section = draw(_results(name))
        text = f"{before}{opening}{section}\n{closing}{after}"
    return text


def _results(name: str) -> Content:
    """What NAME.json holds; where there is none, the rows of NAME.csv."""
    if (RESULTS / f"{name}.json").is_file():
        content: Content = json.loads((RESULTS / f"{name}.json").read_text())
        return content
    with (RESULTS / f"{name}.csv").open(newline="") as file:
        return {"rows": list(csv.DictReader(file))}


def main() -> None:
    """Rewrite the documents."""
    for document in DOCUMENTS:
        write_atomically(document, rendered(document).encode())


if __name__ == "__main__":
    main()
