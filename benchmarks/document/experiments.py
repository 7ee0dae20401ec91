"""The experiments: cells of Table 1 with the paper's values, errors of Figure 4, and moves of single entries."""

from __future__ import annotations

import statistics

from benchmarks.document.content import Content, machine
from benchmarks.moves.table import as_markdown
from synthetic.penalties import PENALTIES
from synthetic.table1.table import cell_of, notes_of

ROUNDING = 1e-12  # mean squared error


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
        lines += ["", "| beyond the paper | test error | worst seed | effective rank |", "|---|---|---|---|"]
    for (optimizer, depth, penalty, variant), row in beyond.items():
        name = ", ".join(filter(None, (optimizer, f"depth {depth}", penalty, variant)))
        oracle = _beside(row.get("oracle_test_errors", [0.0]))
        errors = row["test_errors"]
        error = f"{statistics.mean(errors):.1e}{oracle} | {max(errors):.1e}"
        lines.append(f"| {name} | {error} | {row['effective_rank']:.1f} |")
    described = (
        "Test error on the unobserved entries · effective rank, means over the problems of all seeds, with the paper's "
        f"in brackets; {len(paper)} of its 60 cells are measured. The oracle knows the column space of the truth: "
        "it errs where there is noise, and in columns of which fewer entries are known than the rank."
    )
    return "\n".join([*lines, "", described, "", *made_by(content["rows"]), *notes_of(content["rows"])]).rstrip("\n")


def _beside(oracle: list[float]) -> str:
    """What the oracle leaves of error, where that is not rounding alone."""
    return f" (oracle {statistics.mean(oracle):.1e})" if max(oracle) > ROUNDING else ""


def made_by(rows: list[Content]) -> list[str]:
    """Which rows are of which seeds, and of earlier code, as a list; the largest group is not named cell by cell."""
    groups: dict[tuple[str, bool], list[str]] = {}
    for row in rows:
        seeds = f"seeds {row['seeds'][0]}–{row['seeds'][-1]}" if len(row["seeds"]) > 1 else f"seed {row['seeds'][0]}"
        groups.setdefault((seeds, row["of_earlier_code"]), []).append(str(cell_of(row)))
    ordered = sorted(groups.items(), key=lambda group: len(group[1]))
    lines = []
    for place, ((seeds, earlier), cells) in enumerate(ordered):
        named = ", ".join(cells) if place < len(ordered) - 1 else "all others" if place else "all"
        lines.append(f"- {seeds}{', earlier code' if earlier else ''}: {named}")
    return lines


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


def moves(content: Content) -> str:
    """How far gradient descent and Adam move entries with and without a rating, and what it was measured on."""
    means = f"MovieLens 100K, 90:10, seed {content['seed']}; means over entries of |∂L/∂W_ui| and of |change of W_ui|."
    return "\n".join([*as_markdown(content), "", f"{means} {machine(content)}"])


def _cell(row: Content | None) -> str:
    if row is None:
        return ""
    ours = f"{row['test_error']:.0e} · {row['effective_rank']:.0f}"
    return f"{ours} ({row['paper_test_error']:.0e} · {row['paper_rank']:.0f})"
