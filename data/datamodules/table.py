"""Anyone's ratings as a Lightning data module: a file, a folder of parts, or a table in memory."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from typing_extensions import override

from data.datamodules.base import RatingsDataModule
from data.ratings import Ratings
from data.splits import GIVEN, Split, given_split
from data.tables.duplicates import Choice
from data.tables.formats.files import stamps
from data.tables.reading import read_train_and_test


class TableDataModule(RatingsDataModule):
    """Batches of the ratings of a table, split into training, validation and test ratings."""

    def __init__(
        self,
        ratings: Path | Any,
        test: Path | Any | None = None,
        columns: dict[str, str] | None = None,
        scale: str | list[float] | None = None,
        duplicates: Choice = "refuse",
        items: Path | Any | None = None,
        users: Path | Any | None = None,
        split: str | float = "0.9",
        seed: int = 0,
        validation: float = 0.1,
        batch_size: int | None = None,
    ) -> None:
        """Say which ratings, and how they are divided. Nothing is read yet.

        Args:
            ratings: a file of ratings, or a folder of its parts: CSV and other text, Parquet, Feather, JSON lines, also
                packed. From Python also a table of pandas, polars or Arrow.
            test: likewise, the ratings to test on; `split` is not used then.
            columns: names of the columns user, item, rating and time, where they are not recognised; a time of ""
                leaves times out.
            scale: least and greatest rating and perhaps the step, such as 1,10; taken from the ratings if not given.
            duplicates: what to do if a pair is rated twice: refuse, or keep the first, the last or the mean.
            items: a table of items: their id, and any other columns, of which title, year and genres are recognised.
            users: a table of users: their id, and any other columns.
            split: share of training ratings in a random split (0.9, 0.8), a fold of a random k-fold (kfold-5-1), a
                split by time (time-0.9), or all, which leaves none to test on.
            seed: seed of the random splits and of the order of batches.
            validation: share of the training ratings to hold out for choosing the number of epochs; 0 for none.
            batch_size: ratings in a batch, drawn in a new order each epoch; the whole training set if not given.

        Raises:
            ValueError: validation is not in [0, 1), batch_size is less than 1, or the seed is negative.
            UnknownSplitError: there is no such split.
        """
        super().__init__(split, seed, validation, batch_size)
        if test is not None:
            self.split_name = GIVEN
        self._source: dict[str, Any] = {
            "ratings": ratings,
            "test": test,
            "columns": columns,
            "scale": scale,
            "duplicates": duplicates,
            "items": items,
            "users": users,
        }

    @cached_property
    @override
    def ratings(self) -> Ratings:
        return self._read[0]

    @cached_property
    @override
    def split(self) -> Split:
        if self._source["test"] is None:
            return super().split
        return given_split(self._read[1], len(self.ratings))

    @cached_property
    def _read(self) -> tuple[Ratings, int]:
        tables = [self._source[name] for name in ("ratings", "test", "items", "users")]
        if not all(table is None or isinstance(table, str | Path) for table in tables):
            return read_train_and_test(**self._source)
        options = self._source | {"columns": tuple((self._source["columns"] or {}).items())}
        if isinstance(options["scale"], list):
            options["scale"] = tuple(options["scale"])
        return _read_once(tuple(options.items()), tuple(stamps(Path(table)) for table in tables if table is not None))


@lru_cache(maxsize=1)
def _read_once(options: tuple[tuple[str, Any], ...], _stamps: object) -> tuple[Ratings, int]:
    """The ratings of files, which cannot change, read once for all data modules that follow one another.

    `_stamps` are others when a file has changed since.
    """
    given = dict(options)
    return read_train_and_test(**(given | {"columns": dict(given["columns"])}))
