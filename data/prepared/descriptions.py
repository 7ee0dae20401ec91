"""Tables of users and items as files of Arrow, beside prepared ratings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather

from data.errors import PreparedFolderError
from data.ids import Ids, StringIds


def write_table(folder: Path, side: str, table: pd.DataFrame) -> None:
    """Write a table of a side, "user" or "item", if it has columns."""
    if table.shape[1]:
        rows = pa.Table.from_pandas(table, preserve_index=False)
        pa.feather.write_feather(rows, str(folder / f"{side}_table.arrow"), compression="uncompressed")


def read_table(folder: Path, side: str, ids: Ids) -> pd.DataFrame:
    """The table of a side, by its ids; without columns if there is none.

    Raises:
        PreparedFolderError: it is damaged.
    """
    index = pd.Index(ids[:] if isinstance(ids, StringIds) else ids, name=f"{side}_id")
    path = folder / f"{side}_table.arrow"
    if not path.exists():
        return pd.DataFrame(index=index)
    try:
        stored = pa.feather.read_table(str(path))
        table: pd.DataFrame = stored.to_pandas().set_axis(index, axis=0)
    except (pa.ArrowException, OSError, ValueError) as cause:
        raise PreparedFolderError(f"{path} is damaged: {cause}. Prepare the ratings again.") from cause
    for column in stored.schema.pandas_metadata["columns"]:
        if column["numpy_type"] == "object":  # such as titles, of which pandas makes a type of strings
            values = table[column["name"]]
            table[column["name"]] = values.astype(object).where(values.notna(), None)
    if "genres" in table:  # tuples, of which Arrow makes lists
        table["genres"] = [tuple(genres) for genres in table["genres"]]
    return table
