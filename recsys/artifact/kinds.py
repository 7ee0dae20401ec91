"""The kinds of models there are, and what an artefact of each holds: one table, which needs numpy alone.

A new model is a new file in `recsys/models/` and a line here. Its artefacts are then written, checked, loaded and
served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.artifact.cold_items import items as cold_items
from recsys.artifact.latent import dense, factored

Arrays = Mapping[str, tuple[str, ...]]  # name of an array: its dimensions

_MATRIX: Arrays = {"matrix": ("users", "items")}  # of all predictions
_FACTORS: Arrays = {
    "user_factors": ("users", "dimension"),
    "item_factors": ("items", "dimension"),
    "user_bias": ("users", "one"),
    "item_bias": ("items", "one"),
}
_USER_FEATURES: Arrays = {"user_described": ("users",)}  # 1 where a row has features that are not made of its ratings
_ITEM_FEATURES: Arrays = {"item_described": ("items",)}


@dataclass(frozen=True)
class Kind:
    """The arrays of a kind of model, beside those that every artefact has."""

    arrays: Arrays
    """Always there; with `matrix` or with factors, which predict."""
    optional: tuple[Arrays, ...] = ()
    """Groups of arrays; of each group all are there or none."""
    older: Kind | None = None
    """What artefacts of earlier formats hold in their place; an array that only these have tells them."""

    def expected(self, present: set[str]) -> Arrays:
        """The arrays that there must be if those named are there: an array of an optional group asks for the others."""
        if self.older is not None and present & (self.older.arrays.keys() - self.arrays.keys()):
            return self.older.expected(present)
        groups = [group for group in self.optional if present & group.keys()]
        return {name: dimensions for group in (self.arrays, *groups) for name, dimensions in group.items()}


KINDS: dict[str, Kind] = {  # by the name of the model's class
    "BayesianEmbedding": Kind(
        factored.ARRAYS,
        (
            factored.NEWCOMERS,
            factored.NEWCOMERS_BY_ITEMS,
            factored.TIMES,
            cold_items.ARRAYS,
            cold_items.TIMES,
            _USER_FEATURES,
            _ITEM_FEATURES,
        ),
        older=Kind(dense.ARRAYS, (dense.TIMES, _USER_FEATURES, _ITEM_FEATURES)),
    ),
    "LinearNetwork": Kind(_MATRIX),
    "UserItemEmbedding": Kind(_FACTORS),
}
