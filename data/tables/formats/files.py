"""Files of tables as streams of bytes: plain or packed, one, a member of a zip archive, or the parts in a folder."""

from __future__ import annotations

import lzma
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from data.errors import MissingFileError, SourceError, UnknownFormatError
from data.tables.formats.deflated import FAULTS, gunzipped, unzipped

# What packed files begin with. Their names are not asked: browsers unpack some files that they fetch, but not all.
_PACKINGS = (
    ("gzip", re.compile(rb"\x1f\x8b")),
    ("bz2", re.compile(rb"BZh[1-9]1AY&SY")),
    ("xz", re.compile(rb"\xfd7zXZ\0")),
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd")),
    ("lz4", re.compile(rb"\x04\x22\x4d\x18")),
)
_LONGEST = 10  # bytes that tell
PREPARED = "prepared.json"  # is in a folder of arrays that were made of a table, which are no parts of one
_TABLES = (
    ".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".inter", ".base", ".test", ".item", ".user",
    ".parquet", ".pq", ".feather", ".arrow", ".ipc", ".jsonl", ".ndjson", ".json",
)  # fmt: skip
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4")


@dataclass(frozen=True)
class StoredFile:
    """One file, perhaps packed, perhaps a member of a zip archive."""

    path: Path
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
        with ExitStack() as opened:
            try:
                yield self._unpacked(opened)
            except (zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, *FAULTS) as cause:
                raise self._cannot_be("unpacked", str(cause)) from cause
            except RuntimeError as cause:
                if "encrypted" not in str(cause):
                    raise
                raise self._cannot_be("unpacked", "it is encrypted") from cause
            except OSError as cause:
                raise self._cannot_be("read", cause.strerror or str(cause)) from cause

    def first_bytes(self, n: int) -> bytes:
        """The first n unpacked bytes, or all there are.

        Raises:
            SourceError: it cannot be read or unpacked.
        """
        with self.open() as stream:
            return bytes(stream.read(n))

    def _unpacked(self, opened: ExitStack) -> Any:
        packed: Any
        if self.member is None:
            packed = opened.enter_context(self.path.open("rb"))
        else:
            packed = self._unzipped(self.member, opened)
        packing = _packing(packed.peek(_LONGEST))
        if packing == "gzip":
            return opened.enter_context(gunzipped(packed))
        if packing == "xz":
            return opened.enter_context(lzma.open(packed))
        if packing is None and self.member is not None:
            return packed
        stream: IO[bytes] = packed if self.member is not None else opened.enter_context(pa.OSFile(str(self.path)))
        return stream if packing is None else opened.enter_context(pa.CompressedInputStream(stream, packing))

    def _unzipped(self, member: str, opened: ExitStack) -> Any:
        archive = opened.enter_context(zipfile.ZipFile(self.path))
        stream = opened.enter_context(archive.open(member))  # refuses what is encrypted, or not where it should be
        facts = archive.getinfo(member)
        if facts.compress_type != zipfile.ZIP_DEFLATED:
            return stream
        return opened.enter_context(unzipped(opened.enter_context(self.path.open("rb")), facts))

    def _cannot_be(self, what: str, cause: str) -> SourceError:
        return SourceError(f"{self.name} cannot be {what}: {cause}. Get the file again, or give another one.")


def stored_files(path: Path) -> list[StoredFile]:
    """The files of a table: one file, a member of a zip archive (plays.zip/ratings.csv), or the parts in a folder.

    Raises:
        MissingFileError: there is none.
        SourceError: a zip archive cannot be read.
        UnknownFormatError: it is not clear which file of a zip archive is meant.
    """
    if path.is_dir():
        return _parts(path)
    for parent in path.parents:
        if parent.is_file():  # a path through a file leads into an archive
            return [_member(parent, path.relative_to(parent).as_posix())]
    if not path.exists():
        raise MissingFileError(f"there is no file {path}. Give the path of a file, or of a folder of its parts.")
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return [_main_member(path)]
    return [StoredFile(path)]


def stamps(path: Path) -> tuple[tuple[str, int, int], ...]:
    """When the files of a table were changed, and how long they are; for a member of an archive, the archive."""
    there = next(each for each in (path, *path.parents, Path()) if each.exists())
    files = sorted(there.rglob("*")) if path.is_dir() else [there]
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


def _packing(beginning: bytes) -> str | None:
    return next((name for name, mark in _PACKINGS if mark.match(beginning)), None)


def _parts(folder: Path) -> list[StoredFile]:
    """All files in a folder and below, by name; what begins with a dot or an underscore says something about others."""
    found = sorted(file for file in folder.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(folder)))
    if not found:
        raise MissingFileError(f"the folder {folder} has no files. Give a file, or a folder of the parts of a table.")
    if (folder / PREPARED).is_file():
        raise UnknownFormatError(
            f"{folder} holds prepared ratings, and no table. Train from them: --data PreparedDataModule --data.folder "
            f"{folder}."
        )
    return [StoredFile(file) for file in found]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _members(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return [name for name in opened.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError) as cause:
        raise SourceError(f"{archive} cannot be unpacked: {cause}. Get the file again.") from cause


def _member(archive: Path, name: str) -> StoredFile:
    if name not in (members := _members(archive)):
        raise MissingFileError(f"{archive} has no member {name}; it has {', '.join(members[:20])}.")
    return StoredFile(archive, name)


def _main_member(archive: Path) -> StoredFile:
    """The only table in an archive, or the one that is called ratings."""
    members = _members(archive)
    tables = [name for name in members if _is_table(Path(name)) and not _is_hidden(Path(name))]
    ratings = [name for name in tables if Path(name).name.lower().startswith(("ratings.", "u.data"))]
    for candidates in (tables, ratings):
        if len(candidates) == 1:
            return StoredFile(archive, candidates[0])
    if not tables:
        raise UnknownFormatError(
            f"{archive} holds no tables, but {', '.join(members[:8]) or 'nothing'}. Save the table as CSV or Parquet."
        )
    raise UnknownFormatError(
        f"{archive} holds {len(tables)} tables: {', '.join(tables[:8])}. Give one: {archive}/{tables[0]}."
    )


def _is_table(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _TABLES
