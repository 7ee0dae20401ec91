"""What a finished fit exports: the trained model with all that the server answers from."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from data.datamodules import RatingsDataModule
from data.ids import part
from data.ratings import Ratings
from recsys import artifact, freed_memory
from recsys.command.run import Run
from recsys.models import RatingModel
from recsys.relevance import learned
from recsys.share import Share


def export(
    run: Run, model: RatingModel, data: RatingsDataModule, metrics: dict[str, float], configuration: dict[str, Any]
) -> Path | None:
    """Write the artefact of a trained model; returns its directory, or None where another process writes it.

    Each process checks what it has of its users, and the first writes that of all of them, block by block.

    Args:
        run: what the model is called, where artefacts go, and which of them stay.
        model: the trained model.
        data: the ratings that it was trained on.
        metrics: what came out of the fit.
        configuration: the settings that decided it, by section.

    Raises:
        OSError: the folder cannot be written to, or is full; nothing is left there.
    """
    share = model.share
    orders = data.sorted_training_set()
    by_user = orders.by_user
    of_ratings = Share.joined(by_user.values.size)
    total = share.sum(torch.tensor(by_user.values.sum(dtype=np.float64)))
    manifest = artifact.Manifest(
        kind=type(model).__name__,
        recipe=run.name,
        rating_scale=model.rating_scale,
        rating_step=data.ratings.scale.step,
        global_mean=float(total / of_ratings.total),
        split=data.split_name,
        seed=data.seed,
        metrics=metrics,
        data_name=data.ratings.name,
        data_sha256=data.ratings.sha256,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        configuration={"run": {"name": run.name}, **configuration},
    )
    freed_memory.give_back()
    relevance = learned(orders, model.rating_scale)
    freed_memory.give_back()
    known = {
        "user_means": model.known_rows.user_means.cpu().numpy(),
        "item_means": model.known_rows.item_means.cpu().numpy(),
        "new_item_mean": model.known_rows.new_item_mean.cpu().numpy()[None],
        "rating_users": by_user.sides,  # by user, then item
        "rating_items": by_user.others,
        "rating_values": by_user.values,
    }
    arrays = {**model.arrays(), **known, **relevance}
    ids, table = data.ratings.user_ids, item_table(data.ratings)
    of_all = _of_all_users(arrays, type(model).__name__, share, ids)
    own_ids = ids if share.is_whole else part(ids, share.begin, share.end)
    arrays |= artifact.id_arrays("user", own_ids) | artifact.id_arrays("item", data.ratings.item_ids)
    if share.place:
        artifact.checked(manifest, arrays, table)
        for name in artifact.in_file_order({name: arrays[name] for name in of_all}):
            deque(of_all[name].blocks, maxlen=0)
        return None
    return artifact.save(run.artifacts, manifest, arrays, table, publish=run.publish, keep=run.keep, of_all=of_all)


def _of_all_users(
    arrays: dict[str, artifact.Array], kind: str, share: Share, ids: artifact.Ids
) -> dict[str, artifact.InBlocks]:
    """What arrays of this process's users are in the file: those of all processes; none, where this one has all."""
    if share.is_whole:
        return {}
    ratings = Share.joined(len(arrays["rating_values"]))
    found = {name: artifact.InBlocks(array.shape, [array]) for name, array in artifact.id_arrays("user", ids).items()}
    for name, (of, *_) in artifact.expected(kind, arrays).items():
        if of in ("users", "ratings"):
            rows, of_rows = torch.from_numpy(arrays[name]), share if of == "users" else ratings
            if name == "rating_users":
                rows = rows + share.begin
            blocks = (block.numpy() for block in of_rows.blocks_to_first(rows))
            found[name] = artifact.InBlocks((of_rows.total, *rows.shape[1:]), blocks)
    return found


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
