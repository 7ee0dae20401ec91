"""Files of generated ratings in MovieLens' form, with whole numbers or UUIDs as ids."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

N_USERS, N_ITEMS = 162_541, 59_047  # of MovieLens 25m
LARGEST_ITEM = 209_171  # the ids of its items go up to here, with gaps
FORMS = ("zip", "csv", "parquet")
KINDS = ("integers", "UUIDs")


def files_of(folder: Path, n: int, kind: str, forms: Sequence[str]) -> dict[str, Path]:
    """The file of n ratings with ids of a kind in each of some forms; those that are not there are made."""
    files = {form: folder / f"{n}-{kind.lower()}.{form}" for form in forms}
    if missing := [form for form, file in files.items() if not file.exists()]:
        table = _table(n, kind)
        for form in missing:
            unfinished = folder / f"unfinished.{form}"
            _WRITERS[form](table, unfinished)
            unfinished.replace(files[form])
    return files


def _table(n: int, kind: str) -> pa.Table:
    users, items = _pairs(n)
    generator = np.random.default_rng([n, 1])
    item_ids = np.sort(generator.choice(LARGEST_ITEM, N_ITEMS, replace=False)) + 1
    halves = pa.array([f"{half / 2:.1f}" for half in range(1, 11)])
    words = kind == "UUIDs"
    return pa.table(
        {
            "userId": _uuids(N_USERS, generator).take(pa.array(users)) if words else users + 1,
            "movieId": _uuids(N_ITEMS, generator).take(pa.array(items)) if words else item_ids[items],
            "rating": halves.take(pa.array(generator.integers(0, 10, n))),
            "timestamp": generator.integers(789_652_009, 1_574_327_703, n),  # those of 25m lie in between
        }
    )


@lru_cache(maxsize=1)
def _pairs(n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Users (n,) and items (n,) of distinct pairs in order, with every user and item.

    The popularity of rank r is proportional to 1 / (r + 500).
    """
    generator = np.random.default_rng([n, 0])
    found = np.concatenate(
        [
            np.arange(N_USERS) * N_ITEMS + generator.integers(0, N_ITEMS, N_USERS),
            generator.integers(0, N_USERS, N_ITEMS) * N_ITEMS + np.arange(N_ITEMS),
        ]
    )
    always = np.unique(found)
    pairs = always
    while pairs.size < n:
        drawn = _drawn(N_USERS, n, generator) * N_ITEMS + _drawn(N_ITEMS, n, generator)
        pairs = np.union1d(pairs, drawn)
    others = np.ones(pairs.size, np.bool_)
    others[np.searchsorted(pairs, always)] = False
    pairs = np.delete(pairs, generator.choice(np.flatnonzero(others), pairs.size - n, replace=False))
    return pairs // N_ITEMS, pairs % N_ITEMS


def _drawn(n: int, size: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    ranks = 500 * np.expm1(generator.random(size) * np.log1p(n / 500))  # the sum of shares is a logarithm
    places: npt.NDArray[np.int64] = generator.permutation(n)[ranks.astype(np.int64).clip(max=n - 1)]
    return places


def _uuids(n: int, generator: np.random.Generator) -> pa.Array:
    return pa.array([str(uuid.UUID(bytes=generator.bytes(16), version=4)) for _ in range(n)])


def _write_csv(table: pa.Table, file: Path) -> None:
    with file.open("wb") as stream:
        _write_rows(table, stream)


def _write_zip(table: pa.Table, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("ml/ratings.csv", "w") as member:
        _write_rows(table, member)


def _write_rows(table: pa.Table, stream: IO[bytes]) -> None:
    stream.write(f"{','.join(table.column_names)}\n".encode())  # pyarrow would put the names in quotes
    pa.csv.write_csv(table, stream, pa.csv.WriteOptions(include_header=False, quoting_style="none"))


def _write_parquet(table: pa.Table, file: Path) -> None:
    number = pa.compute.cast(table["rating"], pa.float64())
    pa.parquet.write_table(table.set_column(2, "rating", number), file)


_WRITERS = {"csv": _write_csv, "zip": _write_zip, "parquet": _write_parquet}
