"""Data sets in MovieLens's formats that are small enough to read here, and zip files of them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from data.movielens.catalogue import Archive, Checksum, DataSet, find

# user id, item id, rating, timestamp. The ids have gaps and are not in order.
RATINGS = ((7, 50, "4", 900), (3, 5, "3", 800), (7, 5, "5", 800), (12, 9, "1", 1000))

# item id, title with year, genres. Nobody has rated item 6.
ITEMS = (
    (5, "Harbour, The (1971)", "Drama|Comedy"),
    (6, "Unseen (1980)", "Drama"),
    (9, "Caf\u00e9 (Kaffeehaus) (1999)", "Drama"),
    (50, "Ladder (2001)", "Drama"),
)

FORMATS = ("1m", "10m", "20m", "25m", "32m", "latest-small", "latest")


@dataclass(frozen=True)
class Miniature:
    """A catalogue entry, and the bytes of the zip file that it describes."""

    data_set: DataSet
    content: bytes

    def write(self, directory: Path) -> Path:
        """Write the zip file into a directory and return its path."""
        path = directory / self.data_set.published.filename
        path.write_bytes(self.content)
        return path

    def at(self, url: str) -> DataSet:
        """Return the entry as if `url` were where the publisher puts the zip file."""
        return replace(self.data_set, url=url)


def miniature(name: str, **changed: bytes) -> Miniature:
    """Return RATINGS and ITEMS in the format of the data set `name`, except for the files changed.

    Those are named by their stem: ratings, movies or users.
    """
    files = _dat_files(name) if name in {"1m", "10m"} else _csv_files()
    files.update({file: changed[Path(file).stem] for file in files if Path(file).stem in changed})
    data_set = find(name)
    if data_set.n_ratings is not None:
        data_set = replace(data_set, n_ratings=len(RATINGS))
    return in_zip(data_set, data_set.published, files)


def in_zip(data_set: DataSet, archive: Archive, files: dict[str, bytes]) -> Miniature:
    """Pack files and declare the result to be what the publisher put out."""
    content = packed({f"{archive.folder}/{name}": text for name, text in files.items()})
    return Miniature(declared(data_set, content), content)


def packed(members: dict[str, bytes]) -> bytes:
    """Return a zip file: for the same members, in any process and at any time, the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def declared(data_set: DataSet, content: bytes) -> DataSet:
    """Return the entry of a data set with the checksum of `content`, if it has one."""
    if data_set.published.checksum is None:
        return data_set
    checksum = Checksum("sha256", hashlib.sha256(content).hexdigest())
    return replace(data_set, published=replace(data_set.published, checksum=checksum, size=len(content)))


def _dat_files(name: str) -> dict[str, bytes]:
    encoding = {"1m": "latin-1", "10m": "utf-8"}[name]
    files = {
        "ratings.dat": _lines("::".join(map(str, row)) for row in RATINGS).encode(),
        "movies.dat": _lines("::".join(map(str, row)) for row in ITEMS).encode(encoding),
    }
    if name == "1m":
        files["users.dat"] = b"3::F::25::20::00501\n7::M::1::10::55105\n12::F::56::0::V3N4P\n"
    return files


def _csv_files() -> dict[str, bytes]:
    """The publisher's CSV files have had line ends of both kinds; these have CR LF."""
    ratings = ["userId,movieId,rating,timestamp", *(",".join(map(str, row)) for row in RATINGS)]
    movies = ["movieId,title,genres", *(f'{number},"{title}",{genres}' for number, title, genres in ITEMS)]
    return {
        "ratings.csv": _lines(ratings).replace("\n", "\r\n").encode(),
        "movies.csv": _lines(movies).replace("\n", "\r\n").encode(),
    }


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
