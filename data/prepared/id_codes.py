"""Ids of one side that come in blocks: first as places among those of their block, then among all in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.ids import Ids, StringIds
from data.prepared.arrays import StoredArray, written
from data.tables.coded import Coded, Where
from data.tables.ids import distinct_ids, in_order

_FEW = 1 << 16  # ids that may wait to be looked at together, however few there are


class IdCodes:
    """The ids of all rows, of which memory holds the distinct ones alone."""

    def __init__(self, side: str, scratch: Path, files: ExitStack, *, are_written: bool) -> None:
        """Open files for them.

        Args:
            side: "user" or "item".
            scratch: a folder for what is needed until the ids are known in order.
            files: closes the files, after the last block.
            are_written: whether the ids come from a text.
        """
        self._side = side
        self._are_written = are_written
        self._codes = scratch / f"{side}_codes.npy"
        self._dictionaries = scratch / f"{side}_dictionaries.arrows"
        self._append: Callable[[npt.NDArray[Any]], None] = files.enter_context(written(self._codes, np.int32))
        self._files = files
        self._writer: pa.RecordBatchStreamWriter | None = None
        self._distinct: pa.Array | None = None
        self._pending: list[pa.Array] = []
        self._rows: list[int] = []  # of each block

    def add(self, column: pa.ChunkedArray, where: Where) -> None:
        """Take the next block.

        Raises:
            MalformedRowError, InvalidIdError: as `data.tables.ids.dense_ids`.
        """
        coded = Coded(column, f"{self._side} id", where)
        distinct = distinct_ids(coded, self._side, where, are_written=self._are_written)
        distinct = distinct if pa.types.is_integer(distinct.type) else distinct.cast(pa.large_string())
        self._append(coded.each(np.arange(len(distinct), dtype=np.int32)))
        self._rows.append(coded.size)
        if self._writer is None:
            schema = pa.schema([("id", distinct.type)])
            self._writer = self._files.enter_context(pa.ipc.new_stream(str(self._dictionaries), schema))
        self._writer.write_batch(pa.record_batch([distinct], names=["id"]))
        self._pending.append(distinct)
        if sum(map(len, self._pending)) > max(_FEW, 0 if self._distinct is None else len(self._distinct)):
            self._merge()

    def ids(self) -> Ids:
        """All distinct ids, in order; once, after the last block."""
        self._merge()
        distinct, self._distinct = self._distinct, None
        assert distinct is not None
        return in_order(distinct, are_written=self._are_written)[1]

    def dense(self, ids: Ids) -> Iterator[npt.NDArray[np.int32]]:
        """For each row the place of its id among all, in blocks as they came; then the files are removed."""
        codes = StoredArray(self._codes, np.int32).blocks(iter(self._rows))
        with pa.OSFile(str(self._dictionaries)) as file, pa.ipc.open_stream(file) as reader:
            value_set = _as_array(ids).cast(reader.schema.field("id").type)
            group: list[pa.Array] = []
            for batch in reader:
                group.append(batch.column(0))
                if sum(map(len, group)) >= max(_FEW, len(value_set)):
                    yield from _of_group(group, value_set, codes)
                    group = []
            yield from _of_group(group, value_set, codes)
        self._codes.unlink()
        self._dictionaries.unlink()

    def _merge(self) -> None:
        known = [] if self._distinct is None else [self._distinct]
        self._distinct = pa.chunked_array([*known, *self._pending]).unique()
        self._pending = []


def _of_group(
    group: list[pa.Array], value_set: pa.Array, codes: Iterator[npt.NDArray[np.int32]]
) -> Iterator[npt.NDArray[np.int32]]:
    """The places of some blocks, whose ids are looked up together: each look-up begins with a table of all ids."""
    if not group:
        return
    places = pc.index_in(pa.concat_arrays(group), value_set=value_set).to_numpy()
    start = 0
    for each in group:
        yield places[start : start + len(each)][next(codes)]
        start += len(each)


def _as_array(ids: Ids) -> pa.Array:
    if not isinstance(ids, StringIds):
        return pa.array(ids)
    return pa.LargeStringArray.from_buffers(ids.size, pa.py_buffer(ids.offsets), pa.py_buffer(ids.text))
