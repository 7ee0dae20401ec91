"""Read the files of a data set out of a zip file or a directory, without unpacking anything to disk."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from data.errors import ArchiveError, MissingFileError, UnsafeArchiveError
from data.movielens.catalogue import Archive


@dataclass(frozen=True)
class FoundArchive:
    """An archive, packed or unpacked, that a source has served."""

    archive: Archive
    location: Path
    """The zip file, or the directory that its files were unpacked into."""
    source: str
    """Who served it, for a person to read."""

    def read(self, name: str) -> bytes:
        """Return the content of one of the data set's files.

        Raises:
            MissingFileError: the file is not there.
            ArchiveError: the zip file cannot be unpacked.
            UnsafeArchiveError: a member of the zip file leads out of the directory it would be unpacked in.
        """
        if self.location.is_dir():
            return _read_from_directory(self.location / name)
        return _read_from_zip(self.location, f"{self.archive.folder}/{name}")


def _read_from_directory(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise MissingFileError(f"{file} cannot be read ({error.strerror}). Unpack the whole archive.") from error


def _read_from_zip(file: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            _refuse_unsafe_names(file, names)
            if member not in names:
                raise MissingFileError(f"{file} has no member {member}. Use the archive as it was published.")
            return archive.read(member)
    # The last three stand for encrypted members or unknown compression, for offsets that lead nowhere, and
    # for what the file system says.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise ArchiveError(
            f"{file} cannot be unpacked: {error}. It is truncated or damaged; delete it and fetch it again."
        ) from error


def _refuse_unsafe_names(file: Path, names: list[str]) -> None:
    """Raise if a member would land outside of the target directory.

    Nothing here unpacks to disk, but whoever made such an archive meant harm, and others may unpack it.
    """
    for name in names:
        rooted = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
        if rooted or ".." in PureWindowsPath(name).parts:
            raise UnsafeArchiveError(
                f"{file} has a member {name!r}, which leads out of the directory it would be unpacked in. "
                "Delete this file; it is not the publisher's."
            )
