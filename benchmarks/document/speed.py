"""Times of the penalty, of training, of growing data and of the synthetic networks."""

from __future__ import annotations

from benchmarks.document.content import Content, machine


def speed(content: Content) -> str:
    """Times of the penalty, of training to an RMSE, and of an epoch of growing data."""
    parts = {
        "penalty": _penalty_speed,
        "penalty_avx2": _penalty_speed,
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


def _synthetic_speed(rows: list[Content]) -> list[str]:
    return [
        "| a step of a 100×100 network, float64 | ours, on all cores | one at a time, autograd | ratio "
        "| error of our gradient of the penalty |",
        "|---|---|---|---|---|",
        *(
            f"| {row['name']} | {row['ours_us']} µs | {row['autograd_us']} µs | {row['ratio']} "
            f"| {row.get('gradient_error') or '–'} |"
            for row in rows
        ),
    ]
