"""Test errors of six methods over the number of observed entries."""

from __future__ import annotations

from benchmarks.document.content import Content


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
