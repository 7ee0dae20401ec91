"""A small artefact, and what is put in the place of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from typing_extensions import override

from recsys import artifact
from recsys.artifact import Array, ItemTable, Manifest

USER_IDS, ITEM_IDS = np.array([3, 7, 20]), np.array([10, 11])


ITEMS = ItemTable(("Café", "北京"), (1999, None), (("Comedy", "Drama"), ()))


def manifest(kind: str = "LinearNetwork", **changes: object) -> Manifest:
    values: dict[str, object] = {
        "kind": kind, "recipe": "test", "rating_scale": (1.0, 5.0), "rating_step": 0.5, "global_mean": 3.5,
        "split": "0.9", "seed": 0, "metrics": {"test_rmse": 0.9}, "data_name": "100k", "data_sha256": "ab",
        "created": "2026-01-01T00:00:00+00:00",
        "configuration": {"data": {"split": "0.9"}},
    }  # fmt: skip
    return Manifest(**{**values, **changes})  # type: ignore[arg-type]  # the test's own values


def arrays(seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "matrix": rng.uniform(0, 6, (3, 2)).astype(np.float32),
        "user_ids": USER_IDS,
        "item_ids": ITEM_IDS,
        "user_means": np.array([0.5, -0.5, 0.25], np.float32),
        "item_means": np.array([1.0, -1.0], np.float32),
        "rating_users": np.array([0, 1, 2], np.int32),
        "rating_items": np.array([0, 0, 1], np.int32),
        "rating_values": np.array([1.0, 4.5, 5.0], np.float32),
    }


def with_text_ids(
    numbered: dict[str, Array], users: list[str] | None = None, items: list[str] | None = None
) -> dict[str, Array]:
    """The arrays with text in the place of whole numbers as ids of one side or both."""
    changed = dict(numbered)
    for side, texts in (("user", users), ("item", items)):
        if texts is not None:
            del changed[f"{side}_ids"]
            changed |= artifact.id_arrays(side, artifact.StringIds.from_strings(texts))
    return changed


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.touched,))


def rewrite(directory: Path, model: bytes | None = None, items: bytes | None = None) -> None:
    """Put other files in place, with a manifest that vouches for them."""
    for name, data in ((artifact.MODEL_FILE, model), (artifact.ITEMS_FILE, items)):
        if data is not None:
            (directory / name).write_bytes(data)
    names = (artifact.MODEL_FILE, artifact.ITEMS_FILE)
    hashes = [hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names]
    (directory / artifact.MANIFEST_FILE).write_bytes(manifest().sealed(*hashes).to_json())


def huge_array(shape: list[int], offsets: list[int]) -> bytes:
    """A short safetensors file whose header declares an array that is not there."""
    header = json.dumps({"matrix": {"dtype": "F32", "shape": shape, "data_offsets": offsets}}).encode()
    return len(header).to_bytes(8, "little") + header + b"1234"
