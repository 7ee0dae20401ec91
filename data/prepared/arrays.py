"""Arrays in .npy files that are written and read in blocks, since all of one may be larger than memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

BLOCK = 1 << 20  # values

Number = TypeVar("Number", bound=np.generic)
Array = npt.NDArray[Any]


@contextmanager
def written(path: Path, dtype: npt.DTypeLike) -> Iterator[Callable[[Array], None]]:
    """A function that appends a block to a new file; at the end, all of it is on the disk.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    kind = np.dtype(dtype)
    n = 0
    with path.open("wb") as file:

        def append(block: Array) -> None:
            nonlocal n
            file.write(np.ascontiguousarray(block, kind).data)
            n += block.size

        _write_header(file, kind, 0)
        yield append
        file.seek(0)
        _write_header(file, kind, n)  # as long as the other: numpy leaves room for a shape that grows
        file.flush()
        os.fsync(file.fileno())


class StoredArray(Generic[Number]):
    """One dimension of numbers in a .npy file; its blocks are read, not mapped, so that none stays in memory."""

    def __init__(self, path: Path, dtype: type[Number]) -> None:
        """Read how long it is; `dtype` is the type that blocks get."""
        self.path = path
        self.dtype = np.dtype(dtype)
        with path.open("rb") as file:
            (n,), self._stored = _read_header(file)
        self.size = n
        self.shape: tuple[int, ...] = (n,)

    def __iter__(self) -> Iterator[npt.NDArray[Number]]:
        """All of it in blocks of `BLOCK`."""
        return self.blocks(_endless(BLOCK))

    def blocks(self, sizes: Iterator[int]) -> Iterator[npt.NDArray[Number]]:
        """All of it in blocks of these sizes."""
        with self.path.open("rb") as file:
            _read_header(file)
            left = self.size
            while left:
                block = np.fromfile(file, self._stored, min(next(sizes), left))
                if not block.size:
                    raise OSError(f"{self.path} is shorter than it says")
                left -= block.size
                yield block.astype(self.dtype, copy=False)


def _endless(size: int) -> Iterator[int]:
    while True:
        yield size


def _write_header(file: Any, kind: np.dtype[Any], n: int) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (n,)}
    np.lib.format.write_array_header_1_0(file, header)


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype
