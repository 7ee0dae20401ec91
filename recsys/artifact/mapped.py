"""The arrays of a safetensors file, mapped from a copy that processes share."""

from __future__ import annotations

import math
import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from safetensors import safe_open

from recsys.files import write_atomically

_LOCK = "copies.lock"
_TYPES = {"F32": np.float32, "I64": np.int64, "I32": np.int32, "U32": np.uint32, "U8": np.uint8}


def arrays_of_copy(data: bytes, copy: Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays of `data`, a safetensors file, as read-only views of the pages of `copy`, which is written if missing.

    All processes that name the same copy share its pages. It is a copy because whoever overwrites a mapped file changes
    the numbers of those who map it, or ends them if it becomes shorter; so it belongs in a folder of their own, under a
    name that says what is in it.

    Raises:
        OSError: the copy cannot be written.
        SafetensorError: `data` is no safetensors file.
        KeyError: an array is of none of these types.
        ValueError: an array begins where its numbers would not be aligned.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(copy.parent / _LOCK):  # two that write would have a copy each, and one that removes would be in time
        if not copy.exists():
            write_atomically(copy, data)
        with copy.open("rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header: Any = safe_open(copy, framework="numpy")  # without types
    with header:
        pieces = [(name, header.get_slice(name)) for name in header.offset_keys()]
        layout = [(name, np.dtype(_TYPES[piece.get_dtype()]), piece.get_shape()) for name, piece in pieces]
    # Arrays lie one after the other, without gaps, and end with the file. Those of the largest numbers come first, so
    # that all are aligned; a program that puts them in another order would make every access slow.
    offset = len(pages) - sum(dtype.itemsize * math.prod(shape) for _, dtype, shape in layout)
    arrays = {}
    for name, dtype, shape in layout:
        if offset % dtype.itemsize:
            raise ValueError(f"array {name} begins at byte {offset}, between two {dtype}")
        arrays[name] = np.frombuffer(pages, dtype, math.prod(shape), offset).reshape(shape)
        offset += arrays[name].nbytes
    return arrays


def forget_copies(folder: Path, but: Path) -> None:
    """Remove all copies in a folder but one; who maps one keeps its pages."""
    with FileLock(folder / _LOCK):
        for copy in folder.glob(f"*{but.suffix}"):
            if copy != but:
                copy.unlink()
