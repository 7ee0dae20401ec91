"""The MovieLens data sets that can be read: where each lies, what it hashes to and how its files are written.

F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM TiiS 5(4), 19.
The publisher asks that this article be cited, and forbids passing the data on without separate permission.

The checksums of the archives are the publisher's own, except that ml-100k.zip's is the SHA-256 of the archive that has
the publisher's MD5, 0e33842e24a9c977be4e0107933c0723. latest-small and latest are changed from time to time, so that no
checksum and no number of ratings is known of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from typing_extensions import override

from data.errors import UnknownDataSetError
from data.movielens.formats import table_rows
from data.movielens.formats.table_rows import Item, User
from data.ratings import RatingScale

Row = TypeVar("Row", Item, User)


@dataclass(frozen=True)
class Checksum:
    """What a file must hash to; `algorithm` is a name that hashlib knows."""

    algorithm: str
    hexdigest: str


@dataclass(frozen=True)
class RatingsFile:
    """A file with one rating per line: user id, item id, rating, seconds since the epoch."""

    name: str
    separator: bytes
    header: bytes | None = None
    """The first line, where it names the columns."""
    rows_sha256: str | None = None
    """SHA-256 of what follows the header, where it is known."""


@dataclass(frozen=True)
class TableFile(Generic[Row]):
    """A file with one user or item per line."""

    name: str
    encoding: str
    separator: str
    """What stands between two fields; a comma means CSV, with its quotes."""
    read_row: Callable[[list[str]], Row]
    """Makes a row of the table from the fields of a line; a ValueError means that it cannot."""
    header: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Archive:
    """A zip file that holds a data set in `folder`, be it the publisher's or a wheel."""

    filename: str
    checksum: Checksum | None
    """None for one that the publisher changes from time to time."""
    size: int | None
    """Bytes, for the progress bar; None where the server has to say."""
    folder: str
    ratings: RatingsFile
    items: TableFile[Item]
    users: TableFile[User] | None


@dataclass(frozen=True)
class Wheel:
    """A wheel on PyPI that carries a data set."""

    project: str
    version: str
    archive: Archive

    @override
    def __str__(self) -> str:
        return f"the PyPI wheel {self.project} {self.version}"


@dataclass(frozen=True)
class DataSet:
    """One data set and everywhere it can be had."""

    name: str
    summary: str
    scale: RatingScale
    n_ratings: int | None
    """None where the publisher changes it from time to time."""
    url: str
    published: Archive
    wheel: Wheel | None = None

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The archives that hold it, the publisher's first."""
        return (self.published,) if self.wheel is None else (self.published, self.wheel.archive)


def find(name: str) -> DataSet:
    """Return the data set called `name`, or raise UnknownDataSetError, which lists those there are."""
    for data_set in CATALOGUE:
        if data_set.name == name:
            return data_set
    known = "\n".join(f"  {data_set.name:<12} {data_set.summary}" for data_set in CATALOGUE)
    raise UnknownDataSetError(f"there is no MovieLens data set {name!r}; choose one of\n{known}")


_PUBLISHER = "https://files.grouplens.org/datasets/movielens"

_U_DATA_SHA256 = "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"

_WHOLE_STARS = RatingScale(1.0, 5.0, 1.0)
_HALF_STARS = RatingScale(0.5, 5.0, 0.5)

_ML_100K_WHEEL = Wheel(
    project="recbole",
    version="1.2.1",
    archive=Archive(
        filename="recbole-1.2.1-py3-none-any.whl",
        checksum=Checksum("sha256", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"),
        size=2_130_151,
        folder="recbole/dataset_example/ml-100k",
        ratings=RatingsFile(
            "ml-100k.inter",
            separator=b"\t",
            header=b"user_id:token\titem_id:token\trating:float\ttimestamp:float",
            rows_sha256=_U_DATA_SHA256,
        ),
        items=TableFile(
            "ml-100k.item",
            encoding="utf-8",
            separator="\t",
            read_row=table_rows.item_in_recbole,
            header="item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
            sha256="51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
        ),
        users=TableFile(
            "ml-100k.user",
            encoding="utf-8",
            separator="\t",
            read_row=table_rows.user_in_u_user,
            header="user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token",
            sha256="4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
        ),
    ),
)


def _csv_archive(folder: str, md5: str | None = None, size: int | None = None) -> Archive:
    """The publisher's archive from 20m on: ratings.csv and movies.csv, nothing about the users."""
    return Archive(
        filename=f"{folder}.zip",
        checksum=None if md5 is None else Checksum("md5", md5),
        size=size,
        folder=folder,
        ratings=RatingsFile("ratings.csv", separator=b",", header=b"userId,movieId,rating,timestamp"),
        items=TableFile(
            "movies.csv",
            encoding="utf-8",
            separator=",",
            read_row=table_rows.item_in_movies,
            header="movieId,title,genres",
        ),
        users=None,
    )


CATALOGUE: tuple[DataSet, ...] = (
    DataSet(
        name="100k",
        summary="100,000 ratings of 1,682 films by 943 users, 1997-1998",
        scale=_WHOLE_STARS,
        n_ratings=100_000,
        url=f"{_PUBLISHER}/ml-100k.zip",
        published=Archive(
            filename="ml-100k.zip",
            checksum=Checksum("sha256", "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"),
            size=4_924_029,
            folder="ml-100k",
            ratings=RatingsFile("u.data", separator=b"\t", rows_sha256=_U_DATA_SHA256),
            items=TableFile("u.item", "latin-1", "|", table_rows.item_in_u_item),
            users=TableFile("u.user", "latin-1", "|", table_rows.user_in_u_user),
        ),
        wheel=_ML_100K_WHEEL,
    ),
    DataSet(
        name="1m",
        summary="1,000,209 ratings of 3,706 films by 6,040 users, 2000-2003",
        scale=_WHOLE_STARS,
        n_ratings=1_000_209,
        url=f"{_PUBLISHER}/ml-1m.zip",
        published=Archive(
            filename="ml-1m.zip",
            checksum=Checksum("md5", "c4d9eecfca2ab87c1945afe126590906"),
            size=5_917_549,
            folder="ml-1m",
            ratings=RatingsFile("ratings.dat", separator=b"::"),
            items=TableFile("movies.dat", "latin-1", "::", table_rows.item_in_movies),
            users=TableFile("users.dat", "latin-1", "::", table_rows.user_in_users_dat),
        ),
    ),
    DataSet(
        name="10m",
        summary="10,000,054 ratings of 10,677 films by 69,878 users, 1995-2009",
        scale=_HALF_STARS,
        n_ratings=10_000_054,
        url=f"{_PUBLISHER}/ml-10m.zip",
        published=Archive(
            filename="ml-10m.zip",
            checksum=Checksum("md5", "ce571fd55effeba0271552578f2648bd"),
            size=65_566_137,
            folder="ml-10M100K",
            ratings=RatingsFile("ratings.dat", separator=b"::"),
            items=TableFile("movies.dat", "utf-8", "::", table_rows.item_in_movies),
            users=None,
        ),
    ),
    DataSet(
        name="20m",
        summary="20,000,263 ratings of 26,744 films by 138,493 users, 1995-2015",
        scale=_HALF_STARS,
        n_ratings=20_000_263,
        url=f"{_PUBLISHER}/ml-20m.zip",
        published=_csv_archive("ml-20m", "cd245b17a1ae2cc31bb14903e1204af3", 198_702_078),
    ),
    DataSet(
        name="25m",
        summary="25,000,095 ratings of 59,047 films by 162,541 users, 1995-2019",
        scale=_HALF_STARS,
        n_ratings=25_000_095,
        url=f"{_PUBLISHER}/ml-25m.zip",
        published=_csv_archive("ml-25m", "6b51fb2759a8657d3bfcbfc42b592ada", 261_978_986),
    ),
    DataSet(
        name="32m",
        summary="32,000,204 ratings of films by 200,948 users, 1995-2023",
        scale=_HALF_STARS,
        n_ratings=32_000_204,
        url=f"{_PUBLISHER}/ml-32m.zip",
        published=_csv_archive("ml-32m", "d472be332d4daa821edc399621853b57", 238_950_008),
    ),
    DataSet(
        name="latest-small",
        summary="some 100,000 ratings of films by some 600 users, changed from time to time",
        scale=_HALF_STARS,
        n_ratings=None,
        url=f"{_PUBLISHER}/ml-latest-small.zip",
        published=_csv_archive("ml-latest-small"),
    ),
    DataSet(
        name="latest",
        summary="all ratings of films until the publisher changed it last",
        scale=_HALF_STARS,
        n_ratings=None,
        url=f"{_PUBLISHER}/ml-latest.zip",
        published=_csv_archive("ml-latest"),
    ),
)
