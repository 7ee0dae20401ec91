"""Splits: what every one of them promises, and what the official ones are known to hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import SplitUnavailableError, UnknownSplitError
from data.movielens import Ratings, RatingScale
from data.splits import Split, canonical_name, carve_validation, make_split, split_names

OFFICIAL = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")


def ratings_at(timestamps: list[int]) -> Ratings:
    """Return ratings given at these times, each of another user and another item."""
    n = len(timestamps)
    return Ratings(
        name="made up",
        users=np.arange(n),
        items=np.arange(n),
        values=np.full(n, 3, dtype=np.float32),
        timestamps=np.array(timestamps, dtype=np.int64),
        user_ids=np.arange(n),
        item_ids=np.arange(n),
        scale=RatingScale(1, 5, 1),
        user_table=pd.DataFrame(index=np.arange(n)),
        item_table=pd.DataFrame(index=np.arange(n)),
        sha256="",
        source="a test",
    )


@st.composite
def some_ratings(draw: st.DrawFn) -> Ratings:
    return ratings_at(draw(st.lists(st.integers(0, 20), min_size=20, max_size=120)))


NAMES = st.one_of(
    st.integers(10, 90).map("0.{}".format),
    st.integers(10, 90).map("time-0.{}".format),
    st.integers(2, 9).flatmap(lambda folds: st.integers(1, folds).map(f"kfold-{folds}-{{}}".format)),
)
SEEDS = st.integers(0, 2**32)


def assert_partition(rows: np.ndarray, *parts: np.ndarray) -> None:
    for part in parts:
        assert part.dtype == np.int64
        assert part.size
        assert (np.diff(part) > 0).all(), "rows ascend"
        assert not part.flags.writeable
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), rows)


@given(ratings=some_ratings(), name=NAMES, seed=SEEDS)
def test_train_and_test_are_disjoint_and_cover_every_row(ratings: Ratings, name: str, seed: int) -> None:
    split = make_split(ratings, name, seed)
    assert (split.name, split.seed) == (canonical_name(name), seed)
    assert_partition(np.arange(len(ratings)), split.train, split.test)


@given(ratings=some_ratings(), name=NAMES, seed=SEEDS)
def test_a_split_depends_on_nothing_but_ratings_name_and_seed(ratings: Ratings, name: str, seed: int) -> None:
    first = make_split(ratings, name, seed)
    np.random.default_rng().random(10)
    again = make_split(ratings, name, seed)
    np.testing.assert_array_equal(first.test, again.test)


@given(ratings=some_ratings(), name=NAMES, seed=SEEDS, fraction=st.floats(0.1, 0.9), validation_seed=SEEDS)
def test_validation_is_carved_out_of_train_only(
    ratings: Ratings, name: str, seed: int, fraction: float, validation_seed: int
) -> None:
    split = make_split(ratings, name, seed)
    if not 0 < round(fraction * split.train.size) < split.train.size:
        return
    train, validation = carve_validation(ratings, split, fraction, validation_seed)
    assert_partition(split.train, train, validation)
    assert validation.size == round(fraction * split.train.size)
    assert not np.intersect1d(validation, split.test).size


@given(ratings=some_ratings(), share=st.integers(10, 90), seed=SEEDS)
def test_a_random_holdout_takes_the_head_of_a_permutation(ratings: Ratings, share: int, seed: int) -> None:
    permutation = np.random.default_rng(seed).permutation(len(ratings))
    count = round(len(ratings) * (1 - share / 100))
    split = make_split(ratings, f"0.{share}", seed)
    np.testing.assert_array_equal(split.test, np.sort(permutation[:count]))
    np.testing.assert_array_equal(split.train, np.sort(permutation[count:]))


@given(ratings=some_ratings(), folds=st.integers(2, 9), seed=SEEDS)
def test_the_folds_of_one_seed_are_disjoint_equally_large_and_cover_every_row(
    ratings: Ratings, folds: int, seed: int
) -> None:
    tests = [make_split(ratings, f"kfold-{folds}-{number + 1}", seed).test for number in range(folds)]
    assert_partition(np.arange(len(ratings)), *tests)
    assert max(test.size for test in tests) - min(test.size for test in tests) <= 1


@given(ratings=some_ratings(), share=st.integers(10, 90))
def test_by_time_no_test_rating_is_older_than_a_train_rating(ratings: Ratings, share: int) -> None:
    split = make_split(ratings, f"time-0.{share}", seed=0)
    assert ratings.require_times()[split.train].max() <= ratings.require_times()[split.test].min()
    train, validation = carve_validation(ratings, split, 0.3, seed=0)
    assert ratings.require_times()[train].max() <= ratings.require_times()[validation].min()


def test_by_time_rows_of_the_same_second_count_as_later_further_down_and_the_seed_is_not_used() -> None:
    ratings = ratings_at([5, 1, 5, 5, 1, 9, 5, 1, 1, 1])
    for seed in (0, 1):
        split = make_split(ratings, "time-0.7", seed)
        assert split.test.tolist() == [3, 5, 6]
        assert carve_validation(ratings, split, 0.3, seed)[1].tolist() == [0, 2]


def test_another_seed_gives_another_split_and_other_validation_rows() -> None:
    ratings = ratings_at([0] * 200)
    splits = [make_split(ratings, "0.8", seed) for seed in (0, 1)]
    assert not np.array_equal(splits[0].test, splits[1].test)
    first, second = (carve_validation(ratings, splits[0], 0.2, seed)[1] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_validation_is_drawn_independently_of_the_split_with_the_same_seed() -> None:
    ratings = ratings_at([0] * 10_000)
    split = make_split(ratings, "0.5", seed=3)
    _, validation = carve_validation(ratings, split, 0.5, seed=3)
    by_the_same_draw = split.train[np.sort(np.random.default_rng(3).permutation(5_000)[:2_500])]
    assert 0.45 < np.isin(validation, by_the_same_draw).mean() < 0.55


@pytest.mark.parametrize("name", [*OFFICIAL, "0.9", "0.8", "time-0.9", "kfold-5-1"])
def test_every_split_of_100k_leaves_no_row_out(movielens_100k: Ratings, name: str) -> None:
    split = make_split(movielens_100k, name, seed=0)
    assert_partition(np.arange(100_000), split.train, split.test)


def test_the_five_official_folds_are_the_fifths_of_the_file(movielens_100k: Ratings) -> None:
    tests = [make_split(movielens_100k, f"u{number}", seed=0).test for number in range(1, 6)]
    np.testing.assert_array_equal(tests[0], np.arange(20_000))
    np.testing.assert_array_equal(np.concatenate(tests), np.arange(100_000))


def test_ua_and_ub_test_on_the_first_and_the_second_ten_ratings_of_each_user(movielens_100k: Ratings) -> None:
    ua, ub = (make_split(movielens_100k, name, seed=0).test for name in ("ua", "ub"))
    for test in (ua, ub):
        np.testing.assert_array_equal(np.bincount(movielens_100k.users[test]), np.full(943, 10))
    assert not np.intersect1d(ua, ub).size
    for user in (0, 404, 942):
        rows = np.flatnonzero(movielens_100k.users == user)
        assert np.isin(rows[:10], ua).all()
        assert np.isin(rows[10:20], ub).all()


def test_the_size_of_a_random_holdout_of_100k_is_exact(movielens_100k: Ratings) -> None:
    assert make_split(movielens_100k, "0.9", seed=0).test.size == 10_000
    assert make_split(movielens_100k, "0.8", seed=0).test.size == 20_000


@pytest.mark.parametrize("name", OFFICIAL)
def test_an_official_split_of_other_ratings_is_refused(name: str) -> None:
    with pytest.raises(SplitUnavailableError, match=f"the official split '{name}' is defined by the row order of"):
        make_split(ratings_at([0] * 100), name, seed=0)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (".9", "0.9"),
        ("0.90", "0.9"),
        (0.9, "0.9"),
        (0.8, "0.8"),
        (1e-05, "0.00001"),
        (0, "0.0"),
        ("0.000", "0.0"),
        ("time-.90", "time-0.9"),
        ("kfold-5-1", "kfold-5-1"),
        ("ua", "ua"),
    ],
)
def test_one_split_has_one_name_however_it_is_written(written: str | float, meant: str) -> None:
    assert canonical_name(written) == meant
    assert canonical_name(meant) == meant


@given(share=st.floats(0.01, 0.99), ratings=some_ratings(), seed=SEEDS)
def test_a_share_is_the_same_split_as_a_number_and_as_text(share: float, ratings: Ratings, seed: int) -> None:
    share = round(share, 4)
    if not 0 < round(len(ratings) * (1 - share)) < len(ratings):
        return
    of_number, *of_text = (make_split(ratings, name, seed) for name in (share, f"{share}", f"{share:.6f}"))
    for split in of_text:
        assert split.name == of_number.name
        np.testing.assert_array_equal(split.test, of_number.test)


@pytest.mark.parametrize(
    "name",
    [
        *("", "1", "0.9x", "1.0", "-0.9", "90%", "u0", "u6", "uc", "time", "kfold-5", ".", "0."),
        *(8.0, -0.5, float("nan"), float("inf"), True),
    ],
)
def test_a_name_that_is_no_split_is_answered_with_those_there_are(name: str | float) -> None:
    with pytest.raises(UnknownSplitError, match="there is no split") as raised:
        make_split(ratings_at([0] * 100), name, seed=0)
    for grammar, meaning in split_names().items():
        assert grammar in str(raised.value)
        assert meaning in str(raised.value)


@pytest.mark.parametrize("name", ["kfold-5-0", "kfold-5-6", "kfold-1-1", "kfold-0-0", "kfold-101-1"])
def test_a_fold_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(UnknownSplitError, match="let K be at least 2 and at most the number of ratings"):
        make_split(ratings_at([0] * 100), name, seed=0)


@pytest.mark.parametrize("name", ["0.0", "0.999", "time-0.0", "time-0.999"])
def test_a_split_that_leaves_nothing_to_train_or_test_on_is_refused(name: str) -> None:
    with pytest.raises(SplitUnavailableError, match=f"the split '{name}' of 100 ratings leaves"):
        make_split(ratings_at([0] * 100), name, seed=0)


@pytest.mark.parametrize("fraction", [-0.5, 0, 0.001, 0.999, 1, 2])
def test_a_validation_part_of_nothing_or_everything_is_refused(fraction: float) -> None:
    ratings = ratings_at([0] * 100)
    split = make_split(ratings, "0.9", seed=0)
    with pytest.raises(SplitUnavailableError, match="Use a fraction further from 0 and 1"):
        carve_validation(ratings, split, fraction, seed=0)


def test_the_example_of_each_kind_in_the_help_text_can_be_made(movielens_100k: Ratings) -> None:
    for grammar in split_names():
        for name in grammar.replace("...", ",").split(","):
            assert isinstance(make_split(movielens_100k, name.strip(), seed=0), Split)
