"""What was measured of reading, as it is kept and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from recsys.results.environment import environment

Case = tuple[int, str, str]  # number of ratings, kind of ids, form of the file
_FORMS = {"zip": "CSV in a zip archive", "csv": "CSV", "parquet": "Parquet"}


def content_of(measured: Mapping[Case, Mapping[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """The medians over turns of each way to read each file, and what measured them."""
    rows = [
        {
            "ratings": n,
            "ids": kind,
            "form": form,
            "turns": len(next(iter(ways.values()))),
            "seconds": {way: [round(turn["seconds"], 2) for turn in turns] for way, turns in ways.items()},
            "peak_mb": {way: round(max(turn["peak"] for turn in turns) / 1e6) for way, turns in ways.items()},
            "arrays_mb": round(ways["ours"][0]["size"] / 1e6) if "ours" in ways else None,
        }
        for (n, kind, form), ways in measured.items()
    ]
    return {**environment(), **{name: _version(name) for name in ("pyarrow", "polars")}, "rows": rows}


def is_reading(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this kind."""
    return "pyarrow" in content and all("arrays_mb" in row for row in content["rows"])


def as_markdown(content: dict[str, Any]) -> list[str]:
    """The table, and what made it."""
    turns = {row["turns"] for row in content["rows"]}
    versions = ", ".join(f"{name} {content[name]}" for name in ("pyarrow", "polars") if content[name])
    return [
        "| ratings | ids | file | seconds | pyarrow alone | ratio | polars alone | peak memory | × the arrays |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(_line, content["rows"]),
        "",
        f"Medians of {' or '.join(map(str, sorted(turns)))} turns on {content['threads']} threads of an "
        f"{content['processor']}, shared with other work; {versions}.",
    ]


def _line(row: dict[str, Any]) -> str:
    seconds = {way: statistics.median(turns) for way, turns in row["seconds"].items()}
    ours, alone, polars = (seconds.get(way) for way in ("ours", "pyarrow", "polars"))
    peak = row["peak_mb"].get("ours")
    cells = [
        f"{row['ratings']:,}",
        row["ids"],
        _FORMS[row["form"]],
        _shown(ours, ".1f"),
        _shown(alone, ".1f"),
        _shown(ours and alone and ours / alone, ".2f"),
        _shown(polars, ".1f"),
        "" if peak is None else f"{peak:,} MB",
        _shown(peak and peak / row["arrays_mb"], ".1f"),
    ]
    return f"| {' | '.join(cells)} |"


def _shown(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
