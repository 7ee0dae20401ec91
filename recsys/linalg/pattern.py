"""Sparse matrices that share one pattern of entries: what a set of ratings is to a model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

Weight = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.floating[Any]]]

_BLOCK = 1 << 21  # entries of a block

with warnings.catch_warnings():  # said once a process: that sparse tensors are in beta state; not amid a fit, then
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor(torch.zeros(1), torch.zeros(0), torch.zeros(0), (0, 0), check_invariants=False)


class Entries(Protocol):
    """Entries of a matrix row by row, such as `data.sorted_ratings.SortedRatings`."""

    def __len__(self) -> int:
        """How many rows there are, n."""

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many entries each row has, (n,)."""

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where those of each row begin, and the end, (n + 1,)."""

    @property
    def others(self) -> npt.NDArray[np.int32]:
        """Their columns, (nnz,)."""

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """Their values, (nnz,)."""


class Weighted:
    """The matrix (n, m) that is w(r) at the entries of ratings r, by its products, which are made in blocks of rows."""

    def __init__(self, entries: Entries, n_columns: int, weight: Weight) -> None:
        """Take ratings row by row, of which none may occur twice, the number of columns, and w, of many at once."""
        self._entries, self._starts, self._columns = entries, entries.starts, entries.others
        self._n_columns, self._weight = n_columns, weight

    def __matmul__(self, right: Tensor) -> Tensor:
        """Its product with (m, k), (n, k)."""
        n = self._starts.size - 1
        product = right.new_empty(n, right.shape[1])
        row = 0
        while row < n:
            end = int(np.searchsorted(self._starts, self._starts[row] + _BLOCK, side="right")) - 1
            end = min(max(end, row + 1), n)
            starts = torch.from_numpy((self._starts[row : end + 1] - self._starts[row]).astype(np.int32))
            block = slice(self._starts[row], self._starts[end])
            columns = torch.from_numpy(self._columns[block].copy())
            weights = torch.from_numpy(self._weight(self._entries.values[block])).to(right)
            matrix = torch.sparse_csr_tensor(
                starts, columns, weights, (end - row, self._n_columns), check_invariants=False
            )
            product[row:end] = matrix @ right
            row = end
        return product


class Pattern:
    """Where a matrix (n, m) has entries; their values are given as a tensor (nnz,), in the order of `rows`, `columns`.

    Dot products of embeddings at the entries, with their gradients, take a small part of the time that it takes to
    gather a row of both factors for each entry and to add up the gradients of these rows.
    """

    def __init__(self, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> None:
        """Sort the entries (nnz,) of the given rows and columns."""
        self.rows, self.columns, self.shape = rows, columns, shape
        self._order = torch.argsort(rows * shape[1] + columns)
        places = torch.arange(len(rows), device=rows.device)
        self._back = torch.empty_like(places).scatter_(0, self._order, places)  # the inverse of the order
        self._columns = columns.index_select(0, self._order).int()
        self._starts = torch.nn.functional.pad(torch.bincount(rows, minlength=shape[0]).cumsum(0), (1, 0)).int()

    @cached_property
    def transposed(self) -> Pattern:
        """The pattern of the transpose (m, n), with its entries in the same order."""
        return Pattern(self.columns, self.rows, (self.shape[1], self.shape[0]))

    def ordered(self, values: Tensor) -> Tensor:
        """Values (nnz,) row by row, in each by ascending columns."""
        return values.index_select(0, self._order)

    def matrix(self, values: Tensor) -> Tensor:
        """The matrix with the values (nnz,), in compressed rows (torch.sparse_csr)."""
        ordered = self.ordered(values)
        return torch.sparse_csr_tensor(self._starts, self._columns, ordered, self.shape, check_invariants=False)

    def products(self, left: Tensor, right: Tensor) -> Tensor:
        """left_i · right_j for left (n, d) and right (m, d), at each entry (i, j), (nnz,); differentiable once."""
        value: Tensor = _Products.apply(self, left, right)  # type: ignore[no-untyped-call]  # torch has no types here
        return value


class _Products(torch.autograd.Function):
    """y_e = left_i · right_j at entries e = (i, j): ∂L/∂left = G right and ∂L/∂right = Gᵀ left, with G_ij = ∂L/∂y_e."""

    @staticmethod
    @override
    def forward(ctx: Any, pattern: Pattern, left: Tensor, right: Tensor) -> Tensor:
        ctx.pattern = pattern
        ctx.save_for_backward(left, right)
        nothing = pattern.matrix(left.new_zeros(len(pattern.rows)))
        values: Tensor = torch.sparse.sampled_addmm(nothing, left, right.mT, beta=0).values()
        return values.index_select(0, pattern._back)

    @staticmethod
    @torch.autograd.function.once_differentiable
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[None, Tensor, Tensor]:
        left, right = ctx.saved_tensors
        return None, ctx.pattern.matrix(outer) @ right, ctx.pattern.transposed.matrix(outer) @ left
