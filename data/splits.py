"""Divide ratings into a part to train on and a part to test on.

A split is a pure function of (ratings, name, seed): the same three give the same rows on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import SplitUnavailableError, UnknownSplitError
from data.movielens import catalogue
from data.ratings import Ratings

Rows = npt.NDArray[np.integer[Any]]
ALL = "all"  # the name of the split that leaves nothing to test on
GIVEN = "given"  # the name of a split that comes with the ratings


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of `Ratings`: every row is in exactly one of `train` and `test`, and both are ascending."""

    name: str
    seed: int
    train: Rows  # (n_train,)
    test: Rows  # (n_test,)


def make_split(ratings: Ratings, name: str | float, seed: int) -> Split:
    """Split ratings the way `name` says; `split_names` lists what it can be.

    Raises:
        UnknownSplitError: no split has this name.
        SplitUnavailableError: the ratings do not allow it.
    """
    name = canonical_name(name)
    kind, arguments = _recognise(name)
    test = kind.test_rows(ratings, arguments, seed)
    if name != ALL and not 0 < test.size < len(ratings):
        raise SplitUnavailableError(
            f"the split {name!r} of {len(ratings):,} ratings leaves {test.size:,} to test on and "
            f"{len(ratings) - test.size:,} to train on. Use a share further from 0 and 1, or more ratings."
        )
    return Split(name, seed, train=_read_only(_complement(test, len(ratings))), test=_read_only(np.sort(test)))


def given_split(n_train: int, n: int) -> Split:
    """The split of n ratings of which the first n_train are given to train on, and the others to test on."""
    rows: Rows = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)  # of many ratings, half the memory
    return Split(GIVEN, 0, train=_read_only(rows[:n_train]), test=_read_only(rows[n_train:]))


def carve_validation(ratings: Ratings, split: Split, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Divide the train part of a split again, into (train part, validation part), both ascending.

    `fraction` is the share of the validation part, rounded to whole rows. It is drawn at random,
    independently of the split even for the same seed; for a time split it is the latest part, so that
    validation asks the same question as the test. Test rows are never touched.

    Raises:
        SplitUnavailableError: either part would be empty.
    """
    choose = _at_random if split.name == GIVEN else _recognise(split.name)[0].choose
    count = round(split.train.size * fraction)
    if not 0 < count < split.train.size:
        raise SplitUnavailableError(
            f"a fraction of {fraction} takes {count:,} of {split.train.size:,} train rows for validation. "
            "Use a fraction further from 0 and 1."
        )
    chosen = choose(ratings, split.train, count, seed)
    return _read_only(np.setdiff1d(split.train, chosen, assume_unique=True)), _read_only(np.sort(chosen))


def canonical_name(name: str | float) -> str:
    """Return the one way to write a split that has several: "0.9" for 0.9, ".9" and "0.90".

    YAML makes a number of a share without quotes, so a split may be a number as well.

    `make_split` may still find that the ratings do not allow it.

    Raises:
        UnknownSplitError: there is no such split.
    """
    text = name if isinstance(name, str) else f"{Decimal(str(float(name))):f}"
    _, arguments = _recognise(text)
    share = arguments.groupdict().get("share")
    return text if share is None else text.removesuffix(share) + _shortest(share)


def split_names() -> dict[str, str]:
    """Return the names that `make_split` knows, each with what it means, for a help text."""
    return {kind.grammar: kind.meaning for kind in _KINDS}


def _random_holdout(ratings: Ratings, arguments: re.Match[str], seed: int) -> Rows:
    count = _test_count(ratings, arguments)
    return np.random.default_rng(seed).permutation(len(ratings))[:count]


def _time_holdout(ratings: Ratings, arguments: re.Match[str], seed: int) -> Rows:
    everything = np.arange(len(ratings))
    return _latest(ratings, everything, _test_count(ratings, arguments), seed)


def _fold(ratings: Ratings, arguments: re.Match[str], seed: int) -> Rows:
    n_folds, number = int(arguments["folds"]), int(arguments["number"])
    if not (2 <= n_folds <= len(ratings) and 1 <= number <= n_folds):
        raise UnknownSplitError(
            f"there is no split {arguments[0]!r} of {len(ratings):,} ratings. In kfold-K-I, let K be at "
            "least 2 and at most the number of ratings, and I be one of 1 ... K."
        )
    return np.array_split(np.random.default_rng(seed).permutation(len(ratings)), n_folds)[number - 1]


def _official_fifth(ratings: Ratings, arguments: re.Match[str], _seed: int) -> Rows:
    """u1.test ... u5.test: the first to last fifth of u.data, by its row order."""
    _expect_u_data(ratings, arguments[0])
    fifth = len(ratings) // 5
    return np.arange(fifth) + fifth * (int(arguments["number"]) - 1)


def _official_ten_per_user(ratings: Ratings, arguments: re.Match[str], _seed: int) -> Rows:
    """ua.test and ub.test: the first and the second ten rows of each user in u.data."""
    _expect_u_data(ratings, arguments[0])
    first = {"a": 0, "b": 10}[arguments["half"]]
    users = pd.Series(ratings.users)
    rank = users.groupby(users).cumcount().to_numpy()  # (n,), 0 in a user's first row, 1 in the second, ...
    return np.flatnonzero((rank >= first) & (rank < first + 10))


def _expect_u_data(ratings: Ratings, name: str) -> None:
    if ratings.sha256 != catalogue.find("100k").published.ratings.rows_sha256:
        raise SplitUnavailableError(
            f"the official split {name!r} is defined by the row order of MovieLens 100k, and these are "
            f"{ratings!r}. Load 100k, or use one of the splits that any ratings allow, such as 0.9."
        )


def _test_count(ratings: Ratings, arguments: re.Match[str]) -> int:
    """Return the number of test rows that is left by a share of train rows."""
    return round(len(ratings) * (1 - float(arguments["share"])))


def _shortest(share: str) -> str:
    """Write a decimal fraction with one digit before the point and no needless ones behind it: 0.9, 0.0."""
    digits = share.partition(".")[2].rstrip("0")
    return f"0.{digits or 0}"


def _at_random(ratings: Ratings, rows: Rows, count: int, seed: int) -> Rows:
    return np.random.default_rng([seed, _VALIDATION]).permutation(rows)[:count]


def _latest(ratings: Ratings, rows: Rows, count: int, seed: int) -> Rows:
    """Of rows given with the same second, the ones further down in the file count as later."""
    oldest_first = np.argsort(ratings.require_times()[rows], kind="stable")
    return rows[oldest_first[rows.size - count :]]


def _complement(rows: Rows, n: int) -> Rows:
    outside = np.ones(n, dtype=bool)
    outside[rows] = False
    return np.flatnonzero(outside)


def _read_only(rows: Rows) -> Rows:
    rows.flags.writeable = False
    return rows


@dataclass(frozen=True)
class _Kind:
    """One way to split: how it is written, what it means, what is test, and how validation is chosen."""

    grammar: str
    meaning: str
    pattern: re.Pattern[str]
    test_rows: Callable[[Ratings, re.Match[str], int], Rows]
    choose: Callable[[Ratings, Rows, int, int], Rows] = _at_random


# Second part of the seed of the validation rows. numpy mixes all parts of a seed, so that these draws and
# those of the split, whose seed has one part, are independent. Any number would do; this one spells "vali"
# in ASCII.
_VALIDATION = 0x76616C69

_KINDS = (
    _Kind(
        "0.9",
        "random: this share of the ratings is for training; any decimal fraction between 0 and 1",
        re.compile(r"(?P<share>0?\.\d+)"),
        _random_holdout,
    ),
    _Kind(
        "time-0.9",
        "by time: the oldest ratings, this share of them, are for training; the seed is not used",
        re.compile(r"time-(?P<share>0?\.\d+)"),
        _time_holdout,
        _latest,
    ),
    _Kind(
        "kfold-5-1",
        "cross-validation: of 5 random folds, the 1st is for testing; any number of folds from 2",
        re.compile(r"kfold-(?P<folds>\d+)-(?P<number>\d+)"),
        _fold,
    ),
    _Kind(
        ALL,
        "all ratings are for training and none for testing; the seed is not used",
        re.compile(ALL),
        lambda ratings, arguments, seed: np.arange(0),
    ),
    _Kind(
        "u1 ... u5",
        "the five official folds of 100k; the seed is not used",
        re.compile(r"u(?P<number>[1-5])"),
        _official_fifth,
    ),
    _Kind(
        "ua, ub",
        "the two official splits of 100k with ten test ratings of each user; the seed is not used",
        re.compile(r"u(?P<half>[ab])"),
        _official_ten_per_user,
    ),
)


def _recognise(name: str) -> tuple[_Kind, re.Match[str]]:
    for kind in _KINDS:
        if arguments := kind.pattern.fullmatch(name):
            return kind, arguments
    known = "\n".join(f"  {grammar:<10} {meaning}" for grammar, meaning in split_names().items())
    raise UnknownSplitError(f"there is no split {name!r}; a split is one of\n{known}")
