"""What every source of rows can do, whatever its format: say its columns, read some of them, and place a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa

IDS = ("user", "item")  # the columns of ids


class StoredTable(ABC):
    """One table: a file, or a table in memory."""

    is_written: ClassVar[bool] = False
    """Whether it is text, in which whole numbers look like any other words."""

    def __init__(self, name: str) -> None:
        """Take a name for messages."""
        self.name = name

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...] | None:
        """Names of the columns; None where it says none."""

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.names or ())

    @abstractmethod
    def read(self, places: Mapping[str, int]) -> pa.Table:
        """The columns user, item, rating and perhaps time, which are at these places, from 0 on.

        Where a format has no types, ids and ratings are text as it is written, and the type of times is recognised.

        Raises:
            DataError: the message of the subclass names the row, what is wrong, and what to do.
        """

    def blocks(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        """The rows that `read` gives, in blocks one after the other; times of formats without types are text.

        A format that cannot be read in parts gives all of it at once.

        Raises:
            DataError: as `read`, when its block comes.
        """
        yield self.read(places)

    @abstractmethod
    def read_whole(self, id_place: int) -> pa.Table:
        """All columns; where a format has no types, ids are text as it is written, and other types are recognised.

        Raises:
            DataError: as `read`.
        """

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0: its line, or where there are no lines its number from 1 on."""
        return f"{self.name}, row {row + 1}"
