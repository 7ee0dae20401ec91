"""Items in the order of a number, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.artifact import Floats, Positions
from serving.answers.item_catalogue import CatalogueItem, Mask


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


def best(scores: Floats, candidates: Mask, offset: int, n: int) -> Positions:
    """Positions of the `n` candidates with the highest scores after the first `offset`; of equals the first item first.

    Only what reaches the page is sorted.
    """
    items = np.flatnonzero(candidates)
    last = offset + n
    if last < items.size:
        threshold = np.partition(scores[items], items.size - last)[items.size - last]
        items = items[scores[items] >= threshold]
    order = np.argsort(-scores[items], kind="stable")
    return items[order[offset:last]]
