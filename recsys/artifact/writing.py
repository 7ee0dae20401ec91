"""Artefacts are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from safetensors import SafetensorError
from safetensors.numpy import save_file as save_tensors

from recsys.artifact.folder import changing, forget_old, point_latest_at, unfinished
from recsys.artifact.item_table import ItemTable
from recsys.artifact.manifest import (
    CONFIG_FILE,
    FILES,
    FORMAT,
    ITEMS_FILE,
    MANIFEST_FILE,
    METRICS_FILE,
    MODEL_FILE,
    ArtifactError,
    Manifest,
    read_manifest,
    sha256,
)
from recsys.artifact.model import Array, TrainedModel
from recsys.files import write_atomically


def save(
    root: Path,
    manifest: Manifest,
    arrays: dict[str, Array],
    items: ItemTable,
    *,
    publish: bool = True,
    keep: int | None = None,
) -> Path:
    """Write an artefact under `root`; returns the new directory.

    The directory is complete before it gets its name, and links are replaced in one step: at any moment, also after
    `kill -9`, `latest` is either the old artefact or the new one. Several processes may save at once; they take turns.

    Args:
        root: the folder of artefacts, made if need be.
        manifest: what the artefact is; hashes are filled in.
        arrays: the arrays that the kind of model needs, and those that all need.
        items: what is known of the model's items.
        publish: let root/latest point at the new artefact.
        keep: how many artefacts stay in the folder; older ones are removed, but never the one that `latest` points at.
            All stay if not given.

    Raises:
        ArtifactError: arrays, table or manifest are not what the kind of model needs; `latest` is unchanged.
        OSError: the folder cannot be written to, or is full; `latest` is unchanged, and nothing is left over.
    """
    table = _checked(manifest, arrays, items)
    with changing(root), _written(root, manifest, arrays, table) as (directory, sealed):
        moment = sealed.created.replace(":", "").replace("-", "")[:15]
        finished = root / f"{moment}-{sealed.version}-{uuid.uuid4().hex[:4]}"
        directory.rename(finished)
        if publish:
            point_latest_at(finished)
        if keep is not None:
            forget_old(root, keep, finished)
    return finished


def save_as(directory: Path, manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> Path:
    """Write an artefact into a directory that is not there yet, is empty or holds an artefact; returns it.

    The directory is complete before it gets its name. Nothing beside it is touched: it may stand anywhere.

    Raises:
        ArtifactError: there is something else at the path; or arrays, table or manifest are not what the kind of model
            needs.
        OSError: the folder around it cannot be written to, or is full; what stood there is unchanged.
    """
    table = _checked(manifest, arrays, items)
    is_new = not directory.exists() and not directory.is_symlink()
    if not is_new and (
        directory.is_symlink() or not directory.is_dir() or not {each.name for each in directory.iterdir()} <= FILES
    ):
        raise ArtifactError(f"{directory} exists, and is no artefact. Remove it, or save under another path.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _written(directory.parent, manifest, arrays, table) as (complete, _):
        if is_new:
            complete.rename(directory)
            return directory
        replaced = unfinished(directory.parent)
        directory.rename(replaced)
        try:
            complete.rename(directory)
        except OSError:
            replaced.rename(directory)
            raise
    shutil.rmtree(replaced)
    return directory


def _checked(manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> bytes:
    """The table as JSON that can be loaded again; what else an artefact is made of is checked as well."""
    TrainedModel(manifest, arrays, items)
    try:
        table = items.to_json()
        ItemTable.from_json(table, FORMAT)
    except (TypeError, ValueError) as cause:
        raise ArtifactError(f"the item table cannot be written: {cause}.") from cause
    return table


@contextmanager
def _written(root: Path, manifest: Manifest, arrays: dict[str, Array], table: bytes) -> Iterator[tuple[Path, Manifest]]:
    """A directory under `root` with all files, which is to be renamed, and the manifest, sealed; else it is removed."""
    temporary = unfinished(root)
    temporary.mkdir()
    try:
        sealed = replace(manifest, format=FORMAT).sealed(_write_model(temporary, arrays), sha256(table))
        for name, data in {
            ITEMS_FILE: table,
            MANIFEST_FILE: sealed.to_json(),
            METRICS_FILE: _metrics(sealed),
            CONFIG_FILE: _configuration(sealed),
        }.items():
            write_atomically(temporary / name, data)
        read_manifest(temporary)  # so that nothing gets a name which could not be loaded again
        yield temporary, sealed
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_model(directory: Path, arrays: dict[str, Array]) -> str:
    """Write the arrays as they lie in memory, without a copy of all of them; returns the hash of the file."""
    file = directory / MODEL_FILE
    try:
        save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)
    except SafetensorError as cause:  # which has the number of a system's error in its words alone
        found = re.search(r"os error (\d+)", str(cause))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number), str(file)) from cause
    with file.open("rb") as written:
        os.fsync(written.fileno())
        return hashlib.file_digest(written, "sha256").hexdigest()


def _metrics(manifest: Manifest) -> bytes:
    content = {"model": manifest.recipe, "split": manifest.split, "seed": manifest.seed, **manifest.metrics}
    return (json.dumps(content, indent=2) + "\n").encode()


def _configuration(manifest: Manifest) -> bytes:
    header = "# What the model was trained with: `recsys fit --config config.yaml` trains it again.\n"
    return (header + yaml.safe_dump(manifest.configuration, sort_keys=False, allow_unicode=True)).encode()
