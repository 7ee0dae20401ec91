"""Data sets with given tables, whose ratings nobody looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from data.ratings import Ratings, RatingScale
from data.sorted_ratings import both_orders
from recsys.features import Known

Values = Sequence[Any] | npt.NDArray[Any] | pd.Series | pd.Index | ExtensionArray
Columns = Mapping[str, Values]


def known(users: Columns | None = None, items: Columns | None = None, name: str = "made up") -> Known:
    """Everything that features are made of, with tables of these columns; a side without columns has one row."""
    user_table, item_table = (
        pd.DataFrame(index=[0]) if columns is None else pd.DataFrame(columns) for columns in (users, items)
    )
    ratings = Ratings(
        name=name,
        users=np.zeros(1, np.int64),
        items=np.zeros(1, np.int64),
        values=np.ones(1, np.float32),
        timestamps=None,
        user_ids=np.arange(len(user_table)),
        item_ids=np.arange(len(item_table)),
        scale=RatingScale(1, 5, 1),
        user_table=user_table,
        item_table=item_table,
        sha256="",
        source="a test",
    )
    return Known(both_orders(ratings.users, ratings.items, ratings.values, len(user_table), len(item_table)), ratings)
