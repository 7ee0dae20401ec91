"""Sort rows that do not fit into memory, by DuckDB, which sorts runs of them on the disk and merges those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from data.errors import MissingPackageError

Rows = dict[str, npt.NDArray[Any]]  # columns of one length, by name

_MEMORY = "256MB"  # that DuckDB may take; what it sorts beyond that goes to the disk
_BLOCK = 1 << 17  # rows


def in_order(blocks: Iterable[Rows], by: tuple[str, ...], scratch: Path) -> Iterator[Rows]:
    """The rows of all blocks in ascending order of some columns, in blocks again.

    Args:
        blocks: with the same columns, at least one block.
        by: the columns that decide, the first one first.
        scratch: a folder for runs of sorted rows.

    Raises:
        MissingPackageError: DuckDB is not installed.
    """
    duckdb = require_duckdb()
    batches = map(pa.RecordBatch.from_pydict, blocks)
    first = next(batches)
    reader = pa.RecordBatchReader.from_batches(first.schema, _with(first, batches))
    config = {
        "memory_limit": _MEMORY,
        "temp_directory": str(scratch / "sorting"),
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("SET enable_progress_bar = false")  # which it may draw where others read
        connection.register("given", reader)
        found = connection.sql(f"SELECT * FROM given ORDER BY {', '.join(by)}")  # execute() would hold all of it
        for batch in found.to_arrow_reader(_BLOCK):
            yield {name: column.to_numpy() for name, column in zip(batch.schema.names, batch.columns, strict=True)}


def require_duckdb() -> Any:
    """The package.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import duckdb
    except ModuleNotFoundError as cause:
        raise MissingPackageError(
            "to prepare ratings needs DuckDB, which is not installed: pip install 'recsys[prepare]'."
        ) from cause
    return duckdb


def _with(first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from others
