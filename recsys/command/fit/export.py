"""What a finished fit exports: the trained model with all that the server answers from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from data.datamodules import RatingsDataModule
from data.ratings import Ratings
from recsys import artifact, freed_memory
from recsys.artifact.kinds import KINDS
from recsys.command.run import Run
from recsys.models import RatingModel
from recsys.relevance import learned


def export(
    run: Run, model: RatingModel, data: RatingsDataModule, metrics: dict[str, float], configuration: dict[str, Any]
) -> Path | None:
    """Write the artefact of a trained model; returns its directory, or None where another process writes it.

    Args:
        run: what the model is called, where artefacts go, and which of them stay.
        model: the trained model.
        data: the ratings that it was trained on.
        metrics: what came out of the fit.
        configuration: the settings that decided it, by section.

    Raises:
        OSError: the folder cannot be written to, or is full; nothing is left there.
    """
    arrays, user_means = _of_all_users(model), model.share.to_first(model.known_rows.user_means)
    if model.share.place:
        return None
    data = data.of_all_users()
    orders = data.sorted_training_set()
    by_user = orders.by_user
    manifest = artifact.Manifest(
        kind=type(model).__name__,
        recipe=run.name,
        rating_scale=model.rating_scale,
        rating_step=data.ratings.scale.step,
        global_mean=float(by_user.values.mean(dtype=np.float64)),
        split=data.split_name,
        seed=data.seed,
        metrics=metrics,
        data_name=data.ratings.name,
        data_sha256=data.ratings.sha256,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        configuration={"run": {"name": run.name}, **configuration},
    )
    known = {
        **artifact.id_arrays("user", data.ratings.user_ids),
        **artifact.id_arrays("item", data.ratings.item_ids),
        "user_means": user_means.cpu().numpy(),
        "item_means": model.known_rows.item_means.cpu().numpy(),
        "new_item_mean": model.known_rows.new_item_mean.cpu().numpy()[None],
        "rating_users": by_user.sides,  # by user, then item
        "rating_items": by_user.others,
        "rating_values": by_user.values,
    }
    freed_memory.give_back()
    arrays = {**arrays, **known, **learned(orders, model.rating_scale)}
    freed_memory.give_back()
    table = item_table(data.ratings)
    return artifact.save(run.artifacts, manifest, arrays, table, publish=run.publish, keep=run.keep)


def _of_all_users(model: RatingModel) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a model, in the first process those of all users."""
    arrays = model.arrays()
    if model.share.is_whole:
        return arrays
    dimensions = KINDS[type(model).__name__].expected({*arrays})
    of_users = [name for name, (rows, *_) in dimensions.items() if rows == "users"]
    return arrays | {name: model.share.to_first(torch.from_numpy(arrays[name])).numpy() for name in of_users}


def item_table(ratings: Ratings) -> artifact.ItemTable:
    """The item table of a data set, in a form that loads without pandas."""
    columns = {str(name): tuple(map(_plain, column)) for name, column in ratings.item_table.items()}
    return artifact.ItemTable(
        titles=columns.pop("title", None),
        years=columns.pop("year", None),
        genres=columns.pop("genres", None),
        attributes=columns,
    )


def _plain(value: Any) -> Any:
    """A value of a table as text, a number, a truth value, a tuple of text or, where it is missing, None."""
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(map(str, value))
    if pd.isna(value):
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isinstance(plain, str | bool | int | float) and plain not in (np.inf, -np.inf) else str(plain)
