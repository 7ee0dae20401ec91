"""Read one file in one way, in a process of its own: python -m benchmarks.reading.child WAY FILE prints JSON.

Seconds and memory are beyond those of the imports.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmarks.peak_memory import peak_memory
from data.ids import StringIds
from data.ratings import Ratings
from data.tables import read_ratings

MEMBER = "ml/ratings.csv"


def ours(file: Path) -> int:
    """Read into `Ratings`; the bytes of its arrays."""
    return _size(read_ratings(file))


def pyarrow_alone(file: Path) -> int:
    """Read the same columns with pyarrow and its own choice of types; the bytes of its table."""
    if file.suffix == ".parquet":
        table = pa.parquet.read_table(file)
    elif file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive, archive.open(MEMBER) as member:
            table = pa.csv.read_csv(member)
    else:
        table = pa.csv.read_csv(file)
    return int(table.nbytes)


def polars_alone(file: Path) -> int:
    """Read the same columns with polars; the bytes of its table."""
    import polars  # of this way alone

    if file.suffix == ".parquet":
        table = polars.read_parquet(file)
    elif file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            table = polars.read_csv(io.BytesIO(archive.read(MEMBER)))
    else:
        table = polars.read_csv(file)
    return int(table.estimated_size())


WAYS: dict[str, Callable[[Path], int]] = {"ours": ours, "pyarrow": pyarrow_alone, "polars": polars_alone}


def measured(way: str, file: Path) -> dict[str, Any]:
    """Seconds, peak memory and size of the result, in bytes; Linux counts memory to a few pages."""
    before = peak_memory()
    begin = time.perf_counter()
    size = WAYS[way](file)
    return {"seconds": time.perf_counter() - begin, "peak": max(0, peak_memory() - before), "size": size}


def _size(ratings: Ratings) -> int:
    arrays: list[Any] = [ratings.users, ratings.items, ratings.values, ratings.timestamps]
    for ids in (ratings.user_ids, ratings.item_ids):
        arrays += [ids.offsets, ids.text] if isinstance(ids, StringIds) else [ids]
    return sum(array.nbytes for array in arrays if array is not None)


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
