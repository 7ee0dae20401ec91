"""A folder of artefacts: who may change it, which of them is the latest, and which are old enough to go."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from recsys.artifact.manifest import FILES, MANIFEST_FILE

LATEST = "latest"
_LOCK = ".lock"
_UNFINISHED = ".writing-"
_NAME = re.compile(r"(?P<created>\d{8}T\d{6})-(?P<version>[0-9a-f]{12})-[0-9a-f]{4}")


@contextmanager
def changing(root: Path) -> Iterator[None]:
    """Have a folder of artefacts to oneself, made if need be, without what a killed process left in it.

    Everybody who writes holds the lock, and the system frees it when a process ends, however it ends. So whatever is
    unfinished when the lock is taken was abandoned.
    """
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / _LOCK):
        for abandoned in root.glob(f"{_UNFINISHED}*"):
            _remove(abandoned)
        yield


def unfinished(root: Path) -> Path:
    """A new path under `root` for what is not finished yet."""
    return root / f"{_UNFINISHED}{uuid.uuid4().hex}"


def is_unfinished(directory: Path) -> bool:
    """Whether whoever wrote a directory was stopped."""
    return directory.name.startswith(_UNFINISHED)


def point_latest_at(directory: Path) -> None:
    """Replace the link `latest` beside an artefact in one step; the caller is `changing` the folder."""
    link = unfinished(directory.parent)
    link.symlink_to(directory.name)
    link.replace(directory.with_name(LATEST))


def forget_old(root: Path, keep: int, newest: Path) -> None:
    """Remove all but the `keep` newest artefacts, of which one is known; the caller is `changing` the folder.

    The artefact that `latest` points at stays, however old it is, and so does whatever `save` did not write.
    """
    latest = (root / LATEST).resolve()
    others = sorted((path for path in root.iterdir() if path != newest and _is_artifact(path)), key=_age)
    for old in others[: max(0, len(others) + 1 - keep)]:
        if old.resolve() != latest:
            removed = unfinished(root)
            old.rename(removed)  # in one step: who looks finds the whole artefact or none
            _remove(removed)


def _age(artifact: Path) -> tuple[str, int]:
    """Sorts by when a model was made, and within a second by when its files were written."""
    return artifact.name.partition("-")[0], artifact.stat().st_mtime_ns


def _is_artifact(path: Path) -> bool:
    """Whether `save` wrote it, in this format or an older one, and nobody has added to it."""
    name = _NAME.fullmatch(path.name)
    if name is None or path.is_symlink() or not path.is_dir() or not {file.name for file in path.iterdir()} <= FILES:
        return False
    try:
        manifest = json.loads((path / MANIFEST_FILE).read_bytes())
        return bool(manifest["sha256"].startswith(name["version"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _remove(path: Path) -> None:
    """Remove a file, a link or a folder; what cannot be removed now is left for the next who changes the folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
