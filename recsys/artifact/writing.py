"""Artefacts are written whole or not at all."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from safetensors.numpy import save as save_tensors

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
    manifest, files = _files(manifest, arrays, items)
    moment = manifest.created.replace(":", "").replace("-", "")[:15]
    finished = root / f"{moment}-{manifest.version}-{uuid.uuid4().hex[:4]}"
    with changing(root):
        _write(files, finished)
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
    files = _files(manifest, arrays, items)[1]
    if not directory.exists() and not directory.is_symlink():
        directory.parent.mkdir(parents=True, exist_ok=True)
        _write(files, directory)
        return directory
    if directory.is_symlink() or not directory.is_dir() or not {each.name for each in directory.iterdir()} <= FILES:
        raise ArtifactError(f"{directory} exists, and is no artefact. Remove it, or save under another path.")
    complete, replaced = unfinished(directory.parent), unfinished(directory.parent)
    _write(files, complete)
    directory.rename(replaced)
    try:
        complete.rename(directory)
    except OSError:
        replaced.rename(directory)
        shutil.rmtree(complete, ignore_errors=True)
        raise
    shutil.rmtree(replaced)
    return directory


def _files(manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, sealed, and what the files hold, by their names."""
    TrainedModel(manifest, arrays, items)
    model = save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    table = _checked(items)
    sealed = replace(manifest, format=FORMAT).sealed(sha256(model), sha256(table))
    return sealed, {
        MODEL_FILE: model,
        ITEMS_FILE: table,
        MANIFEST_FILE: sealed.to_json(),
        METRICS_FILE: _metrics(sealed),
        CONFIG_FILE: _configuration(sealed),
    }


def _checked(items: ItemTable) -> bytes:
    """The table as JSON that can be loaded again."""
    try:
        table = items.to_json()
        ItemTable.from_json(table, FORMAT)
    except (TypeError, ValueError) as cause:
        raise ArtifactError(f"the item table cannot be written: {cause}.") from cause
    return table


def _write(files: dict[str, bytes], directory: Path) -> None:
    temporary = unfinished(directory.parent)
    temporary.mkdir()
    try:
        for name, data in files.items():
            write_atomically(temporary / name, data)
        read_manifest(temporary)  # so that nothing gets a name which could not be loaded again
        temporary.rename(directory)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _metrics(manifest: Manifest) -> bytes:
    content = {"model": manifest.recipe, "split": manifest.split, "seed": manifest.seed, **manifest.metrics}
    return (json.dumps(content, indent=2) + "\n").encode()


def _configuration(manifest: Manifest) -> bytes:
    header = "# What the model was trained with: `recsys fit --config config.yaml` trains it again.\n"
    return (header + yaml.safe_dump(manifest.configuration, sort_keys=False, allow_unicode=True)).encode()
