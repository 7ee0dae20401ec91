"""Files of ratings as streams of bytes: plain or packed, one or a folder of parts."""

from __future__ import annotations

import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from data.errors import MissingFileError, SourceError, UnknownFormatError

_PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".xz": "xz", ".lz4": "lz4"}
_FORMATS = {
    ".csv": "text", ".tsv": "text", ".txt": "text", ".tab": "text", ".dat": "text", ".data": "text", ".inter": "text",
    ".base": "text", ".test": "text", ".item": "text", ".user": "text",
    ".parquet": "parquet", ".pq": "parquet",
    ".feather": "feather", ".arrow": "feather", ".ipc": "feather",
    ".jsonl": "json lines", ".ndjson": "json lines", ".json": "json lines",
}  # fmt: skip
_KNOWN = (
    "CSV, TSV and other text (.csv, .tsv, .txt, .dat), Parquet, Feather, JSON lines (.jsonl); packed .gz, .bz2, .xz, "
    ".zst, .zip"
)


@dataclass(frozen=True)
class StoredFile:
    """One file of a table, perhaps packed, perhaps a member of a zip archive."""

    path: Path
    format: str
    """One of text, parquet, feather, json lines."""
    packing: str | None = None
    """How it is packed: gzip, bz2, zstd, xz, lz4; None if it is not, or lies in a zip archive."""
    member: str | None = None
    """Its name in the zip archive `path`."""

    @property
    def name(self) -> str:
        """For messages."""
        return str(self.path if self.member is None else self.path / self.member)

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Its unpacked bytes, as a file to read from the beginning.

        Raises:
            SourceError: it cannot be read or unpacked; also while the file is being read from.
        """
        try:
            if self.member is not None:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as inside:
                    yield inside
            elif self.packing == "xz":
                with lzma.open(self.path) as unpacked:
                    yield unpacked
            else:
                with pa.input_stream(str(self.path), compression=self.packing) as stream:
                    yield stream
        except (zipfile.BadZipFile, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as cause:
            raise SourceError(f"{self.name} cannot be unpacked: {cause}. Get the file again.") from cause
        except pa.ArrowException:
            raise
        except OSError as cause:
            what = cause.strerror or str(cause)
            raise SourceError(
                f"{self.name} cannot be read: {what}. Get the file again, or give another one."
            ) from cause


def stored_files(path: Path) -> list[StoredFile]:
    """The files of a table: one file, a member of a zip archive (plays.zip/ratings.csv), or the parts in a folder.

    Raises:
        MissingFileError: there is none.
        UnknownFormatError: a format is not known, or it is not clear which file is meant.
    """
    if path.is_dir():
        return _parts(path)
    for parent in path.parents:  # a file in a zip archive
        if parent.suffix == ".zip" and parent.is_file():
            return [_member(parent, path.relative_to(parent).as_posix())]
    if not path.exists():
        raise MissingFileError(f"there is no file {path}. Give the path of a file or a folder of ratings.")
    if zipfile.is_zipfile(path):
        return [_member(path, _main_member(path))]
    return [_file(path)]


def _file(path: Path) -> StoredFile:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = _PACKED.get(suffixes[-1]) if suffixes else None
    return StoredFile(path, _format(suffixes[:-1] if packing else suffixes, path), packing)


def _format(suffixes: list[str], path: Path) -> str:
    """The format by the last suffix; a name without one is text."""
    if not suffixes or suffixes[-1] == ".part":
        return "text"
    if (known := _FORMATS.get(suffixes[-1])) is None:
        raise UnknownFormatError(f"{path} is of no format that is known; those are {_KNOWN}.")
    return known


def _parts(folder: Path) -> list[StoredFile]:
    """All files in a folder and below, by name; what begins with a dot or an underscore says something about others."""
    found = sorted(file for file in folder.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(folder)))
    if not found:
        raise MissingFileError(f"the folder {folder} has no files.")
    parts = [_file(file) for file in found]
    if len({part.format for part in parts}) > 1:
        other = next(part for part in parts if part.format != parts[0].format)
        raise UnknownFormatError(
            f"the folder {folder} holds files of several formats, such as {parts[0].path.name} and {other.path.name}. "
            "Let it hold the parts of one table, or give a file of it."
        )
    return parts


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _member(archive: Path, name: str) -> StoredFile:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.namelist()
    except (zipfile.BadZipFile, OSError) as cause:
        raise SourceError(f"{archive} is no zip archive: {cause}. Get the file again.") from cause
    if name not in members:
        raise MissingFileError(f"{archive} has no member {name}; it has {', '.join(members[:20])}.")
    return StoredFile(
        archive, _format([Path(name).suffix.lower()] if Path(name).suffix else [], Path(name)), None, name
    )


def _main_member(archive: Path) -> str:
    """The only table in an archive, or the one that is called ratings."""
    with zipfile.ZipFile(archive) as opened:
        tables = [
            name for name in opened.namelist()
            if Path(name).suffix.lower() in _FORMATS and not _is_hidden(Path(name)) and "__MACOSX" not in name
        ]  # fmt: skip
    ratings = [name for name in tables if Path(name).stem.lower().startswith(("ratings", "u.data"))] or [
        name for name in tables if Path(name).name == "u.data"
    ]
    for candidates in (tables, ratings):
        if len(candidates) == 1:
            return candidates[0]
    raise UnknownFormatError(
        f"{archive} holds {len(tables)} tables ({', '.join(tables[:8]) or 'none'}). Give one: {archive}/NAME."
    )


def first_bytes(file: StoredFile, n: int) -> bytes:
    """The first n unpacked bytes.

    Raises:
        SourceError: it cannot be read or unpacked.
    """
    with file.open() as stream:
        opened: IO[bytes] = stream
        try:
            return bytes(opened.read(n))
        except pa.ArrowException as cause:
            raise SourceError(f"{file.name} cannot be unpacked: {cause}. Get the file again.") from cause
