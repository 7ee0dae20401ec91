"""Items in the order of a number, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from serving.answers.item_catalogue import CatalogueItem


@dataclass(frozen=True)
class RankedItem:
    """An item and the number it was ranked by: a predicted rating on the data set's scale, or a similarity."""

    item: CatalogueItem
    value: float


@dataclass(frozen=True)
class Ranking:
    """One page of a ranking, how many there are in all, and who answered."""

    total: int
    source: str
    page: list[RankedItem]
