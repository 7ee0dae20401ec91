"""Timestamps of a request as an artefact takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recsys.artifact import Times
from recsys.artifact.times import UNKNOWN


def times_from(timestamps: Sequence[int | None]) -> Times | None:
    """Timestamps as an artefact takes them, with −1 for None; None if all are, which is answered faster."""
    if all(timestamp is None for timestamp in timestamps):
        return None
    return np.array([UNKNOWN if timestamp is None else timestamp for timestamp in timestamps], np.int64)
