"""What a file of results holds, and what it was measured on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Content = dict[str, Any]


def machine(content: Content) -> str:
    """One sentence on the processor and the version of torch."""
    threads = f"{content['threads']} thread{'s' if content['threads'] > 1 else ''}"
    return f"Measured on {threads} of an {content['processor']}, torch {content['torch']}."


def of_earlier_code(content: Content, name: Callable[[Content], str], part: str) -> str:
    """Which rows are of earlier code than the last one, as a sentence behind others, or none.

    Each is named with its `part`, such as "split"; a name alone stands for all of its rows.
    """
    rows: dict[str, list[Content]] = {}
    for row in content["rows"]:
        rows.setdefault(name(row), []).append(row)
    earlier = []
    for named, of_name in rows.items():
        parts = [str(row[part]) for row in of_name if row["of_earlier_code"]]
        if parts:
            earlier.append(named if len(parts) == len(of_name) > 1 else f"{named} ({', '.join(parts)})")
    return f" Of earlier code than the last row: {', '.join(earlier)}." if earlier else ""
