"""Tables that describe users or items: any columns, by the id of the ratings."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from data.columns import id_column
from data.errors import ColumnError, DuplicateIdError, MalformedRowError, UnknownFormatError, UnlistedIdError
from data.ids import Ids, StringIds, positions
from data.tables.dialect import SAMPLE, recognise
from data.tables.files import StoredFile, first_bytes, stored_files

logger = logging.getLogger("data")

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
    name = str(source) if isinstance(source, str | Path) else f"the table of {side}s"
    table = _table(source, side, name)
    key = id_column(table.column_names, side, name)
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)
    places, known = _places(table[key], ids, side, name)
    if not known.any():
        raise UnlistedIdError(
            f"{name} describes none of the {ids.size:,} {side}s of the ratings: its column {key} has ids such as "
            f"{table[key][0]}, the ratings such as {ids[0]}. Use tables and ratings of one data set."
        )
    rows, places = np.flatnonzero(known), places[known]
    order = np.argsort(places, kind="stable")
    again = np.flatnonzero(np.diff(places[order]) == 0)
    if again.size:
        first, second = rows[order[again[0]]], rows[order[again[0] + 1]]
        raise DuplicateIdError(
            f"{name}, row {second + 1}: the {side} id {ids[int(places[order[again[0]]])]} has a row already, "
            f"{first + 1}. Remove one."
        )
    described = frame.drop(columns=key).iloc[rows].set_axis(index[places], axis=0).reindex(index)
    if places.size < ids.size:
        logger.info("%s has no row for %s of the %s %ss", name, f"{ids.size - places.size:,}", f"{ids.size:,}", side)
    return _recognised(described) if side == "item" else described


def _places(column: pa.ChunkedArray, ids: Ids, side: str, name: str) -> tuple[Any, Any]:
    """Where the ids of a table stand among those of the ratings, and whether they do."""
    if column.null_count:
        raise MalformedRowError(f"{name}: a {side} id is missing. Correct it, or remove that row.")
    try:
        asked = column.cast(pa.large_string() if isinstance(ids, StringIds) else pa.int64())
    except pa.ArrowException as cause:
        kind = "text" if isinstance(ids, StringIds) else "whole numbers"
        raise MalformedRowError(
            f"{name}: the {side} ids of the ratings are {kind}, those here are not: {cause}"
        ) from cause
    return positions(ids, asked.to_pylist() if isinstance(ids, StringIds) else asked.to_numpy())


def _table(source: Any, side: str, name: str) -> pa.Table:
    try:
        if isinstance(source, pd.DataFrame):
            named = source.index.name is not None
            return pa.Table.from_pandas(source.reset_index() if named else source, preserve_index=False)
        if not isinstance(source, str | Path):
            return pa.table(source)
        (file,) = stored_files(Path(source))
        return _text(file, side) if file.format == "text" else _stored(file)
    except ValueError as cause:  # several files; pyarrow's errors are ValueErrors, too
        raise UnknownFormatError(f"{name} cannot be read as one table: {cause}") from cause


def _text(file: StoredFile, side: str) -> pa.Table:
    dialect = recognise(first_bytes(file, SAMPLE), file.name, least=2)
    if dialect.header is None:
        raise ColumnError(f"{file.name} has no line of names. Let its first line name the columns.")
    key = id_column(dialect.header, side, file.name)
    with file.open() as stream:
        return pa.csv.read_csv(
            stream,
            pa.csv.ReadOptions(encoding=dialect.encoding, column_names=list(dialect.header), skip_rows=1),
            pa.csv.ParseOptions(delimiter=dialect.separator[0], newlines_in_values=dialect.has_quotes),
            pa.csv.ConvertOptions(column_types={key: pa.string()}, strings_can_be_null=True),
        )


def _stored(file: StoredFile) -> pa.Table:
    with file.open() as stream:
        return _READ[file.format](pa.BufferReader(stream.read()))


_READ = {"parquet": pa.parquet.read_table, "feather": pa.feather.read_table, "json lines": pa.json.read_json}


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
