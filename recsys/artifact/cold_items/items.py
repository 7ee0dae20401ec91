"""New items by their columns: which features they have, and the rows of the posterior's factors that follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact.cold_items.column import Column, FeatureError

Array = npt.NDArray[Any]

ARRAYS = {  # name of the array: its dimensions. The first of the affine rows is that of features that are all 0,
    "cold_item_factors": ("affine", "dimension"),  # the others are what each feature adds
    "cold_item_draws": ("affine", "draws", "width"),
    "cold_item_open": ("affine", "affine"),
    "cold_item_columns": ("bytes",),  # JSON in UTF-8, as `columns_in` reads it
}
TIMES = {"cold_item_sitting": ("sitting",)}  # as a row of `sitting_items`


class ColdItem(NamedTuple):
    """What is known of a new item."""

    features: dict[int, float]
    """Those that are not zero, by their place."""
    described: bool
    """Whether any column has a value that says something."""
    used: tuple[str, ...]
    """Columns with a value that says something."""
    missing: tuple[str, ...]
    """Columns without a value; they count as missing ones did in training."""
    unknown: dict[str, tuple[str, ...]]
    """Names, by column, that too few items had in training, or none: all of them count as the rare ones did."""


def columns_in(array: Array) -> tuple[Column, ...]:
    """The columns that an artefact's array of bytes holds.

    Raises:
        ValueError: they are not as `bytes_of` writes them.
    """
    try:
        content = json.loads(array.tobytes().decode())
    except RecursionError as cause:
        raise ValueError("lists are nested too deeply") from cause
    if not isinstance(content, list) or not content:
        raise ValueError("there are no columns of new items")
    return tuple(map(Column.from_json, content))


def bytes_of(columns: Sequence[Column]) -> npt.NDArray[np.uint8]:
    """Columns as an artefact holds them."""
    content = [column.to_json() for column in columns]
    return np.frombuffer(json.dumps(content, ensure_ascii=False, allow_nan=False).encode(), np.uint8)


def check(arrays: Mapping[str, Array]) -> None:
    """Check what shapes and types do not say.

    Raises:
        ValueError: there are no columns, or not as many features as rows.
    """
    width = sum(column.code.width for column in columns_in(arrays["cold_item_columns"]))
    if len(arrays["cold_item_factors"]) != 1 + width:
        raise ValueError(f"columns of new items have {width} features; array cold_item_factors does not fit them")
    if "newcomer_means" not in arrays:
        raise ValueError("arrays of new items need those of new users beside them")
    if ("window_keys" in arrays) != ("cold_item_sitting" in arrays):
        raise ValueError("array cold_item_sitting belongs to a model with windows of time, and is needed there")


class ColdItems:
    """The rows that a model with features of items gives to any item that these describe.

    The prior mean of an item's row is affine in its features x, m + x B, in each draw; and so are, whatever they are
    averaged or projected on, the rows of factors that predictions are made of: a row is (1, x) times the matrix of its
    rows. So an item that was not there has exactly the rows of one that was, without ratings and with equal features.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Read the columns."""
        self._arrays = arrays
        self.columns = columns_in(arrays["cold_item_columns"])
        self.kinds = {column.name: column.kind for column in self.columns}
        """Of each column, what its values are: categories, lists, numbers or dates."""

    def item(self, features: Mapping[str, Any]) -> ColdItem:
        """What is known of an item with these values by the names of columns.

        Raises:
            FeatureError: the model uses no such column, or a value is not of the column's kind.
        """
        for name in features:
            if name not in self.kinds:
                raise FeatureError(f"{name:.80}: this model uses no such column of items, but {', '.join(self.kinds)}")
        places: dict[int, float] = {}
        unknown: dict[str, tuple[str, ...]] = {}
        used, missing = dict.fromkeys(self.kinds, False), dict.fromkeys(self.kinds, False)
        start = 0
        for column in self.columns:
            value = features.get(column.name)
            encoded = column.encode(value)
            places |= {start + place: entry for place, entry in encoded.features.items()}
            missing[column.name] = column.is_missing(value)
            used[column.name] |= bool(encoded.features) and not missing[column.name]
            if encoded.unknown:
                unknown[column.name] = encoded.unknown
            start += column.code.width
        return ColdItem(places, any(used.values()), _true_of(used), _true_of(missing), unknown)

    def arrays(self, items: Sequence[ColdItem]) -> dict[str, Array]:
        """The arrays of `FactoredPosterior` with the rows of n new items in place of those of the training."""
        features = np.zeros((len(items), len(self._arrays["cold_item_factors"])))  # (1, x), (n, 1 + f)
        features[:, 0] = 1
        for row, item in zip(features, items, strict=True):
            row[[1 + place for place in item.features]] = list(item.features.values())
        of = partial(np.tensordot, features, axes=1)
        rows = {f"item_{what}": of(self._arrays[f"cold_item_{what}"]) for what in ("factors", "draws")}
        by_items = (features @ self._arrays["cold_item_open"] * features).sum(1)
        rows["item_open"] = np.column_stack([np.maximum(by_items, 0), np.ones(len(items))])
        if "cold_item_sitting" in self._arrays:
            rows["sitting_items"] = np.tile(self._arrays["cold_item_sitting"], (len(items), 1))
        return {**self._arrays, **{name: array.astype(np.float32) for name, array in rows.items()}}


def _true_of(columns: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, is_so in columns.items() if is_so)
