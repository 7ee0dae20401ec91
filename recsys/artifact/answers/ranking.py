"""The best of many scores, without sorting the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from data.ids import Known, Positions


def best(scores: npt.NDArray[np.floating[Any]], candidates: Known, offset: int, n: int) -> Positions:
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
