"""The arrays of a safetensors file, mapped from a copy that processes share."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from safetensors import safe_open

_LOCK = "copies.lock"
TYPES = {"F32": np.float32, "I64": np.int64, "I32": np.int32, "U32": np.uint32, "U8": np.uint8}


@contextmanager
def copies_in(folder: Path) -> Iterator[None]:
    """Have a folder of copies to oneself, made if need be: two that write would have a copy each.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        yield


def arrays_of_copy(copy: Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays of a safetensors file as read-only views of its pages, which all processes that name it share.

    It is a copy because whoever overwrites a mapped file changes the numbers of those who map it, or ends them if it
    becomes shorter; so it belongs in a folder of their own, under a name that says what is in it.

    Raises:
        SafetensorError: it is no safetensors file.
        KeyError: an array is of none of these types.
        ValueError: an array begins where its numbers would not be aligned.
    """
    with copy.open("rb") as file:
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header: Any = safe_open(copy, framework="numpy")  # without types
    with header:
        pieces = [(name, header.get_slice(name)) for name in header.offset_keys()]
        layout = [(name, np.dtype(TYPES[piece.get_dtype()]), piece.get_shape()) for name, piece in pieces]
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
    """Remove all copies in a folder but one, whose folder the caller has; who maps one keeps its pages."""
    for copy in folder.glob(f"*{but.suffix}"):
        if copy != but:
            for file in folder.glob(f"{copy.stem}.*"):
                file.unlink()
