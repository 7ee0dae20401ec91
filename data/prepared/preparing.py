"""Prepare ratings in a folder: once, whole or not at all, whatever stops the process."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

from data.errors import OptionError, PreparedFolderError
from data.movielens import load
from data.movielens.catalogue import CATALOGUE
from data.prepared.form import MANIFEST, Manifest, Prepared, is_prepared
from data.prepared.sorting import require_duckdb
from data.prepared.writing import TableOptions, Written, write_ratings, write_rows
from data.tables.duplicates import Choice
from data.tables.formats.files import stamps

logger = logging.getLogger("data")

_PACKAGES = ("recsys", "numpy", "pyarrow", "duckdb")


def prepare(
    source: str | Path,
    folder: Path,
    *,
    test: Path | None = None,
    columns: Mapping[str, str] | None = None,
    scale: str | Sequence[float] | None = None,
    duplicates: Choice = "refuse",
    items: Path | None = None,
    users: Path | None = None,
    replace: bool = False,
) -> bool:
    """Prepare ratings, unless they are there already. Stopped at any moment and called again, it starts anew.

    Args:
        source: a file of ratings, a folder of its parts, or a data set of MovieLens, such as "100k".
        folder: where to; until all is done, it is as it was.
        test: ratings to test on, a file or a folder of its parts.
        columns: as in `data.tables.read_ratings`, like all that follows.
        scale: least and greatest rating and perhaps the step.
        duplicates: what to do if a pair is rated twice.
        items: a table of items.
        users: a table of users.
        replace: whether prepared ratings of another source, or with other options, may be replaced.

    Returns:
        Whether there was something to do.

    Raises:
        DataError: as `read_ratings`; also if the folder holds something else, or another process prepares it.
    """
    require_duckdb()
    if duplicates not in get_args(Choice):
        raise OptionError(f"duplicates are {', '.join(get_args(Choice))}, not {duplicates!r}")
    options = TableOptions(columns or {}, test, scale, duplicates, items, users)
    made_from = _made_from(source, options)
    folder = folder.absolute()
    if _is_done(folder, made_from, replace=replace):
        return False
    with _unfinished(folder) as unfinished:
        scratch = unfinished / "scratch"
        scratch.mkdir()
        if _is_movielens(source):
            ratings = load(str(source))
            name, origin = ratings.name, ratings.source
            found = write_ratings(ratings, unfinished, scratch)
        else:
            name, origin = Path(source).name, str(source)
            found = write_rows(Path(source), unfinished, scratch, options)
        shutil.rmtree(scratch)
        _manifest(name, origin, found, made_from).write(unfinished)
        _put(unfinished, folder)
    return True


def _is_movielens(source: str | Path) -> bool:
    """Whether a source is a data set; a file goes before one of the same name."""
    return str(source) in {each.name for each in CATALOGUE} and not Path(source).exists()


def _made_from(source: str | Path, options: TableOptions) -> dict[str, Any]:
    """What tells whether another call would do the same."""
    given: dict[str, Any] = {"source": str(source), "options": asdict(options)}
    if not _is_movielens(source):
        given["source"] = str(Path(source).absolute())
        tables = (Path(source), options.test, options.items, options.users)
        given["files"] = [stamps(table) for table in tables if table is not None]
    elif needless := [name for name, value in asdict(options).items() if value and (name, value) != _REFUSE]:
        raise OptionError(f"MovieLens has its own {', '.join(needless)}: leave them out")
    as_json: dict[str, Any] = json.loads(json.dumps(given, default=str))
    return as_json


_REFUSE = ("duplicates", "refuse")


def _manifest(name: str, source: str, found: Written, made_from: Mapping[str, Any]) -> Manifest:
    return Manifest(
        name=name,
        source=source,
        n_ratings=found.n_ratings,
        n_train=found.n_train,
        n_users=found.ids["user"].size,
        n_items=found.ids["item"].size,
        left_out=found.left_out,
        scale=(found.scale.minimum, found.scale.maximum, found.scale.step),
        has_times=found.has_times,
        sha256=found.sha256,
        made_from=made_from,
        versions={"python": platform.python_version()} | {package: version(package) for package in _PACKAGES},
    )


def _is_done(folder: Path, made_from: Mapping[str, Any], *, replace: bool) -> bool:
    """Whether a folder holds what would be prepared.

    Raises:
        PreparedFolderError: it holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not is_prepared(folder):
        raise PreparedFolderError(
            f"{folder} is there, and holds no prepared ratings. Name another folder, or remove it."
        )
    try:
        there = Prepared(folder)
        is_same = there.manifest.made_from == made_from
    except PreparedFolderError:  # of another format
        is_same = False
    if is_same:
        return _is_whole(there)
    if replace:
        return False
    raise PreparedFolderError(
        f"{folder} holds ratings that were prepared from another source, or from another state of it, or with other "
        f"options: its {MANIFEST} says from what. Name another folder, or say --replace."
    )


def _is_whole(there: Prepared) -> bool:
    try:
        _ = there.ratings, there.by_user, there.by_item
    except PreparedFolderError as problem:
        logger.info("%s Doing so.", problem)
        return False
    return True


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """An empty folder beside this one, for one process at a time; at the end it is no longer there.

    Raises:
        PreparedFolderError: another process has it.
    """
    path = folder.with_name(f".{folder.name}.unfinished")
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # which ends with the process, whatever ends that
        except BlockingIOError as cause:
            raise PreparedFolderError(f"another process prepares {folder}. Wait for it, or name another.") from cause
        try:
            _empty(path)
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)


def _empty(path: Path) -> None:
    for each in path.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _put(unfinished: Path, folder: Path) -> None:
    """Let a whole folder have its name; what was there before is removed."""
    replaced = folder.with_name(f".{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    _sync(unfinished)
    if folder.exists():
        folder.rename(replaced)
    unfinished.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Wait until what a folder lists is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
