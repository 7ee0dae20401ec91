"""Artefacts are read back whole, every byte checked against the manifest's hashes."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from recsys.artifact.answers.artifact import Artifact
from recsys.artifact.item_table import ItemTable
from recsys.artifact.manifest import ITEMS_FILE, MODEL_FILE, ArtifactError, Manifest, read_manifest, sha256
from recsys.artifact.mapped import arrays_of_copy, copies_in, forget_copies
from recsys.artifact.model import Array
from recsys.files import open_regular

logger = logging.getLogger(__name__)

_SOURCE = ".source"  # beside a copy, which file it is of
_BLOCK = 1 << 20  # bytes of a file that are copied together


def load(directory: Path | str = "artifacts/latest", *, share: Path | None = None) -> Artifact:
    """Read an artefact back, checking every byte against the manifest's hashes.

    Args:
        directory: where it is.
        share: a folder of the calling processes' own. There they keep one copy of the arrays, which all of them map;
            copies of other artefacts are removed. Without it, or where the folder cannot hold a copy, the arrays are
            this process's alone.

    Raises:
        ArtifactError: a file is missing or damaged, or they do not belong together; the message says which and why.
    """
    # A link such as `latest` may be pointed elsewhere while the files are read; they must all come from one artefact.
    # If that one is removed meanwhile, as old ones are, the link points at a newer one.
    while True:
        target = Path(directory).resolve()
        try:
            return _load(target, share)
        except ArtifactError:
            if Path(directory).resolve() == target:
                raise


def _load(directory: Path, share: Path | None) -> Artifact:
    manifest = read_manifest(directory)
    file = directory / MODEL_FILE
    table = _read(directory / ITEMS_FILE, manifest.items_sha256)
    try:
        items = ItemTable.from_json(table, manifest.format)
    except ValueError as cause:
        raise ArtifactError(f"{directory / ITEMS_FILE} is no item table: {cause}. Export the model again.") from cause
    try:
        arrays = _alone(file, manifest) if share is None else _shared(file, manifest, share)
    except (SafetensorError, ValueError, KeyError) as cause:
        raise ArtifactError(f"{file} is not a safetensors file: {cause}. Export the model again.") from cause
    return Artifact(manifest, arrays, items)


def _alone(file: Path, manifest: Manifest) -> dict[str, Array]:
    """The arrays in this process's own memory."""
    return load_tensors(_read(file, manifest.model_sha256))


def _shared(file: Path, manifest: Manifest, folder: Path) -> dict[str, Array]:
    """The arrays in a copy that processes share; in this process's own memory where there is no room for one.

    The file is never in memory as a whole. Nobody waits until the copy is on the disk: it is of no use once the machine
    has stopped. Who finds a copy of this very file, as it was when it was copied, need not read it again.
    """
    copy = folder / f"{manifest.model_sha256}.safetensors"
    try:
        with _opened(file) as source, copies_in(folder):
            if not (copy.exists() and copy.with_suffix(_SOURCE).read_text() == _state(source)):
                with _target(copy) as target:
                    _compare(file, _copied(source, target), manifest.model_sha256)
                    copy.with_suffix(_SOURCE).write_text(_state(source))
            arrays = arrays_of_copy(copy)
            forget_copies(folder, copy)
    except OSError as cause:
        logger.warning("the model takes this process's own memory, since %s cannot hold a copy: %s", folder, cause)
        return _alone(file, manifest)
    return arrays


def _state(file: BinaryIO) -> str:
    """Differs whenever an open file may be another one, or have been written to."""
    status = os.fstat(file.fileno())
    return repr((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@contextmanager
def _target(copy: Path) -> Iterator[BinaryIO]:
    """A file that gets the name of the copy at the end of the block, unless that raises or the copy is there."""
    if copy.exists():
        with Path(os.devnull).open("wb") as nowhere:
            yield nowhere
        return
    unfinished = copy.with_suffix(".unfinished")
    try:
        with unfinished.open("wb") as target:
            yield target
        unfinished.rename(copy)
    finally:
        unfinished.unlink(missing_ok=True)


def _copied(source: BufferedReader, target: BinaryIO) -> str:
    """Copy a file; returns the SHA-256 of what was copied."""
    found, block = hashlib.sha256(), memoryview(bytearray(_BLOCK))
    while n := source.readinto(block):  # to the same place, since new memory for each block takes longer
        found.update(block[:n])
        target.write(block[:n])
    return found.hexdigest()


def _compare(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise ArtifactError(
            f"{path} is not the file the manifest describes: its SHA-256 is {found}, expected {expected}. "
            "Copy or export the artefact again."
        )


def _opened(path: Path) -> BufferedReader:
    try:
        return open_regular(path)
    except OSError as cause:
        raise ArtifactError(f"{path} cannot be read: {cause.strerror}. Export the model again.") from cause


def _read(path: Path, expected: str) -> bytes:
    try:
        with _opened(path) as file:
            data = file.read()
    except OSError as cause:
        raise ArtifactError(f"{path} cannot be read: {cause.strerror}. Export the model again.") from cause
    _compare(path, sha256(data), expected)
    return data
