"""The ids of an artefact's users and items as arrays of its file."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from data.ids import Ids, StringIds


def id_arrays(side: str, ids: Ids) -> dict[str, npt.NDArray[Any]]:
    """The arrays that hold the ids of a side, "user" or "item": whole numbers in one, text in those of `StringIds`."""
    if not isinstance(ids, StringIds):
        return {f"{side}_ids": ids}
    return {
        f"{side}_id_offsets": ids.offsets,
        f"{side}_id_text": ids.text,
        f"{side}_id_hashes": ids.hashes,
        f"{side}_id_by_hash": ids.by_hash,
    }
