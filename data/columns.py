"""Which column of a table is which: by the names it usually has, or as the caller says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.errors import ColumnError


@dataclass(frozen=True)
class Wanted:
    """The roles that columns of a kind of table have."""

    needed: tuple[str, ...]
    """Each has a column."""
    optional: tuple[str, ...] = ()
    """Each may have one."""
    by_place: tuple[str, ...] = ()
    """What the first columns are in a text without names."""
    option: str | None = "--data.columns"
    """The option of the command that names columns; None for a table in memory, whose columns can be renamed."""

    @property
    def roles(self) -> tuple[str, ...]:
        """All of them."""
        return self.needed + self.optional

    def option_for(self, role: str) -> str:
        """The option that says which column has a role."""
        return f"{self.option}.{role}"

    def how(self, role: str) -> str:
        """How to say which column has a role, to end a sentence with."""
        return f" {role}" if self.option is None else f": {self.option_for(role)} NAME"


RATINGS = Wanted(("user", "item", "rating"), ("time",), ("user", "item", "rating", "time"))
# As they are called in public data sets and by other libraries: lower case, letters and digits, the plainest first.
_USUAL = {
    "user": (
        "user", "userid", "uid", "userindex", "reviewerid", "reviewer", "customerid", "customer", "memberid", "member",
        "personid", "profileid", "profilename", "accountid", "visitorid", "viewerid", "readerid", "listenerid",
        "playerid", "username", "authorid",
    ),
    "item": (
        "item", "itemid", "iid", "itemindex", "movieid", "movie", "filmid", "productid", "product", "parentasin",
        "asin", "sku", "bookid", "book", "isbn", "artistid", "artist", "songid", "song", "trackid", "albumid",
        "businessid", "gmapid", "recipeid", "animeid", "gameid", "appid", "jokeid", "beerid", "placeid", "articleid",
        "contentid", "showid", "titleid", "workid",
    ),
    "rating": (
        "rating", "ratings", "score", "stars", "star", "overall", "bookrating", "userrating", "reviewscore",
        "reviewoverall", "preference", "rate", "value", "label", "weight",
    ),
    "time": (
        "timestamp", "time", "datetime", "date", "ts", "unixreviewtime", "ratingtimestamp", "reviewtime", "createdat",
        "reviewdate", "ratedat", "dateadded",
    ),
}  # fmt: skip


def by_usual_names(
    names: Sequence[str], given: Mapping[str, str], where: str, wanted: Wanted = RATINGS
) -> dict[str, str]:
    """The name of the column for each role that the table has, such as user, item, rating and, if there is one, time.

    Args:
        names: of all columns.
        given: the columns that the caller names, by role.
        where: the table, for messages.
        wanted: the roles that there are.

    Raises:
        ColumnError: a role has no column or several, or a named one is not there.
    """
    if unknown := [role for role in given if role not in wanted.roles]:
        raise ColumnError(f"columns are named for {', '.join(wanted.roles)}, not for {unknown[0]!r}")
    chosen: dict[str, str] = {}
    for role in wanted.roles:
        if role in given:
            chosen[role] = _named(given[role], names, wanted.option_for(role), where)
        elif candidates := _candidates(role, names, set(given.values())):
            if len(candidates) > 1:
                raise ColumnError(
                    f"{where} has several columns for {role}: {_listed(candidates)}. Say which{wanted.how(role)}."
                )
            chosen[role] = candidates[0]
    if missing := [role for role in wanted.needed if role not in chosen]:
        raise ColumnError(
            f"{where} has no column that is known for {_listed(missing)}; its columns are {_listed(names)}. "
            f"Name it{wanted.how(missing[0])}."
        )
    if len(set(chosen.values())) < len(chosen):
        raise ColumnError(f"{where}: a column has one role, but they are {_shown(chosen)}.")
    return chosen


def in_order(n_columns: int, given: Mapping[str, str], where: str, wanted: Wanted = RATINGS) -> dict[str, int]:
    """The place of the column for each role in a table without names, such as user, item, rating and perhaps time.

    `given` may say other places, from 1 on.

    Raises:
        ColumnError: the table has too few columns, or a place that is not there.
    """
    by_place = enumerate(wanted.by_place, start=1)
    usual = {role: place for place, role in by_place if place <= n_columns and role not in given}
    places = {role: str(place) for role, place in usual.items()} | dict(given)
    for role, place in places.items():
        if role not in wanted.roles or not place.isdecimal() or not 1 <= int(place) <= n_columns:
            raise ColumnError(
                f"{where} has no line of names; {wanted.option_for(role)} is a place from 1 to {n_columns}, "
                f"not {place!r}"
            )
    if len(set(map(int, given.values()))) < len(given):
        raise ColumnError(f"{where}: a column has one role, but they are {_shown(given)}.")
    taken = [place for role, place in places.items() if role in given]
    chosen = {role: int(place) - 1 for role, place in places.items() if role in given or place not in taken}
    if missing := [role for role in wanted.needed if role not in chosen]:
        raise ColumnError(
            f"{where} has {n_columns} columns and no line of names; needed are {_listed(wanted.needed)}, in "
            f"this order. {_listed(missing)} is missing."
        )
    return chosen


def is_usual(name: str, role: str) -> bool:
    """Whether a column of this name usually has a role."""
    return _plain(name) in _USUAL[role]


def id_column(names: Sequence[str], side: str, where: str) -> str:
    """The column of ids in a table of users or items: by its usual name, or called id, else the first.

    Raises:
        ColumnError: there are no columns beside it.
    """
    if len(names) < 2:
        raise ColumnError(f"{where} has the columns {_listed(names)}; an id and a column that describes it are needed.")
    return next(iter(_candidates(side, names, set()) or [name for name in names if _plain(name) == "id"]), names[0])


def _named(name: str, names: Sequence[str], option: str, where: str) -> str:
    if name not in names:
        raise ColumnError(f"{where} has no column {name!r} for {option}; it has {_listed(names)}.")
    return name


def _candidates(role: str, names: Sequence[str], taken: set[str]) -> list[str]:
    """The columns of the plainest usual name that there is."""
    for usual in _USUAL[role]:
        if found := [name for name in names if name not in taken and _plain(name) == usual]:
            return found
    return []


def _plain(name: str) -> str:
    """Letters and digits, lower case, without the type that RecBole writes behind a colon."""
    return re.sub(r"[\W_]", "", name.partition(":")[0].lower())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{name:.40}" for name in names[:20]) + (", …" if len(names) > 20 else "")


def _shown(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{role} {name}" for role, name in columns.items())
