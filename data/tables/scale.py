"""The scale of ratings, as it is given or as the ratings show it."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data.errors import OptionError, RatingOutsideScaleError
from data.ratings import RatingScale

logger = logging.getLogger("data")

_MOST_STEPS = 1000  # a scale of more is continuous
_DECIMALS = 4  # that a step may have
_LARGEST = 1 << 53  # whole numbers up to here are exact


def rating_scale(distinct: npt.NDArray[np.float64], given: str | Sequence[float] | None) -> RatingScale:
    """The scale of ratings of which the distinct ones are (k,), all finite, in any order.

    `given` are the least and the greatest rating and perhaps the step, as numbers or as text such as "1,10". Where
    nothing is given, they are the least and the greatest there are. The step is the largest that leads from the least
    to all others; there is none if it would take more than 1,000.

    Raises:
        OptionError: what is given is no scale.
        RatingOutsideScaleError: all ratings are equal, and no scale is given.
    """
    if given is None:
        least, greatest = float(distinct.min()), float(distinct.max())
        if least == greatest:
            raise RatingOutsideScaleError(
                f"all ratings are {least:g}, so they say nothing of what is liked. Where there are others that do not "
                "occur, give the scale: --data.scale 1,5."
            )
        scale = RatingScale(least, greatest, _step(distinct, least))
        logger.info("ratings are in %s, as they occur; --data.scale gives another scale", scale)
        return scale
    least, greatest, *step = _numbers(given)
    if step:
        return RatingScale(least, greatest, step[0])
    inside = distinct[(distinct >= least) & (distinct <= greatest)]
    return RatingScale(least, greatest, _step(np.append(inside, greatest), least))


def outside_scale(
    where: str, rating: float, scale: RatingScale, distinct: npt.NDArray[np.float64]
) -> RatingOutsideScaleError:
    """What to say of a rating that is none of a scale; the distinct ratings (k,) show which scale would do."""
    least, greatest = min(distinct.min(), scale.minimum), max(distinct.max(), scale.maximum)
    return RatingOutsideScaleError(
        f"{where}: the rating {rating:.10g} is none of {scale}. Correct it, or give another scale: --data.scale "
        f"{least:g},{greatest:g}."
    )


def _step(distinct: npt.NDArray[np.float64], least: float) -> float | None:
    """The largest step from the least to all distinct ratings, if it has few decimals."""
    above = distinct - least
    for decimals in range(_DECIMALS + 1):
        scaled = above * 10**decimals
        whole = np.rint(scaled)
        if np.abs(scaled - whole).max() < 1e-3:  # as RatingScale.nearest takes it
            if whole.max() > _LARGEST:
                return None
            step = int(np.gcd.reduce(whole.astype(np.int64)))
            return step / 10**decimals if whole.max() <= _MOST_STEPS * step else None
    return None


def _numbers(given: str | Sequence[float]) -> list[float]:
    try:
        numbers = [float(number) for number in (given.split(",") if isinstance(given, str) else given)]
    except (TypeError, ValueError):
        numbers = []
    if (
        len(numbers) not in (2, 3)
        or not all(map(math.isfinite, numbers))
        or numbers[0] >= numbers[1]
        or (len(numbers) == 3 and not _divides(numbers[2], numbers[1] - numbers[0]))
    ):
        raise OptionError(
            f"a scale is its least and greatest rating and perhaps its step, such as 1,10 or 0.5,5,0.5; not {given!r}"
        )
    return numbers


def _divides(step: float, length: float) -> bool:
    return step > 0 and abs(length / step - round(length / step)) < 1e-6
