"""MovieLens as a Lightning data module: a data set of the catalogue, downloaded if need be."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

from typing_extensions import override

from data.datamodules.base import RatingsDataModule
from data.movielens import load
from data.ratings import Ratings


class MovieLensDataModule(RatingsDataModule):
    """Batches of a MovieLens data set, split into training, validation and test ratings."""

    def __init__(
        self,
        name: str = "100k",
        path: Path | None = None,
        cache: Path | None = None,
        split: str | float = "0.9",
        seed: int = 0,
        validation: float = 0.1,
        batch_size: int | None = None,
    ) -> None:
        """Say which ratings, and how they are divided. Nothing is read or downloaded yet.

        Args:
            name: data set of the catalogue: 100k, 1m, 10m, 20m, 25m, 32m, latest-small or latest.
            path: the publisher's zip file, or the directory it was unpacked into; downloaded if not given.
            cache: directory for downloads; $RECSYS_CACHE or the user's cache directory if not given.
            split: share of training ratings in a random split (0.9, 0.8), an official fold (u1 … u5, ua, ub), a fold of
                a random k-fold (kfold-5-1), a split by time (time-0.9), or all, which leaves none to test on.
            seed: seed of the random splits and of the order of batches.
            validation: share of the training ratings to hold out for choosing the number of epochs; 0 for none.
            batch_size: ratings in a batch, drawn in a new order each epoch; the whole training set if not given.

        Raises:
            ValueError: validation is not in [0, 1), batch_size is less than 1, or the seed is negative.
            UnknownSplitError: there is no such split.
        """
        super().__init__(split, seed, validation, batch_size)
        self.save_hyperparameters({"name": name})  # where the data lie says nothing of a model
        self.name: str = name
        self.path = path
        self.cache = cache

    @cached_property
    @override
    def ratings(self) -> Ratings:
        return _load_once(self.name, self.path, self.cache)


@lru_cache(maxsize=1)
def _load_once(name: str, path: Path | None, cache: Path | None) -> Ratings:
    """The ratings, which cannot change, read once for all data modules that follow one another."""
    return load(name, path=path, cache=cache)
