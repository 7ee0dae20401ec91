"""Which column of a table is which: by the names it usually has, or as the caller says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from data.errors import ColumnError

ROLES = ("user", "item", "rating", "time")
_NEEDED = ("user", "item", "rating")
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


def by_usual_names(names: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """The name of the column for each role that the table has: user, item, rating and, if there is one, time.

    Args:
        names: of all columns.
        given: the columns that the caller names, by role.
        where: the table, for messages.

    Raises:
        ColumnError: a role has no column or several, or a named one is not there.
    """
    if unknown := [role for role in given if role not in ROLES]:
        raise ColumnError(f"columns are named for {', '.join(ROLES)}, not for {unknown[0]!r}")
    chosen: dict[str, str] = {}
    for role in ROLES:
        if role in given:
            chosen[role] = _named(given[role], names, role, where)
        elif candidates := _candidates(role, names, set(given.values())):
            chosen[role] = _only(candidates, role, where)
    if missing := [role for role in _NEEDED if role not in chosen]:
        raise ColumnError(
            f"{where} has no column that is known for {_listed(missing)}; its columns are {_listed(names)}. "
            f"Name it: --data.columns.{missing[0]} NAME."
        )
    if len(set(chosen.values())) < len(chosen):
        raise ColumnError(f"{where}: a column has one role, but they are {_shown(chosen)}.")
    return chosen


def in_order(n_columns: int, given: Mapping[str, str], where: str) -> dict[str, int]:
    """The place of the column for each role in a table without names: user, item, rating and perhaps time.

    `given` may say other places, from 1 on.

    Raises:
        ColumnError: the table has too few columns, or a place that is not there.
    """
    usual = {role: place for place, role in enumerate(ROLES, start=1) if place <= n_columns and role not in given}
    places = {role: str(place) for role, place in usual.items()} | dict(given)
    for role, place in places.items():
        if role not in ROLES or not place.isdecimal() or not 1 <= int(place) <= n_columns:
            raise ColumnError(
                f"{where} has no line of names; --data.columns.{role} is a place from 1 to {n_columns}, not {place!r}"
            )
    taken = [place for role, place in places.items() if role in given]
    chosen = {role: int(place) - 1 for role, place in places.items() if role in given or place not in taken}
    if missing := [role for role in _NEEDED if role not in chosen]:
        raise ColumnError(
            f"{where} has {n_columns} columns and no line of names; user, item and rating are needed, in this order. "
            f"{_listed(missing)} is missing."
        )
    return chosen


def id_column(names: Sequence[str], side: str, where: str) -> str:
    """The column of ids in a table of users or items: by its usual name, or called id, else the first.

    Raises:
        ColumnError: there are no columns beside it.
    """
    if len(names) < 2:
        raise ColumnError(f"{where} has the columns {_listed(names)}; an id and a column that describes it are needed.")
    return next(iter(_candidates(side, names, set()) or [name for name in names if _plain(name) == "id"]), names[0])


def _named(name: str, names: Sequence[str], role: str, where: str) -> str:
    if name not in names:
        raise ColumnError(f"{where} has no column {name!r} for --data.columns.{role}; it has {_listed(names)}.")
    return name


def _candidates(role: str, names: Sequence[str], taken: set[str]) -> list[str]:
    """The columns of the plainest usual name that there is."""
    for usual in _USUAL[role]:
        if found := [name for name in names if name not in taken and _plain(name) == usual]:
            return found
    return []


def _only(candidates: list[str], role: str, where: str) -> str:
    if len(candidates) > 1:
        raise ColumnError(
            f"{where} has several columns for {role}: {_listed(candidates)}. Say which: --data.columns.{role} NAME."
        )
    return candidates[0]


def _plain(name: str) -> str:
    """Letters and digits, lower case, without the type that RecBole writes behind a colon."""
    return re.sub(r"[\W_]", "", name.partition(":")[0].lower())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{name:.40}" for name in names[:20]) + (", …" if len(names) > 20 else "")


def _shown(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{role} {name}" for role, name in columns.items())
