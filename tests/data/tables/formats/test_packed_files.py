"""Packed files, archives and folders of parts: which file is read, and what is said of damaged ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from typing_extensions import override

from data.errors import ColumnError, DataError, MissingFileError, SourceError, UnknownFormatError
from data.tables import read_ratings
from data.tables.formats.files import StoredFile
from tests.data.tables.rows import Rows, read, rows

PLAIN = b"user,item,rating\n1,10,4\n2,10,3\n"
MORE = b"user,item,rating\n3,10,5\n"
EXPECTED: Rows = [(1, 10, 4.0), (2, 10, 3.0)]
FILMS = b"movieId,title\n10,Heat\n"


class Pipe(io.BytesIO):
    """Takes bytes and never goes back: an archive's members say behind themselves how long they are."""

    @override
    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


def archive(
    members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED, sink: io.BytesIO | None = None
) -> bytes:
    sink = sink or io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return sink.getvalue()


def parquet(columns: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def packed(kind: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, kind) as stream:
        stream.write(PLAIN)
    found: bytes = sink.getvalue().to_pybytes()
    return found


READ: dict[str, tuple[str, bytes]] = {
    "gzip": ("plays.csv.gz", gzip.compress(PLAIN)),
    "gzip in two pieces": ("plays.csv.gz", gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:])),
    "bzip2": ("plays.csv.bz2", bz2.compress(PLAIN)),
    "xz": ("plays.csv.xz", lzma.compress(PLAIN)),
    "zstd": ("plays.csv.zst", packed("zstd")),
    "lz4": ("plays.csv.lz4", packed("lz4")),
    "gzip by another name": ("plays.csv", gzip.compress(PLAIN)),
    "text that is called packed": ("plays.csv.gz", PLAIN),
    "an unusual suffix": ("plays.log", PLAIN),
    "no suffix": ("plays", PLAIN),
    "a zip archive": ("plays.zip", archive({"plays.csv": PLAIN})),
    "a zip archive by another name": ("plays.csv", archive({"plays.csv": PLAIN})),
    "a zip archive with a text beside": ("plays.zip", archive({"licence.md": b"free", "x/plays.csv": PLAIN})),
    "a zip archive of a Mac": ("plays.zip", archive({"plays.csv": PLAIN, "__MACOSX/._plays.csv": b"\0\5"})),
    "ratings among others": (
        "ml.zip",
        archive({"ml/movies.csv": FILMS, "ml/ratings.csv": PLAIN, "ml/tags.csv": FILMS}),
    ),
    "a zip archive without compression": ("plays.zip", archive({"plays.csv": PLAIN}, zipfile.ZIP_STORED)),
    "a zip archive by bzip2": ("plays.zip", archive({"plays.csv": PLAIN}, zipfile.ZIP_BZIP2)),
    "a zip archive behind a program": ("plays.exe", b"MZ" + bytes(500) + archive({"plays.csv": PLAIN})),
    "a zip archive that was written to a pipe": ("plays.zip", archive({"plays.csv": PLAIN}, sink=Pipe())),
    "gzip in a zip archive": ("plays.zip", archive({"plays.csv.gz": gzip.compress(PLAIN)})),
    "Parquet in a zip archive": (
        "plays.zip",
        archive({"plays.parquet": parquet({"user": [1, 2], "item": [10, 10], "rating": [4, 3]})}),
    ),
    "packed Parquet": (
        "plays.parquet.gz",
        gzip.compress(parquet({"user": [1, 2], "item": [10, 10], "rating": [4, 3]})),
    ),
}

TWO = archive({"a.csv": PLAIN, "b.csv": MORE})
DAMAGED = bytearray(archive({"plays.csv": PLAIN * 50}))
DAMAGED[60] ^= 0xFF
OF_ANOTHER = archive({"plays.csv": PLAIN}).replace(
    zlib.crc32(PLAIN).to_bytes(4, "little"), zlib.crc32(MORE).to_bytes(4, "little")
)
REFUSED: dict[str, tuple[str, bytes, type[DataError], tuple[str, ...]]] = {
    "half a gzip file": (
        "plays.csv.gz",
        gzip.compress(PLAIN * 1000, mtime=0)[:-20],
        SourceError,
        ("plays.csv.gz cannot be unpacked", "Get the file again"),
    ),
    "half a zip archive": ("plays.zip", TWO[:-30], SourceError, ("plays.zip cannot be unpacked", "not a zip file")),
    "a damaged zip archive": ("plays.zip", bytes(DAMAGED), SourceError, ("plays.csv cannot be unpacked",)),
    "a zip archive with the checksum of another file": (
        "plays.zip",
        OF_ANOTHER,
        SourceError,
        ("plays.csv cannot be unpacked", "CRC"),
    ),
    "half an xz file": (
        "plays.csv.xz",
        lzma.compress(PLAIN)[:-20],
        SourceError,
        ("cannot be unpacked", "end-of-stream"),
    ),
    "two tables": (
        "plays.zip",
        TWO,
        UnknownFormatError,
        ("holds 2 tables: a.csv, b.csv", "Give one:", "plays.zip/a.csv"),
    ),
    "no table": (
        "plays.xlsx",
        archive({"xl/sheet1.xml": b"<x/>"}),
        UnknownFormatError,
        ("holds no tables, but xl/sheet1.xml", "Save the table as CSV"),
    ),
    "an empty archive": ("plays.zip", archive({}), UnknownFormatError, ("holds no tables, but nothing",)),
    "a picture": (
        "plays.png",
        b"\x89PNG\r\n\x1a\n\0\0",
        UnknownFormatError,
        ("it has null bytes", "Save the table as one of these"),
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_a_packed_file_is_read_whatever_it_is_called(kind: str, tmp_path: Path) -> None:
    name, content = READ[kind]
    assert rows(read(tmp_path, content, name)) == EXPECTED


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_unpacked_or_chosen_is_refused(kind: str, tmp_path: Path) -> None:
    name, content, error, complaints = REFUSED[kind]
    with pytest.raises(error) as raised:
        read(tmp_path, content, name)
    assert name in str(raised.value)
    for complaint in complaints:
        assert complaint in str(raised.value)


def test_a_large_member_of_an_archive_is_unpacked_to_the_byte(tmp_path: Path) -> None:
    content = random.Random(0).randbytes(1_200_000) + PLAIN  # which does not get smaller
    (tmp_path / "plays.zip").write_bytes(archive({"first.csv": PLAIN, "plays.csv": content}))
    with StoredFile(tmp_path / "plays.zip", "plays.csv").open() as stream:
        assert stream.read(10) + stream.read(1_000_000) + stream.read() == content


def test_a_member_of_an_archive_is_given_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "plays.zip").write_bytes(TWO)
    assert rows(read_ratings(tmp_path / "plays.zip" / "a.csv")) == EXPECTED
    with pytest.raises(MissingFileError, match=r"plays\.zip has no member c\.csv; it has a\.csv, b\.csv"):
        read_ratings(str(tmp_path / "plays.zip" / "c.csv"))


def test_a_path_through_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_bytes(PLAIN)
    with pytest.raises(SourceError, match=r"plays.csv cannot be unpacked: .* not a zip file"):
        read_ratings(tmp_path / "plays.csv" / "a.csv")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"there is no file .*plays.csv. Give the path"):
        read_ratings(tmp_path / "plays.csv")


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        file = path / "plays" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path / "plays"


def test_parts_are_read_in_the_order_of_their_names_without_hidden_ones(tmp_path: Path) -> None:
    files = {
        "b.csv": MORE,
        "a/part-1.csv.gz": gzip.compress(PLAIN),
        "_SUCCESS": b"",
        ".b.csv.crc": b"\0",
        "_log/c.csv": b"?",
    }
    assert rows(read_ratings(folder(tmp_path, files))) == [*EXPECTED, (3, 10, 5.0)]


def test_parts_of_parquet_may_count_in_different_widths(tmp_path: Path) -> None:
    small = parquet({"user": pa.array([1, 2], pa.int32()), "item": [10, 10], "rating": pa.array([4, 3], pa.int8())})
    large = parquet({"user": [3], "item": [10], "rating": [4.5]})
    assert rows(read_ratings(folder(tmp_path, {"1": small, "2": large}))) == [*EXPECTED, (3, 10, 4.5)]


def test_one_word_in_one_part_makes_ids_of_all_parts_text(tmp_path: Path) -> None:
    parts = {"1.csv": PLAIN, "2.csv": b"user,item,rating\nx,10,5\n"}
    assert rows(read_ratings(folder(tmp_path, parts))) == [("1", 10, 4.0), ("2", 10, 3.0), ("x", 10, 5.0)]


@pytest.mark.parametrize(
    ("files", "error", "complaint"),
    [
        ({}, MissingFileError, "has no files"),
        ({"1.csv": PLAIN, "2.parquet": parquet({"user": [1]})}, UnknownFormatError, "2.parquet has other columns than"),
        ({"1.csv": PLAIN, "2.csv": FILMS}, UnknownFormatError, "movieId, title; user, item, rating"),
        ({"README.txt": b"Free.\n", "ratings.csv": PLAIN}, UnknownFormatError, "are taken for parts of one table"),
        ({"1.csv": b"movieId,title,year\n1,a,1999\n"}, ColumnError, "no column that is known for user, rating"),
        ({"1.csv": PLAIN, "2.csv": b"user,item,rating\n3,10,x\n"}, DataError, "2.csv, line 2: the rating 'x'"),
        (
            {
                "1": parquet({"user": [1], "item": [1], "rating": [4]}),
                "2": parquet({"user": ["1"], "item": [1], "rating": [3]}),
            },
            DataError,
            "user is a number in",
        ),
    ],
)
def test_a_folder_that_is_not_one_table_is_refused(
    files: dict[str, bytes], error: type[DataError], complaint: str, tmp_path: Path
) -> None:
    path = folder(tmp_path, files)
    path.mkdir(exist_ok=True)
    with pytest.raises(error) as raised:
        read_ratings(path)
    assert complaint in str(raised.value)
