"""What one line of an item or user table says, in each of the formats MovieLens has had.

Each function takes the fields of a line and raises ValueError if they do not fit; `data.movielens.formats.tables` adds
where.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Item(NamedTuple):
    """A film. `title` is without the year; `genres` are sorted, and empty where the publisher names none."""

    item_id: int
    title: str
    year: int | None
    genres: tuple[str, ...]


class User(NamedTuple):
    """A person. `age` is in years; in 1m it is the lower end of an age group, and 1 stands for under 18."""

    user_id: int
    age: int
    gender: str
    occupation: str
    zip_code: str


def item_in_u_item(fields: list[str]) -> Item:
    """100k: id | title | release date | video release date | IMDb URL | one flag for each of 19 genres."""
    _expect(len(_U_ITEM_GENRES) + 5, fields)
    genres = [genre for genre, flag in zip(_U_ITEM_GENRES, fields[5:], strict=True) if flag == "1"]
    return _item(fields[0], fields[1], genres)


def item_in_movies(fields: list[str]) -> Item:
    """1m, 10m (movies.dat) and 20m, 25m, 32m (movies.csv): id, title, genres joined by |."""
    _expect(3, fields)
    return _item(fields[0], fields[1], fields[2].split("|"))


def item_in_recbole(fields: list[str]) -> Item:
    """100k in the wheel: id, title without its last bracket, what that bracket held, genres joined by spaces.

    The title of film 1412, which ends in "(1995) (V)", has thus left "V" as its year, and film 267,
    "unknown", is spelt "unkonwn". Putting title and bracket together again gives what u.item says.
    """
    _expect(4, fields)
    title, bracket = fields[1], fields[2]
    whole_title = "unknown" if title == "unkonwn" else f"{title} ({bracket})"
    return _item(fields[0], whole_title, fields[3].split(" "))


def user_in_u_user(fields: list[str]) -> User:
    """100k, from either source: id, age, gender, occupation, zip code."""
    _expect(5, fields)
    user_id, age, gender, occupation, zip_code = fields
    return User(int(user_id), int(age), gender, occupation, zip_code)


def user_in_users_dat(fields: list[str]) -> User:
    """1m: id :: gender :: age group :: occupation code :: zip code."""
    _expect(5, fields)
    user_id, gender, age, occupation, zip_code = fields
    if int(occupation) not in range(len(_1M_OCCUPATIONS)):
        raise ValueError(f"occupation {occupation} is not one of the codes 0 to {len(_1M_OCCUPATIONS) - 1}")
    return User(int(user_id), int(age), gender, _1M_OCCUPATIONS[int(occupation)], zip_code)


def _expect(n_fields: int, fields: list[str]) -> None:
    if len(fields) != n_fields:
        raise ValueError(f"there are {len(fields)} fields where there should be {n_fields}")


def _item(item_id: str, whole_title: str, genres: list[str]) -> Item:
    title, year = _title_and_year(whole_title)
    return Item(int(item_id), title, year, tuple(sorted(set(genres) - _NO_GENRE)))


def _title_and_year(whole_title: str) -> tuple[str, int | None]:
    """Split "Seven (Se7en) (1995)" into "Seven (Se7en)" and 1995; a title without a year is left as it is."""
    found = _YEAR_AT_END.search(whole_title)
    if found is None:
        return whole_title.strip(), None
    return whole_title[: found.start()].strip(), int(found["year"])


# The last bracket, except that "(V)", for films that came out on video, may follow. Series in the newer
# data sets have a range of years, closed or open, "(2006\u20132007)" or "(2009-)": the first year counts.
_YEAR_AT_END = re.compile(r"\((?P<year>\d{4})(?:[-\u2013]\s*(?:\d{4})?)?\s*\)(?:\s*\(V\))?\s*$")

_NO_GENRE = frozenset({"", "unknown", "(no genres listed)"})

# In the order of u.genre, which is that of the flags in u.item.
_U_ITEM_GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)

# The codes 0 to 20 of users.dat, as the README of ml-1m.zip spells them out.
_1M_OCCUPATIONS = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)
