"""The training ratings that an artefact holds, checked and counted in blocks that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.artifact.manifest import ArtifactError

Array = npt.NDArray[Any]

_AT_ONCE = 1 << 18  # ratings


def check_ratings(arrays: dict[str, Array], n_users: int, n_items: int, rating_scale: tuple[float, float]) -> None:
    """Check positions, order and values.

    Raises:
        ArtifactError: a position is none, pairs are not in the order of users, then items, or a rating off the scale.
    """
    users, items, values = (arrays[f"rating_{what}"] for what in ("users", "items", "values"))
    for name, indices, size in (("rating_users", users, n_users), ("rating_items", items, n_items)):
        if indices.min() < 0 or indices.max() >= size:
            raise ArtifactError(f"array {name} has positions outside 0 … {size - 1}.")
    if not all(_ascend(users[block], items[block]) for block in _blocks(users.size, overlap=1)):
        raise ArtifactError("arrays rating_users and rating_items are not strictly ascending by user, then item.")
    least, greatest = rating_scale
    if values.min() < least or values.max() > greatest:
        raise ArtifactError(f"array rating_values has ratings outside {least} … {greatest}.")


def counts(places: Array, n: int) -> npt.NDArray[np.int64]:
    """How often each of n places occurs, (n,)."""
    found = np.zeros(n, np.int64)
    for block in _blocks(places.size):
        found += np.bincount(places[block], minlength=n)
    return found


def sums(places: Array, values: Array, n: int) -> npt.NDArray[np.float64]:
    """The sum of the values at each of n places, (n,)."""
    found = np.zeros(n)
    for block in _blocks(places.size):
        found += np.bincount(places[block], values[block], minlength=n)
    return found


def _ascend(users: Array, items: Array) -> bool:
    same = users[1:] == users[:-1]
    return bool(((users[1:] > users[:-1]) | (same & (items[1:] > items[:-1]))).all())


def _blocks(n: int, overlap: int = 0) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE + overlap) for start in range(0, n, _AT_ONCE))
