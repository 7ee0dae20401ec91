"""Gram matrices of what stands at the entries of each row of a sparse matrix: regressions are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recsys.linalg.pattern import Entries

# Chosen for speed at 10 million ratings; neither changes a sum by more than rounding.
_LONGEST = 1024  # entries of a piece of a row
_TOGETHER = 1 << 16  # entries of a block, whose vectors stay in the processor's cache
_SHORTER = 0.85  # of the longest piece of a block; of all that is multiplied, one part in forty is padding


class _Block(NamedTuple):
    rows: Tensor  # (p,), of which each piece is
    entries: slice  # of the padded ones
    length: int  # of each piece, with its padding


class RowGrams:
    """Σ_m z_jm z_jmᵀ for every row j, over the columns m where it has an entry y_jm.

    With a vector x_m (c,) for each column, z_jm is x_m with its last component replaced by x_m1 y_jm − x_mc. So for
    x_m = √w_m (1, v_m, o_m) it is √w_m (1, v_m, y_jm − o_m), and the Gram matrix has all that a regression of y_j − o
    on (1, v), weighted by w, can ask: its normal equations, and the sum of squares that any coefficients leave.

    The rows are cut into pieces of 1,024 entries at most. Pieces of about one length are padded to the same, with
    entries at a column of zeros, so that some dozens of batched products make all sums. Memory: 8 bytes an entry; while
    sums are made, a block's vectors and nothing else that grows with entries.
    """

    def __init__(self, entries: Entries, n_columns: int) -> None:
        """Take the entries, (nnz,), of a matrix of so many columns."""
        self._n, self._n_columns = len(entries), n_columns
        counts = entries.counts
        pieces = -(-counts // _LONGEST)  # of each row; none of an empty one
        of_row = np.repeat(np.arange(len(entries)), pieces)
        number = np.arange(of_row.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        longest = -(-counts // np.maximum(pieces, 1))[of_row]
        begins = entries.starts[of_row] + number * longest
        lengths = np.minimum(longest, entries.starts[of_row + 1] - begins)
        order = np.argsort(-lengths, kind="stable")
        self._begins, self._lengths = begins[order], lengths[order]
        self._blocks = list(self._cut(of_row[order]))
        size = self._blocks[-1].entries.stop if self._blocks else 0
        self._columns, self._values = torch.empty(size, dtype=torch.int32), torch.empty(size)
        for block, places, is_entry in self._places():
            columns = np.where(is_entry, entries.others[places], n_columns)
            self._columns[block.entries] = torch.from_numpy(columns.astype(np.int32).ravel())
        self.set_values(entries.values)

    def set_values(self, values: npt.NDArray[np.float32]) -> None:
        """Replace the y (nnz,), in the order of the entries; all have to be finite."""
        for block, places, _ in self._places():
            self._values[block.entries] = torch.from_numpy(values[places].ravel())

    def of(self, vectors: Tensor) -> Tensor:
        """The matrices (n, c, c), float32, for the x (n_columns, c) of all columns."""
        c = vectors.shape[1]
        padded = torch.cat([vectors, vectors.new_zeros(1, c)])
        sums = torch.zeros(self._n, c, c)
        for rows, entries, length in self._blocks:
            found = padded.index_select(0, self._columns[entries])  # (p · length, c)
            found[:, -1] = torch.addcmul(-found[:, -1], found[:, 0], self._values[entries])
            found = found.view(-1, length, c)
            sums.index_add_(0, rows, found.mT @ found)
        return sums

    def _cut(self, of_piece: npt.NDArray[np.int64]) -> Iterator[_Block]:
        """Blocks of pieces, of which these are the rows, in descending order of their lengths."""
        first, place = 0, 0
        while first < of_piece.size:
            length = int(self._lengths[first])
            shorter = int(np.searchsorted(-self._lengths, -_SHORTER * length, side="left"))
            end = min(max(shorter, first + 1), first + max(_TOGETHER // length, 1))
            size = (end - first) * length
            yield _Block(torch.from_numpy(of_piece[first:end]), slice(place, place + size), length)
            first, place = end, place + size

    def _places(self) -> Iterator[tuple[_Block, npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
        """Of each block, where its padded entries (p, length) are among all, and whether they are any."""
        first = 0
        for block in self._blocks:
            pieces = slice(first, first + len(block.rows))
            steps, lengths = np.arange(block.length), self._lengths[pieces, None]
            yield block, self._begins[pieces, None] + np.minimum(steps, lengths - 1), steps < lengths
            first = pieces.stop
