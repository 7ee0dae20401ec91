"""How far gradient descent and Adam move entries with and without a rating."""

from __future__ import annotations

from benchmarks.document.content import Content, machine
from benchmarks.moves.table import as_markdown


def moves(content: Content) -> str:
    """The table, and what made it."""
    made_with = (
        f"MovieLens 100K, 90:10, seed {content['seed']}; means over entries of |∂L/∂W_ui| and of |change of W_ui|."
    )
    return "\n".join([*as_markdown(content), "", f"{made_with} {machine(content)}"])
