"""What MovieLens says of its users and films."""

from __future__ import annotations

from recsys.features.columns import ItemColumns, UserColumns

# Where groups begin. Ages as in MovieLens 1M; years finer where there are more films.
_AGES = [18.0, 25, 35, 45, 50, 56]
_YEARS = [1940.0, 1950, 1960, 1970, 1980, 1985, 1990, 1993, 1994, 1995, 1996, 1997, 1998]


class UserSide(UserColumns):
    """Age group, gender and occupation of the users, one column for each value."""

    def __init__(self) -> None:
        """Set the columns."""
        super().__init__(["age", "gender", "occupation"], edges={"age": _AGES})


class ItemSide(ItemColumns):
    """Genres of the items, 1 / √(number of its genres) each, and the group of its year."""

    def __init__(self) -> None:
        """Set the columns."""
        super().__init__(["genres", "year"], edges={"year": _YEARS})
