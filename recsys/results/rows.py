"""Rows of a results file, one for each pair of what was measured and on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from recsys.results.environment import environment

Key = tuple[str, str]


def with_row(
    content: dict[str, Any],
    row: dict[str, Any],
    names: Key,
    order: Iterable[Key],
    current: Callable[[str, str], str],
) -> dict[str, Any]:
    """The content of a results file with a row replaced or added, and what it was measured with.

    Every row says by `of_earlier_code` whether its settings, sources and versions are others than the present ones.

    Args:
        content: what the file holds; nothing yet if it is empty.
        row: with the `fingerprint` of what made it.
        names: of the two columns that tell rows apart.
        order: of all rows that there may be, by the values of these columns; others are left out.
        current: the fingerprint that a row of these values would have now.
    """
    rows = {(old[names[0]], old[names[1]]): old for old in [*content.get("rows", []), row]}
    return {
        **environment(),
        "rows": [
            rows[key] | {"of_earlier_code": rows[key].get("fingerprint") != current(*key)}
            for key in order
            if key in rows
        ],
    }
