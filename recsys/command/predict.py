"""Predictions beside the ratings they are of, as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch

from data.ratings import Ratings


def prediction_table(ratings: Ratings, batches: list[Any]) -> pd.DataFrame:
    """The ratings with both predictions of them, from batches as of `RatingModel.predict_step`.

    A timestamp is when the rating was given, in seconds since 1970, UTC. `predicted` is the prediction for this time,
    `predicted_as_served` that without it; they differ if the model uses times.
    """
    users, items, values, predicted, as_served = (torch.cat(parts).numpy() for parts in zip(*batches, strict=True))
    return pd.DataFrame(
        {
            "user_id": ratings.user_ids[users],
            "item_id": ratings.item_ids[items],
            "timestamp": ratings.times_of(users, items),
            "rating": values,
            "predicted": predicted,
            "predicted_as_served": as_served,
        }
    )
