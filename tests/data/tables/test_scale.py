"""The scale of ratings, as they show it or as it is given; and ratings that are none."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import DataError, MalformedRowError, OptionError, RatingOutsideScaleError
from data.ratings import RatingScale
from data.tables import read_ratings
from tests.data.tables.rows import read

CONTINUOUS = np.linspace(-9.8765, 9.1234, 5000).tolist()


def rated(values: list[Any], folder: Path, **options: Any) -> Any:
    lines = [f'{row},1,"{value}"\n' for row, value in enumerate(values)]
    return read(folder, "user,item,rating\n" + "".join(lines), **options)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 2, 5], RatingScale(1, 5, 1)),
        ([0.5, 1, 5], RatingScale(0.5, 5, 0.5)),
        (["1.0", "3.5000000000000004", "5"], RatingScale(1, 5, 0.5)),
        ([1.1, 1.2, 3.3], RatingScale(1.1, 3.3, 0.1)),
        ([-10, 0, 10], RatingScale(-10, 10, 10)),
        ([-9, 0, 10], RatingScale(-9, 10, 1)),
        ([0, 33, 100], RatingScale(0, 100, 1)),
        ([0, 20, 100], RatingScale(0, 100, 20)),
        ([0, 1], RatingScale(0, 1, 1)),
        (["1e1", "2E1", "+3e1"[1:]], RatingScale(10, 30, 10)),
        ([" 4", "5 "], RatingScale(4, 5, 1)),
        (CONTINUOUS, RatingScale(CONTINUOUS[0], CONTINUOUS[-1])),
        ([0, 2e-3, 1.00001], RatingScale(0, 1.00001)),
        ([0, 1e30, 3e30], RatingScale(0, 3e30)),
    ],
    ids=lambda each: str(each)[:30],
)
def test_ratings_show_their_scale(values: list[Any], scale: RatingScale, tmp_path: Path) -> None:
    ratings = rated(values, tmp_path)
    assert ratings.scale == scale
    assert ratings.values.tolist() == np.array(values, float).astype(np.float32).tolist()


@pytest.mark.parametrize(
    ("given", "scale"),
    [
        ("1,5", RatingScale(1, 5, 1)),
        ([1, 10], RatingScale(1, 10, 1)),
        ((0.5, 5, 0.5), RatingScale(0.5, 5, 0.5)),
        ("-5, 5", RatingScale(-5, 5, 1)),
        ("0.5,5", RatingScale(0.5, 5, 0.5)),
    ],
    ids=str,
)
def test_a_scale_may_be_given(given: Any, scale: RatingScale, tmp_path: Path) -> None:
    assert rated([2, 4, 5], tmp_path, scale=given).scale == scale
    assert rated([3, 3], tmp_path, scale=given).scale.minimum == scale.minimum


@pytest.mark.parametrize(
    "given", ["5,1", "1", "1,2,3,4", "1,x", "1,nan", "1,5,0.3", "1,5,0", "1,5,-1", "", [1, None], 3]
)
def test_what_is_no_scale_is_refused(given: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="a scale is its least and greatest rating"):
        rated([2, 4], tmp_path, scale=given)


@pytest.mark.parametrize(
    ("values", "options", "error", "complaint"),
    [
        ([3, "3,5"], {}, MalformedRowError, "line 3: the rating '3,5' is not a number. Write decimals with a point."),
        ([3, "good"], {}, MalformedRowError, "line 3: the rating 'good' is not a number. Correct it"),
        ([3, "★★★"], {}, MalformedRowError, "line 3: the rating '★★★' is not a number"),
        ([3, "1_000"], {}, MalformedRowError, "line 3: the rating '1_000' is not a number"),
        ([3, "NaN"], {}, MalformedRowError, "line 3: the rating NaN is not a finite number"),
        ([3, "-inf"], {}, MalformedRowError, "line 3: the rating -inf is not a finite number"),
        ([3, "1e999"], {}, MalformedRowError, "line 3: the rating 1e999 is not a finite number"),
        ([3, "1e39"], {}, MalformedRowError, "line 3: the rating 1e39 is not a finite number"),
        ([3, 3], {}, RatingOutsideScaleError, "all ratings are 3, so they say nothing"),
        (
            [2, 6],
            {"scale": "1,5"},
            RatingOutsideScaleError,
            "line 3: the rating 6 is none of 1, 2, ... 5. Correct it, or give another scale: --data.scale 1,6.",
        ),
        ([3, 0], {"scale": "1,5"}, RatingOutsideScaleError, "--data.scale 0,5"),
        ([3, 3.5], {"scale": "1,5,1"}, RatingOutsideScaleError, "line 3: the rating 3.5 is none of 1, 2, ... 5"),
        ([0.25, 9.5], {"scale": "0,9"}, RatingOutsideScaleError, "line 3: the rating 9.5 is none of 0, 0.25, ... 9"),
    ],
    ids=str,
)
def test_what_is_no_rating_is_refused(
    values: list[Any], options: dict[str, Any], error: type[DataError], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        rated(values, tmp_path, **options)
    assert complaint in str(raised.value)


def test_the_scale_that_ratings_show_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "data"):
        rated([1, 2, 5], tmp_path)
    assert "ratings are in 1, 2, ... 5, as they occur; --data.scale gives another scale" in caplog.text


def test_float32_ratings_are_on_the_steps_they_stand_for() -> None:
    tenths = np.arange(1, 100, dtype=np.float32) / np.float32(10)
    table = {"user": np.arange(99), "item": np.zeros(99, int), "rating": tenths}
    ratings = read_ratings(table)
    assert str(ratings.scale) == "0.1, 0.2, ... 9.9"
    assert np.allclose(ratings.values, tenths, rtol=1e-6)
