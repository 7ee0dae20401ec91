"""The columns of a table of answers: which there are says the artefact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from recsys.artifact import Artifact, Ids


def answers_schema(model: Artifact, between: Mapping[str, pa.DataType]) -> pa.Schema:
    """User, item, what stands between, rating, source and, if the kind of model says it, the deviation."""
    columns = {"user": _of_ids(model.user_ids), "item": _of_ids(model.item_ids), **between}
    columns |= {"rating": pa.float32(), "source": pa.string()}
    if model.says_deviations:
        columns["deviation"] = pa.float32()
    return pa.schema(columns)


def table_of(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """The columns that a schema names, as a table; one that is None has no values, and NaN is none."""
    size = len(columns["user"])
    arrays = [
        pa.nulls(size, field.type)
        if columns[field.name] is None
        else pa.array(columns[field.name], field.type, from_pandas=True)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _of_ids(ids: Ids) -> pa.DataType:
    return pa.int64() if isinstance(ids, np.ndarray) else pa.string()
