"""What a billion ratings of 100 million users would take, on paper: from what a rating and a row took."""

from __future__ import annotations

from typing import Any

from benchmarks.scale.planted import RANK
from recsys.features import WhoRatedWhat
from recsys.posterior import factored_mean, kept_draws

_RATINGS, _USERS, _ITEMS = 10**9, 10**8, 10**6
_SWEEPS = 100
_CORES, _WIRE = 16, 10e9 / 8  # of a machine: cores, and bytes a second that it sends
_MACHINES = (8, 16, 32)

_WIDTH = RANK + 2  # of a draw's rows, with bias and mean
_BYTES_A_RATING = 16  # a column and a value, in order of users and in order of items
_KEPT = 4 * kept_draws._MOST * _WIDTH
_MEAN = 4 * (factored_mean.RANK + factored_mean._WAITING * _WIDTH)
_SUMS = 4 * _WIDTH**2  # what the ratings say of a row
_FEATURES = 4 * (WhoRatedWhat.directions + _WIDTH)  # and the part of the prior mean that they make
_EXPORT = _KEPT + 4 * factored_mean.RANK  # the arrays of the artefact
_BYTES_A_ROW = _KEPT + _MEAN + _SUMS + _FEATURES + _EXPORT
_SENT_AN_ITEM = 4 * (RANK + 1) * (RANK + 4) // 2  # the distinct sums of an item


def plan(row: dict[str, Any]) -> list[str]:
    """A table for several numbers of machines, from the processors' seconds of the largest size that was measured."""
    ours = row["ours"]
    a_rating = (ours["sweep_cpu_seconds"] + ours["average_cpu_seconds"]) / row["prepare"]["n_ratings"]
    a_row = a_rating * row["prepare"]["n_ratings"] / (row["prepare"]["n_users"] + row["prepare"]["n_items"])
    lines = [
        "| machines | memory of each | sent by each in a sweep | 100 sweeps, at least | at most |",
        "|---:|---:|---:|---:|---:|",
    ]
    for machines in _MACHINES:
        memory = (_RATINGS * _BYTES_A_RATING + _USERS * _BYTES_A_ROW) / machines + _ITEMS * _BYTES_A_ROW
        sent = 2 * _SENT_AN_ITEM * _ITEMS * (machines - 1) / machines  # of a ring that adds up and hands round
        least = _RATINGS * a_rating / (machines * _CORES) + sent / _WIRE
        most = least + (_USERS + _ITEMS) * a_row / (machines * _CORES)
        minutes = " | ".join(f"{_SWEEPS * seconds / 60:.0f} min" for seconds in (least, most))
        lines.append(f"| {machines} | {memory / 2**30:.0f} GiB | {sent / 2**20:.0f} MiB | {minutes} |")
    return [
        *lines,
        "",
        f"A sweep at {row['size']} takes {a_rating * 1e9:.0f} ns of a processor for each rating, all rows in it, or "
        f"{a_row * 1e6:.0f} µs for each row, all ratings in it: at least the first, and at most both.",
        "",
        f"A rating takes {_BYTES_A_RATING} bytes. A row takes {_BYTES_A_ROW:,}: {_KEPT:,} for the kept draws, {_MEAN} "
        f"for the mean, {_SUMS} for its sums, {_FEATURES} for its features, and {_EXPORT:,} for the arrays of the "
        "artefact.",
    ]
