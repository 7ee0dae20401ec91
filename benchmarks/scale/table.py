"""What was measured of sizes, as tables."""

from __future__ import annotations

import math
from typing import Any

Row = dict[str, Any]


def is_scale(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this kind."""
    return all("floor" in row and "ours" in row for row in content["rows"])


def as_markdown(rows: list[Row]) -> list[str]:
    """A table of time and memory, one of errors, and how the time of a sweep grows."""
    lines = [
        "| ratings | users | items | preparing | a sweep | averaging it | SMURFF, both | × SMURFF | peak memory "
        "| SMURFF | artefact |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *map(_costs, rows),
        "",
        "| ratings | sweeps | test RMSE | SMURFF | noise alone | items known | nothing known | above noise "
        "| above items known | above nothing known |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *map(_errors, rows),
    ]
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        grown = math.log(_sweep(last["ours"]) / _sweep(first["ours"]))
        exponent = grown / math.log(last["prepare"]["n_ratings"] / first["prepare"]["n_ratings"])
        lines += [
            "",
            f"From {first['size']} to {last['size']}, a sweep grows with the power {exponent:.2f} of ratings.",
        ]
    return lines


def _costs(row: Row) -> str:
    said, ours, peer = row["prepare"], row["ours"], row.get("smurff")
    cells = [
        *(f"{said[f'n_{what}']:,}" for what in ("ratings", "users", "items")),
        f"{said['seconds']:.0f} s",
        f"{ours['sweep_seconds']:.2f} s",
        f"{ours['average_seconds']:.2f} s",
        f"{_sweep(peer):.2f} s" if peer else "",
        f"{_sweep(ours) / _sweep(peer):.2f}" if peer else "",
        f"{ours['peak_bytes'] / 2**30:.2f} GiB",
        f"{peer['peak_bytes'] / 2**30:.2f} GiB" if peer else "",
        f"{ours['artefact_bytes'] / 2**20:,.0f} MiB",
    ]
    return f"| {' | '.join(cells)} |"


def _errors(row: Row) -> str:
    rmse, peer = row["ours"]["rmse"], row.get("smurff")
    floors = [row["floor"][name] for name in ("noise", "items_known", "none_known")]
    cells = [
        f"{row['prepare']['n_ratings']:,}",
        f"{row['sweeps']}",
        f"{rmse:.4f}",
        f"{peer['rmse']:.4f}" if peer else "",
        *(f"{each:.4f}" for each in floors),
        *(f"{rmse / each - 1:+.1%}" for each in floors),
    ]
    return f"| {' | '.join(cells)} |"


def _sweep(way: Row) -> float:
    """Seconds of a sweep with its averaging."""
    return float(way["sweep_seconds"] + way["average_seconds"])
