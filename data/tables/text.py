"""Read the columns of a text file, by pyarrow, in blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv

from data.columns import by_usual_names, in_order
from data.tables.dialect import SAMPLE, Dialect, recognise
from data.tables.files import StoredFile, first_bytes

# Ids come with a dictionary of the distinct ones for each block: as fast as whole numbers, and equal to the byte.
_IDS = pa.dictionary(pa.int32(), pa.string())
_BLOCK = 1 << 23  # bytes; smaller ones repeat more of the dictionaries


@dataclass(frozen=True)
class TextColumns:
    """How a text file is written, and the place of the column for each role."""

    dialect: Dialect
    places: Mapping[str, int]

    @property
    def names(self) -> dict[str, str]:
        """What the columns are called, by role."""
        header = self.dialect.header
        return {role: header[place] if header else f"column {place + 1}" for role, place in self.places.items()}


def recognise_columns(file: StoredFile, given: Mapping[str, str]) -> TextColumns:
    """Find out how a file is written and which of its columns are which.

    Raises:
        DataError: of the subclasses that concern files, formats and columns.
    """
    dialect = recognise(first_bytes(file, SAMPLE), file.name)
    if dialect.header is None:
        return TextColumns(dialect, in_order(dialect.n_columns, given, file.name))
    names = by_usual_names(dialect.header, given, file.name)
    return TextColumns(dialect, {role: dialect.header.index(name) for role, name in names.items()})


def read_text(file: StoredFile, columns: TextColumns, *, times_as_text: bool, newlines: bool) -> pa.Table:
    """The columns user, item, rating and, if there is one, time.

    Args:
        file: the file.
        columns: as `recognise_columns` finds them.
        times_as_text: leave times as they are written; else whole numbers, floats or dates are recognised by the first.
        newlines: whether a quoted field may hold line ends, which takes longer.

    Raises:
        pa.ArrowException: a row has another number of fields, or a field is not what it should be.
        SourceError: the file cannot be read.
    """
    dialect = columns.dialect
    step = len(dialect.separator)  # "::" is two separators, with an empty column between
    names = [f"c{place}" for place in range((dialect.n_columns - 1) * step + 1)]
    chosen = {role: names[place * step] for role, place in columns.places.items()}
    types: dict[str, Any] = {chosen["user"]: _IDS, chosen["item"]: _IDS, chosen["rating"]: pa.float64()}
    if times_as_text and "time" in chosen:
        types[chosen["time"]] = pa.string()
    with file.open() as stream:
        reader = pa.csv.open_csv(
            stream,
            pa.csv.ReadOptions(
                block_size=_BLOCK,
                column_names=names,
                skip_rows=0 if dialect.header is None else 1,
                encoding=dialect.encoding,
            ),
            pa.csv.ParseOptions(
                delimiter=dialect.separator[0],
                quote_char='"' if len(dialect.separator) == 1 else False,
                newlines_in_values=newlines,
            ),
            pa.csv.ConvertOptions(
                include_columns=list(chosen.values()),
                column_types=types,
                null_values=[""],  # an empty field; "" in quotes is text, and so is NaN
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        return reader.read_all().rename_columns(list(chosen))
