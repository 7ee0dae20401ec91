"""Predictions beside the ratings they are of, as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch

from data.movielens import Ratings


def prediction_table(ratings: Ratings, batches: list[Any]) -> pd.DataFrame:
    """user_id, item_id, timestamp, rating and predicted, from batches of users, items, ratings and predictions (n,).

    A timestamp is when the rating was given, in seconds since 1970, UTC; models that use times predict for this one.
    """
    users, items, values, predicted = (torch.cat(parts).numpy() for parts in zip(*batches, strict=True))
    return pd.DataFrame(
        {
            "user_id": ratings.user_ids[users],
            "item_id": ratings.item_ids[items],
            "timestamp": ratings.times_of(users, items),
            "rating": values,
            "predicted": predicted,
        }
    )
