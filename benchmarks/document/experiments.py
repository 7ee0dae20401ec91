"""The controlled experiments: the cells of Table 1, with the paper's values, and the errors of Figure 4."""

from __future__ import annotations

from benchmarks.document.content import Content
from synthetic.penalties import PENALTIES
from synthetic.table1.table import notes_of


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


def _cell(row: Content | None) -> str:
    if row is None:
        return ""
    ours = f"{row['test_error']:.0e} · {row['effective_rank']:.0f}"
    return f"{ours} ({row['paper_test_error']:.0e} · {row['paper_rank']:.0f})"
