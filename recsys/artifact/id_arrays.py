"""The ids of an artefact's users and items as arrays of its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from data.ids import Ids, StringIds

Array = npt.NDArray[Any]

_OF_TEXT = {"offsets": np.int64, "text": np.uint8, "hashes": np.uint32, "by_hash": np.int32}  # as in `StringIds`


def id_arrays(side: str, ids: Ids) -> dict[str, Array]:
    """The arrays that hold the ids of a side, "user" or "item": whole numbers in one, text in those of `StringIds`."""
    if not isinstance(ids, StringIds):
        return {f"{side}_ids": ids}
    return {f"{side}_id_{part}": getattr(ids, part) for part in _OF_TEXT}


def names_of_id_arrays(side: str, present: Iterable[str]) -> set[str]:
    """The names of the arrays that hold the ids of a side: those of text if one of these is there, else `…_ids`."""
    of_text = {f"{side}_id_{part}" for part in _OF_TEXT}
    return of_text if of_text & set(present) else {f"{side}_ids"}


def ids_in(side: str, arrays: Mapping[str, Array]) -> Ids:
    """The ids of a side, which keep these arrays.

    Raises:
        ValueError: they have the wrong type or shape, or are not as `data.ids` wants them.
    """
    whole = arrays.get(f"{side}_ids")
    if whole is not None:
        _check(f"{side}_ids", whole, np.int64)
        if (whole[1:] <= whole[:-1]).any():  # no differences, which 64 bits need not hold
            raise ValueError(f"array {side}_ids is not strictly ascending")
        return whole
    parts = {part: arrays[f"{side}_id_{part}"] for part in _OF_TEXT}
    for part, kind in _OF_TEXT.items():
        _check(f"{side}_id_{part}", parts[part], kind, may_be_empty=part == "text")  # the one id may be ""
    try:
        return StringIds(**parts)
    except ValueError as cause:
        raise ValueError(f"arrays {side}_id_… are no ids: {cause}") from cause


def _check(name: str, array: Array, kind: type, *, may_be_empty: bool = False) -> None:
    if array.dtype != kind or array.ndim != 1:
        raise ValueError(f"array {name} is {array.dtype}{array.shape}; expected one dimension of {np.dtype(kind)}")
    if array.size == 0 and not may_be_empty:
        raise ValueError(f"array {name} is empty")
