"""What the campaign of faults counted."""

from __future__ import annotations

from benchmarks.document.content import Content, machine


def faults(content: Content) -> str:
    """What the campaign of faults counted."""
    counted = ("corrupt", "wrong", "errors", "failed")
    lines = [
        "| fault | moments | corrupt | wrong | errors | failed |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['fault']} | {row['moments']:,} | {' | '.join(str(row[name]) for name in counted)} |"
            for row in content["outcomes"]
        ),
    ]
    return "\n".join([*lines, "", machine(content)])
