"""A fifth of MovieLens 100K's users, held out of training entirely, and the models that do not know them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import recsys
from data.datamodules import MovieLensDataModule
from recsys.artifact import Artifact, Floats, Positions

GIVEN = (0, 1, 3, 5, 10, 20)
"""Ratings from which the others are predicted."""
MODELS = {"best-ratings": {}, "best-ratings, ordered probit": {"model.likelihood": "OrderedProbit"}}
_SHARE, _LEAST = 0.2, 25  # of the users; ratings of those who are predicted
_NOT_SWEEPS = 15  # epochs of best-ratings that are not averaged


@dataclass(frozen=True)
class Newcomer:
    """Ratings of a held-out user in the order in which they are given."""

    user: int
    items: Positions
    ratings: Floats


def all_ratings() -> pd.DataFrame:
    """MovieLens 100K as a table of original ids."""
    data = MovieLensDataModule(split="0.9", seed=0).ratings
    columns = {"user": np.asarray(data.user_ids)[data.users], "item": np.asarray(data.item_ids)[data.items]}
    return pd.DataFrame({**columns, "rating": data.values.astype(float)})


def divided(ratings: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ratings of most users, and those of the users held out in random order."""
    rng = np.random.default_rng(seed)
    ids = ratings["user"].unique()
    held_out = ratings["user"].isin(rng.permutation(np.sort(ids))[: round(_SHARE * ids.size)])
    return ratings[~held_out], ratings[held_out].iloc[rng.permutation(int(held_out.sum()))]


def newcomers(artifact: Artifact, held_out: pd.DataFrame) -> Iterator[Newcomer]:
    """Those with enough ratings of items that the model knows."""
    place = {item: position for position, item in enumerate(artifact.arrays["item_ids"].tolist())}
    known = held_out[held_out["item"].isin(place)]
    for _, own in known.groupby("user"):
        if len(own) >= _LEAST:
            items = own["item"].map(place).to_numpy(np.intp)
            yield Newcomer(int(own["user"].iloc[0]), items, own["rating"].to_numpy(np.float32))


def fitted(ratings: pd.DataFrame, seed: int, sweeps: int, options: dict[str, str]) -> Artifact:
    """best-ratings, fitted to all of the ratings."""
    given = {"trainer.max_epochs": sweeps + _NOT_SWEEPS, **options}
    return recsys.fit(ratings, "best-ratings", split="all", seed=seed, scale=(1, 5, 1), options=given)


def with_first(train: pd.DataFrame, people: list[Newcomer], ids: npt.NDArray[np.int64], n: int) -> pd.DataFrame:
    """The training ratings, and n ratings of each newcomer."""
    more = pd.concat(
        pd.DataFrame({"user": who.user, "item": ids[who.items[:n]], "rating": who.ratings[:n].astype(float)})
        for who in people
    )
    return pd.concat([train, more])


def rmse(errors: list[npt.NDArray[Any]]) -> float:
    """Of all errors together."""
    return float(np.sqrt(np.mean(np.square(np.concatenate(errors), dtype=np.float64))))
