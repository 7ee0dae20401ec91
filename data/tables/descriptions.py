"""Tables that describe users or items: any columns, by the id of the ratings."""

from __future__ import annotations

import logging
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.columns import id_column
from data.errors import ColumnError, DuplicateIdError, MalformedRowError, UnknownFormatError, UnlistedIdError
from data.ids import Ids, StringIds, positions
from data.tables.formats.sources import open_tables
from data.tables.formats.stored_table import StoredTable

logger = logging.getLogger("data")

_MISSING_STAY_WHOLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_TITLE = ("title", "name", "movietitle", "itemname", "itemtitle", "productname", "booktitle")
_YEAR = ("year", "releaseyear", "yearofpublication", "publicationyear")
_GENRES = ("genres", "genre", "categories", "category", "tags")
_YEAR_AT_END = re.compile(r"^(?P<title>.*\S)\s*\((?P<year>\d{4})\)\s*$", re.DOTALL)


def described_by(source: Any, ids: Ids, side: str) -> pd.DataFrame:
    """A table of users or items, in the order of ids; without columns if there is none.

    Of items, title, year and genres are recognised by their usual names; a year at the end of titles is taken from
    there, and genres that are joined by | or , are taken apart. Rows of other ids are left aside; an id without a row
    has missing values.

    Args:
        source: a file, or a table of pandas, polars or Arrow; None for none.
        ids: of the ratings, in order.
        side: "user" or "item".

    Raises:
        DataError: of the subclasses that concern files and columns, or an id is described twice, or no id at all.
    """
    index = pd.Index(ids[:] if isinstance(ids, StringIds) else ids, name=f"{side}_id")
    if source is None:
        return pd.DataFrame(index=index)
    table = _only_table(source)
    key = _id_column(table, side)
    whole = table.read_whole(key)
    column = whole.column(key)
    places, known = _places(column, ids, side, table)
    if not known.any():
        raise UnlistedIdError(
            f"{table.name} describes none of the {ids.size:,} {side}s of the ratings: its column "
            f"{whole.column_names[key]} has ids such as {column[0]!s:.60}, the ratings such as {ids[0]!s:.60}. "
            "Use tables and ratings of one data set."
        )
    rows, places = np.flatnonzero(known), places[known]
    order = np.argsort(places, kind="stable")
    again = np.flatnonzero(np.diff(places[order]) == 0)
    if again.size:
        first, second = int(rows[order[again[0]]]), int(rows[order[again[0] + 1]])
        raise DuplicateIdError(
            f"{table.place(second)}: the {side} id {ids[int(places[order[again[0]]])]!s:.60} has a row already, "
            f"{table.place(first)}. Remove one."
        )
    if places.size < ids.size:
        logger.info(
            "%s has no row for %s of the %s %ss", table.name, f"{ids.size - places.size:,}", f"{ids.size:,}", side
        )
    frame = whole.remove_column(key).to_pandas(types_mapper=_MISSING_STAY_WHOLE.get)
    described = frame.iloc[rows].set_axis(index[places], axis=0).reindex(index)
    if table.is_written:
        described = described.replace("", None)
    return _recognised(described) if side == "item" else described


def _only_table(source: Any) -> StoredTable:
    tables = open_tables(source)
    if len(tables) > 1:
        raise UnknownFormatError(f"{source} has {len(tables)} files. Give one that describes all.")
    return tables[0]


def _id_column(table: StoredTable, side: str) -> int:
    """The place of the column of ids."""
    if table.names is None:
        raise ColumnError(f"{table.name} has no line of names. Let its first line name the columns.")
    if twice := [name for name in table.names if table.names.count(name) > 1]:
        raise ColumnError(f"{table.name} has two columns called {twice[0]!r:.60}. Let each have a name of its own.")
    return table.names.index(id_column(table.names, side, table.name))


def _places(column: pa.ChunkedArray, ids: Ids, side: str, table: StoredTable) -> tuple[Any, Any]:
    """Where the ids of a table stand among those of the ratings, and whether they do."""
    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise MalformedRowError(f"{table.place(row)}: the {side} id is missing. Correct it, or remove that row.")
    try:
        asked = column.cast(pa.large_string() if isinstance(ids, StringIds) else pa.int64())
    except pa.ArrowException as cause:
        kind = "text" if isinstance(ids, StringIds) else "whole numbers"
        raise MalformedRowError(
            f"{table.name}: the {side} ids of the ratings are {kind}, those here are not: {cause}"
        ) from cause
    return positions(ids, asked.to_pylist() if isinstance(ids, StringIds) else asked.to_numpy())


def _recognised(table: pd.DataFrame) -> pd.DataFrame:
    """The table of items with title, year and genres under these names, as far as it has them."""
    plain = {re.sub(r"[\W_]", "", str(column).lower()): column for column in table.columns}
    names = {
        role: next((plain[usual] for usual in usual_names if usual in plain), None)
        for role, usual_names in (("title", _TITLE), ("year", _YEAR), ("genres", _GENRES))
    }
    table = table.rename(columns={column: role for role, column in names.items() if column is not None})
    if "title" in table:
        table["title"] = table["title"].astype(object).where(table["title"].notna(), None)
        if "year" not in table:
            table = _year_from_title(table)
    if "year" in table:
        table["year"] = pd.to_numeric(table["year"], errors="coerce").round().astype("Int64")
    if "genres" in table:
        table["genres"] = [_listed(value) for value in table["genres"]]
    return table


def _year_from_title(table: pd.DataFrame) -> pd.DataFrame:
    """The year that stands in brackets behind most titles, in a column of its own."""
    found = [_YEAR_AT_END.match(title) if isinstance(title, str) else None for title in table["title"]]
    if sum(match is not None for match in found) * 2 < len(found):
        return table
    titles = [match["title"] if match else title for match, title in zip(found, table["title"], strict=True)]
    years = pd.array([int(match["year"]) if match else None for match in found], dtype="Int64")
    return table.assign(title=pd.Series(titles, table.index, object), year=years)


def _listed(value: Any) -> tuple[str, ...]:
    """Genres as they are listed, or as a text joins them."""
    if isinstance(value, str):
        parts = value.split("|" if "|" in value else ",")
    elif isinstance(value, list | tuple | np.ndarray):
        parts = [str(part) for part in value]
    else:
        parts = []
    return tuple(sorted({part.strip() for part in parts} - {"", "(no genres listed)"}))
