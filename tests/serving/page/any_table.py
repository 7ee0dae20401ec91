"""A model of a table whose ids are odd text and whose items have no titles, on any scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recsys import artifact
from recsys.artifact import Array, Ids, ItemTable, Manifest, StringIds

USERS = sorted(["", "a/b", "100%2F", "..", "üser & co?#=+", "line\nbreak", " x ", "<b>b</b>"])
ITEMS = sorted(["", "a/b?c=d&e#f", "x-y_z*0~", "北京🦊", "..", "B000A7", "b000a7", " ", "%25", "-7", "i" * 500, "00"])
GREATEST = 2**63 - 1


def shown(original_id: str) -> str:
    """An id as the page shows it: blank ones in quotes, long ones cut."""
    if not original_id.strip():
        return f"“{original_id}”"
    return original_id if len(original_id) <= 200 else f"{original_id[:199]} …"


def text(texts: list[str]) -> StringIds:
    """Text as ids."""
    return StringIds.from_strings(texts)


def saved(
    root: Path,
    least: float,
    most: float,
    step: float | None,
    *,
    users: Ids | None = None,
    items: Ids | None = None,
    table: ItemTable | None = None,
) -> Path:
    """An artefact of a model on a scale; the first users like the first items, and the others the others."""
    users, items = text(USERS) if users is None else users, text(ITEMS) if items is None else items
    n_users, n_items = users.size, items.size
    taste = np.where(np.arange(n_users) < n_users / 2, 1, -1)[:, None] * np.linspace(1, -1, n_items)
    middle, half = (least + most) / 2, (most - least) / 2
    matrix = middle + half * (0.7 * taste + 0.01 * np.arange(n_items) / n_items)
    rated = (np.arange(n_users)[:, None] + np.arange(n_items)) % 3 == 0
    rating_users, rating_items = np.nonzero(rated)
    size = step or (most - least) / 1000
    given = least + np.round((matrix[rated].clip(least, most) - least) / size) * size
    arrays: dict[str, Array] = {
        **artifact.id_arrays("user", users),
        **artifact.id_arrays("item", items),
        "matrix": matrix.astype(np.float32),
        "user_means": np.zeros(n_users, np.float32),
        "item_means": np.linspace(0.1 * half, 0, n_items, dtype=np.float32),
        "rating_users": rating_users.astype(np.int32),
        "rating_items": rating_items.astype(np.int32),
        "rating_values": given.astype(np.float32),
    }
    manifest = Manifest(
        kind="LinearNetwork", recipe="plays", rating_scale=(float(least), float(most)), rating_step=step,
        global_mean=middle, split="0.9", seed=0, metrics={"test_rmse_as_served": 0.2 * half}, data_name="plays.csv",
        data_sha256="ab", created="2026-01-01T00:00:00+00:00", configuration={},
    )  # fmt: skip
    return artifact.save(root, manifest, arrays, table or ItemTable())


def attributes() -> ItemTable:
    """Columns beside ids, of which some are unknown for some items."""
    n = len(ITEMS)
    return ItemTable(
        attributes={
            "pages": tuple(range(100, 100 + n)),
            "publisher": ("<i>Faber</i>", *[None] * (n - 1)),
            "in_print": (True, False) * (n // 2),
            "shelves": (("poetry", "drama"),) * n,
        }
    )
