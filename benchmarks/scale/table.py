"""What was measured of sizes, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from benchmarks.document.content import Content, machine
from benchmarks.scale.plan import plan

Row = dict[str, Any]


def is_scale(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this kind."""
    return all("shared" in row or ("floor" in row and "ours" in row) for row in content["rows"])


def drawn(content: Content) -> str:
    """The tables in a document, and what they were measured on."""
    return "\n".join([*as_markdown(content["rows"]), "", machine(content["rows"][-1])])


def planned(content: Content) -> str:
    """The plan in a document."""
    return "\n".join(plan(max(content["rows"], key=lambda row: int(row["prepare"]["n_ratings"]))))


def as_markdown(rows: list[Row]) -> list[str]:
    """Tables of what `_fits` says, and of fits that several processes share, as far as they were measured."""
    fits, shared = ([row for row in rows if way in row] for way in ("ours", "shared"))
    lines = _fits(fits) if fits else []
    if shared:
        lines += [
            "",
            "| size | processes | a sweep with its averaging | of the first | sent by each | peak memory of each |",
            "|---:|---:|---:|---:|---:|---:|",
            *(line for row in shared for line in _shared(row)),
        ]
    return lines


def _fits(rows: list[Row]) -> list[str]:
    """Tables of preparing and fitting, of a sweep beside SMURFF's, and of errors, and how a sweep's time grows."""
    peers = [row for row in rows if "smurff" in row]
    lines = [
        "| ratings | users | items | preparing | peak memory | fit | sweeps | peak memory | artefact |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *map(_fit, rows),
        "",
        "| a sweep with its averaging | seconds | of processors | SMURFF | of processors | ratio | of processors |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *map(_sweep, rows),
        "",
        "| ratings | test RMSE | of the planted means | items known | nothing known | above these | | |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
        *map(_error, rows),
        "",
        *(
            f"SMURFF at {row['size']}: test RMSE {row['smurff']['rmse']:.4f}, peak memory {_gib(row['smurff'])}."
            for row in peers
        ),
    ]
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        grown = math.log(_seconds(last["ours"], "cpu_seconds") / _seconds(first["ours"], "cpu_seconds"))
        exponent = grown / math.log(last["prepare"]["n_ratings"] / first["prepare"]["n_ratings"])
        lines.append(
            f"From {first['size']} to {last['size']}, the processors' seconds of a sweep grow as the power "
            f"{exponent:.2f} of the ratings."
        )
    return lines


def _shared(row: Row) -> Iterator[str]:
    """A line for each number of processes, beside the first."""
    first = row["shared"][0]
    for ours in row["shared"]:
        of_each = " and ".join(f"{size / 2**30:.2f}" for size in ours["peak_bytes"])
        cells = [
            row["size"],
            f"{ours['processes']:.0f}",
            f"{_seconds(ours, 'seconds'):.2f} s",
            f"{_seconds(ours, 'seconds') / _seconds(first, 'seconds'):.2f}",
            f"{ours['sent_bytes'] / 2**20:.1f} MiB",
            f"{of_each} GiB",
        ]
        yield f"| {' | '.join(cells)} |"


def _fit(row: Row) -> str:
    said, ours = row["prepare"], row["ours"]
    cells = [
        *(f"{said[f'n_{what}']:,}" for what in ("ratings", "users", "items")),
        f"{said['seconds']:.0f} s",
        _gib(said),
        f"{ours['seconds']:.0f} s",
        f"{row['sweeps']}",
        _gib(ours),
        f"{ours['artefact_bytes'] / 2**20:,.0f} MiB",
    ]
    return f"| {' | '.join(cells)} |"


def _sweep(row: Row) -> str:
    ours, peer = row["ours"], row.get("smurff")
    kinds = ("seconds", "cpu_seconds")
    cells = [row["size"], *(f"{_seconds(ours, kind):.2f}" for kind in kinds)]
    cells += [f"{_seconds(peer, kind):.2f}" if peer else "" for kind in kinds]
    cells += [f"{_seconds(ours, kind) / _seconds(peer, kind):.2f}" if peer else "" for kind in kinds]
    return f"| {' | '.join(cells)} |"


def _error(row: Row) -> str:
    rmse = row["ours"]["rmse"]
    floors = [row["floor"][name] for name in ("noise", "items_known", "none_known")]
    cells = [
        f"{row['prepare']['n_ratings']:,}",
        f"{rmse:.4f}",
        *(f"{each:.4f}" for each in floors),
        *(f"{rmse / each - 1:+.1%}" for each in floors),
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(way: Row, kind: str) -> float:
    """Seconds of a sweep with its averaging."""
    return float(way[f"sweep_{kind}"] + way[f"average_{kind}"])


def _gib(way: Row) -> str:
    return f"{way['peak_bytes'] / 2**30:.2f} GiB"
