"""Features of any columns of the tables of users and items."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from typing_extensions import override

from recsys.artifact.cold_items.column import Column
from recsys.errors import SettingsError
from recsys.features.encodings import Encoding, Limits, categories, lists, numbers
from recsys.features.feature import Feature, Known
from recsys.features.kinds import Kind, as_numbers, kind_of

logger = logging.getLogger(__name__)


class _Columns(Feature):
    """Columns of one side's table, each as `recsys.features.encodings` says, side by side in one matrix."""

    _side: str
    """Whose table it is: users or items."""

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        fewest: int = 5,
        most: int = 1000,
        groups: int = 8,
        edges: dict[str, Sequence[float]] | None = None,
        as_categories: Sequence[str] = (),
    ) -> None:
        """Set the columns, and what becomes of their values.

        Args:
            columns: names of columns; all that are neither texts nor ids if not given.
            fewest: a category, or an element of lists, that fewer rows have counts with the other rare ones together.
                Missing values count as a category, or a group of numbers, of their own from that many rows on.
            most: of more categories of one column the most frequent ones have a feature of their own.
            groups: numbers and dates are divided into at most so many groups of equal size.
            edges: for columns of numbers or dates, where the second and further groups begin, ascending; dates in
                seconds since 1970. A column that is not named here is divided into groups of equal size.
            as_categories: columns of numbers that are codes: each is a category of its own.

        Raises:
            ValueError: there is an empty list of columns, a number is less than 1, edges do not ascend, or edges or
                as_categories name a column that columns leaves out.
        """
        self.columns = None if columns is None else list(dict.fromkeys(columns))
        self.limits = Limits(fewest, most)
        self.groups, self.edges, self.codes = groups, dict(edges or {}), tuple(as_categories)
        name = type(self).__name__
        if self.columns == []:
            raise ValueError(f"{name} has an empty list of columns; leave columns out for all of the table")
        if min(fewest, most, groups) < 1:
            raise ValueError(f"{name} needs fewest, most and groups of at least 1, not {fewest}, {most} and {groups}")
        for column, values in self.edges.items():
            if not len(values) or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
                raise ValueError(f"{name}'s edges of {column} are to be ascending numbers, not {list(values)}")
        others = [each for each in (*self.edges, *self.codes) if self.columns is not None and each not in self.columns]
        if others:
            raise ValueError(f"{name} is told how to use {', '.join(others)}, but its columns leave that out")

    def _matrix(self, table: pd.DataFrame, data: str) -> Tensor:
        """The features of all columns that say something, (n, f), and a word on each column."""
        used, left_aside = self._encodings(table, data)
        name = type(self).__name__
        for column, why in left_aside.items():
            _say(f"{name} leaves {column} aside: {why}.")
        if not used:
            raise SettingsError(
                f"{name} finds nothing to use in the table of {self._side} of {data}: "
                f"{'; '.join(f'{column}: {why}' for column, why in left_aside.items())}. Leave that feature out, or "
                "name other columns."
            )
        said = ", ".join(f"{column} ({encoding.words})" for column, encoding in used.items())
        matrix = torch.zeros(len(table), sum(encoding.width for encoding in used.values()))
        start = 0
        for encoding in used.values():
            matrix[encoding.rows, start + encoding.features] = torch.from_numpy(encoding.values)
            start += encoding.width
        _say(f"{name} of {data}: {said}; {matrix.shape[1]:,} features of {len(matrix):,} {self._side}.")
        return matrix

    def _described(self, table: pd.DataFrame, data: str) -> Tensor:
        """Which rows have a value in any of the columns, (n,) bool."""
        used, _ = self._encodings(table, data)
        return torch.from_numpy(np.any([encoding.present for encoding in used.values()], axis=0))

    def _encodings(self, table: pd.DataFrame, data: str) -> tuple[dict[str, Encoding], dict[str, str]]:
        """The columns that say something, and why the others do not."""
        used: dict[str, Encoding] = {}
        left_aside: dict[str, str] = {}
        table = table.rename(columns=str)
        for column in self._names(table, data):
            values = table[column]
            kind = self._kind(column, values)
            if self.columns is None and (why := _text_or_ids(values, kind)):
                left_aside[column] = why
                continue
            encoding = self._encode(column, values, kind)
            if not encoding.present.any():
                left_aside[column] = "all of its values are missing"
            elif encoding.constant:
                left_aside[column] = "its features are the same in all rows"
            else:
                used[column] = replace(encoding, words=f"{kind.value}, {encoding.words}")
        return used, left_aside

    def _kind(self, column: str, values: pd.Series) -> Kind:
        return Kind.CATEGORIES if column in self.codes else kind_of(values)

    def _encode(self, column: str, values: pd.Series, kind: Kind) -> Encoding:
        if kind in (Kind.NUMBERS, Kind.DATES):
            return numbers(as_numbers(values, kind), self.limits, self.edges.get(column, self.groups))
        if column in self.edges:
            raise SettingsError(
                f"{type(self).__name__} has edges of {column}, which has {kind.value} and no numbers. Leave them out."
            )
        return lists(values, self.limits) if kind is Kind.LISTS else categories(values, self.limits)

    def _names(self, table: pd.DataFrame, data: str) -> list[str]:
        """The columns to use, all of which the table has."""
        name, has = type(self).__name__, list(table.columns)
        if not has:
            raise SettingsError(
                f"{name} needs a table of {self._side}, and {data} has none. Give a file with one to --data."
                f"{self._side}, or leave that feature out."
            )
        asked = [*(self.columns or has), *self.edges, *self.codes]
        if missing := [column for column in dict.fromkeys(asked) if column not in has]:
            raise SettingsError(
                f"{name} asks for {', '.join(missing)}, which the table of {self._side} of {data} does not have. It "
                f"has {', '.join(has)}."
            )
        return self.columns or has


class UserColumns(_Columns):
    """Columns of the table of users: categories, lists, numbers and dates, each row's values as features.

    - Categories (text, booleans): one feature for each value, 1 where a user has it. Values that fewer than `fewest`
      users have count together. Missing values have a feature of their own, if there are as many: not saying one's age
      says something, and the model finds out what.
    - Lists of texts: 1 / √(number of the list's features) for each element; an empty list has zeros.
    - Numbers and dates: one feature for each group. A group can have any effect, so nothing need be linear.

    Without `columns`, texts and ids are left aside: columns of text with more distinct values than half the users who
    have one, and of whole numbers that are all distinct. Whatever says nothing is left aside with a word, too.

    Memory: 4 bytes for each user and feature. Decomposing n × f features takes about n f² operations. `fewest` and
    `most` limit f: a column of categories has at most n / `fewest` + 2 features, and at most `most` + 2.
    """

    _side = "users"

    @override
    def of_users(self, known: Known) -> Tensor | None:
        return known.users.own(self._matrix(known.data.user_table, known.data.name))

    @override
    def describes_users(self, known: Known) -> Tensor:
        return known.users.own(self._described(known.data.user_table, known.data.name))


class ItemColumns(_Columns):
    """Columns of the table of items, as `UserColumns` those of users."""

    _side = "items"

    @override
    def of_items(self, known: Known) -> Tensor | None:
        return self._matrix(known.data.item_table, known.data.name)

    @override
    def of_new_items(self, known: Known) -> tuple[Column, ...]:
        used, _ = self._encodings(known.data.item_table, known.data.name)
        table = known.data.item_table.rename(columns=str)
        return tuple(
            Column(name, self._kind(name, table[name]).value, encoding.code) for name, encoding in used.items()
        )

    @override
    def describes_items(self, known: Known) -> Tensor:
        return self._described(known.data.item_table, known.data.name)


def _text_or_ids(values: pd.Series, kind: Kind) -> str:
    """Why a column is a text or an id; empty if it is not."""
    present = values.dropna()
    if kind is Kind.CATEGORIES:
        distinct, most, what = present.astype(str).nunique(), present.size / 2, "a text or an id"
    elif kind is Kind.NUMBERS and pd.api.types.is_integer_dtype(values.dtype):
        distinct, most, what = present.nunique(), present.size - 1, "an id"
    else:
        return ""
    if distinct <= max(most, 2):
        return ""
    return f"{distinct:,} of {present.size:,} values are distinct, so it is {what}; name it in columns to use it"


@cache
def _say(message: str) -> None:
    """Log a message once: a command sets a model up several times."""
    logger.info(message)
