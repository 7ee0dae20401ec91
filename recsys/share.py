"""Rows that the processes of one fit have between them, and sums over all of these processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from typing_extensions import override

from recsys.errors import LostProcessError

_SENT = 1 << 24  # bytes that are sent to the first process at once


@dataclass(frozen=True)
class Share:
    """The rows bounds[place] … bounds[place + 1] − 1 of a matrix; process number `place` has them.

    Processes are those of `torch.distributed`; together they have each row once, so of one process the share is all.
    What is said of all of them is the same in each of them, bit for bit. Every process has to ask for it.
    """

    bounds: tuple[int, ...]
    place: int = 0

    @classmethod
    def whole(cls, n: int) -> Share:
        """All n rows, which every process has."""
        return cls((0, n))

    @classmethod
    def joined(cls, n: int) -> Share:
        """This process's n rows, behind those of the processes before it."""
        processes, place = _processes(), place_of_process()
        counts = torch.zeros(processes + 1, dtype=torch.int64)
        counts[place + 1] = n
        return cls(tuple(cls(tuple(range(processes + 1)), place).sum(counts).cumsum(0).tolist()), place)

    @classmethod
    def even(cls, n: int) -> Share:
        """About as many of n rows as every other process."""
        processes = _processes()
        return cls(tuple(n * place // processes for place in range(processes + 1)), place_of_process())

    def __len__(self) -> int:
        """How many rows this process has."""
        return self.end - self.begin

    @property
    def begin(self) -> int:
        """The first row."""
        return self.bounds[self.place]

    @property
    def end(self) -> int:
        """The row behind the last one."""
        return self.bounds[self.place + 1]

    @property
    def total(self) -> int:
        """How many rows all processes have."""
        return self.bounds[-1]

    @property
    def rows(self) -> slice:
        """Where the rows stand among all."""
        return slice(self.begin, self.end)

    @property
    def is_whole(self) -> bool:
        """Whether every process has all rows."""
        return len(self.bounds) == 2

    def sum(self, of_rows: Tensor) -> Tensor:
        """Σ over all processes of what each has summed over its rows; the tensor that is given may hold it then.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.is_whole:
            return of_rows
        of_rows = of_rows.contiguous()
        with _saying_who_is_lost():
            dist.all_reduce(of_rows)
        return of_rows

    def differentiable_sum(self, of_rows: Tensor) -> Tensor:
        """`sum`, whose gradient each process has for its own part."""
        summed: Tensor = of_rows if self.is_whole else _Sum.apply(self, of_rows)  # type: ignore[no-untyped-call]
        return summed

    def used_by_all(self, values: Tensor) -> Tensor:
        """Values that every process has, as what each computes from; their gradient is the sum of all of theirs."""
        used: Tensor = values if self.is_whole else _Used.apply(self, values)  # type: ignore[no-untyped-call]
        return used

    def gather(self, rows: Tensor) -> Tensor:
        """All rows, (total, …), for those of this process."""
        if self.is_whole:
            return rows
        of_all = rows.new_zeros(self.total, *rows.shape[1:])  # to which all others add zeros
        of_all[self.rows] = rows
        return self.sum(of_all)

    def own(self, rows: Tensor) -> Tensor:
        """This process's rows of all, (total, …)."""
        return rows if self.is_whole else rows[self.rows].clone()

    def to_first(self, rows: Tensor) -> Tensor:
        """All rows, (total, …), in the first process; in the others those that are given.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.is_whole:
            return rows
        of_all = rows.new_empty(0 if self.place else self.total, *rows.shape[1:])
        begin = 0
        for block in self.blocks_to_first(rows):
            of_all[begin : begin + len(block)] = block
            begin += len(block)
        return rows if self.place else of_all

    def blocks_to_first(self, rows: Tensor) -> Iterator[Tensor]:
        """All rows block by block in the first process; in the others, which send theirs meanwhile, no block.

        Every process has to go through it to the end, and through several of them in the same order.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.is_whole:
            yield rows
            return
        step = max(_SENT // max(rows[:1].nbytes, 1), 1)
        for place, (begin, end) in enumerate(pairwise(self.bounds)):
            for start in range(0, end - begin, step):
                stop = min(start + step, end - begin)
                if self.place == place == 0:
                    yield rows[start:stop]
                elif self.place == place:
                    with _saying_who_is_lost():
                        dist.send(rows[start:stop].contiguous(), 0)
                elif self.place == 0:
                    block = rows.new_empty(stop - start, *rows.shape[1:])
                    with _saying_who_is_lost():
                        dist.recv(block, place)
                    yield block


class _Sum(torch.autograd.Function):
    @staticmethod
    @override
    def forward(ctx: Any, share: Share, of_rows: Tensor) -> Tensor:
        return share.sum(of_rows.clone())

    @staticmethod
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[None, Tensor]:
        return None, outer


class _Used(torch.autograd.Function):
    @staticmethod
    @override
    def forward(ctx: Any, share: Share, values: Tensor) -> Tensor:
        ctx.share = share
        return values.view_as(values)

    @staticmethod
    @torch.autograd.function.once_differentiable
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[None, Tensor]:
        return None, ctx.share.sum(outer.clone())


def _processes() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def place_of_process() -> int:
    """Which of the processes of a fit this one is, counted from 0; 0 if there are no others."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


@contextmanager
def _saying_who_is_lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as cause:  # what gloo and NCCL raise where a connection breaks
        raise LostProcessError(f"process {place_of_process()} has lost another one of this fit: {cause}") from cause
