"""How the values of one column of the item table become features: as they did when the model was trained."""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Encoded(NamedTuple):
    """The features of one value that are not zero, by their place, and the names in it that have none of their own."""

    features: dict[int, float]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Code:
    """The features 0 … width − 1 of a column of names, or of numbers.

    Each of the `names` has a feature, and one more stands for all others (`rare`). A row has 1 / √(number of its
    features) in each of them. Numbers have a feature for each of the groups that begin at −∞ and at `begins`.
    """

    width: int
    names: tuple[str, ...] = ()
    begins: tuple[float, ...] = ()
    rare: int | None = None
    """The feature of names that too few rows had; None if there were none: then other names have no feature."""
    missing: int | None = None
    """The feature of a missing value; None if too few rows missed theirs: then it has zeros."""

    def of_names(self, given: Iterable[str]) -> Encoded:
        """Features of the names that a row has: the elements of a list, or one category."""
        given = [stripped for name in given if (stripped := name.strip())]
        unknown = tuple(dict.fromkeys(name for name in given if name not in self._places))
        places = {self._places[name] for name in given if name in self._places}
        if unknown and self.rare is not None:
            places.add(self.rare)
        return Encoded({place: 1 / math.sqrt(len(places)) for place in sorted(places)}, unknown)

    def of_number(self, number: float) -> Encoded:
        """The feature of a number's group."""
        return Encoded({bisect_right(self.begins, number): 1.0})

    def of_nothing(self) -> Encoded:
        """The feature of a missing value."""
        return Encoded({} if self.missing is None else {self.missing: 1.0})

    def knows(self, name: str) -> bool:
        """Whether a name has a feature of its own."""
        return name in self._places

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def check(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: a place is not below the width, a name is there twice, or the groups' numbers do not ascend.
        """
        extra = [place for place in (self.rare, self.missing) if place is not None]
        if min(extra, default=0) < 0 or max([*extra, len(self.names) - 1, len(self.begins) - 1, 0]) >= self.width:
            raise ValueError(f"it has places beyond its {self.width} features")
        if len(self._places) < len(self.names):
            raise ValueError("it has a name twice")
        if not all(map(math.isfinite, self.begins)) or any(map(operator.ge, self.begins, self.begins[1:])):
            raise ValueError("its groups do not begin at ascending numbers")
