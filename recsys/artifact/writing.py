"""Artefacts are written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from typing_extensions import Buffer

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
from recsys.artifact.mapped import TYPES
from recsys.artifact.model import Array, TrainedModel
from recsys.files import write_atomically, written_atomically

_NAMES_OF_TYPES = {np.dtype(kind): name for name, kind in TYPES.items()}


class InBlocks(NamedTuple):
    """An array that is never there as a whole, by its shape and its blocks of rows."""

    shape: tuple[int, ...]
    blocks: Iterable[Array]


def save(
    root: Path,
    manifest: Manifest,
    arrays: dict[str, Array],
    items: ItemTable,
    *,
    publish: bool = True,
    keep: int | None = None,
    of_all: Mapping[str, InBlocks] | None = None,
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
        of_all: what is written in place of some of the arrays, where these are of some of the users alone. Blocks are
            asked for in the order of `in_file_order`.

    Raises:
        ArtifactError: arrays, table or manifest are not what the kind of model needs; `latest` is unchanged.
        OSError: the folder cannot be written to, or is full; `latest` is unchanged, and nothing is left over.
    """
    table = checked(manifest, arrays, items)
    with changing(root), _written(root, manifest, arrays, table, of_all or {}) as (directory, sealed):
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
    table = checked(manifest, arrays, items)
    is_new = not directory.exists() and not directory.is_symlink()
    if not is_new and (
        directory.is_symlink() or not directory.is_dir() or not {each.name for each in directory.iterdir()} <= FILES
    ):
        raise ArtifactError(f"{directory} exists, and is no artefact. Remove it, or save under another path.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _written(directory.parent, manifest, arrays, table, {}) as (complete, _):
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


def checked(manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> bytes:
    """The table as JSON that can be loaded again; what else an artefact is made of is checked as well.

    Raises:
        ArtifactError: arrays, table or manifest are not what the kind of model needs.
    """
    TrainedModel(manifest, arrays, items)
    try:
        table = items.to_json()
        ItemTable.from_json(table, FORMAT)
    except (TypeError, ValueError) as cause:
        raise ArtifactError(f"the item table cannot be written: {cause}.") from cause
    return table


def in_file_order(arrays: Mapping[str, Array]) -> list[str]:
    """The names of arrays as they follow one another in a file: the largest numbers first, so that all are aligned."""
    return sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))


@contextmanager
def _written(
    root: Path, manifest: Manifest, arrays: dict[str, Array], table: bytes, of_all: Mapping[str, InBlocks]
) -> Iterator[tuple[Path, Manifest]]:
    """A directory under `root` with all files, which is to be renamed, and the manifest, sealed; else it is removed."""
    temporary = unfinished(root)
    temporary.mkdir()
    try:
        sealed = replace(manifest, format=FORMAT).sealed(_write_model(temporary, arrays, of_all), sha256(table))
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


def _write_model(directory: Path, arrays: dict[str, Array], of_all: Mapping[str, InBlocks]) -> str:
    """Write the arrays as safetensors block by block, with no copy of any; returns the hash of the file.

    Eight bytes say how long the header is, JSON with the type, the shape and the place of each array; these follow.
    """
    written = {name: of_all.get(name) or InBlocks(arrays[name].shape, [arrays[name]]) for name in in_file_order(arrays)}
    header, end = {}, 0
    for name, (shape, _) in written.items():
        begin, end = end, end + arrays[name].itemsize * math.prod(shape)
        header[name] = {"dtype": _NAMES_OF_TYPES[arrays[name].dtype], "shape": shape, "data_offsets": [begin, end]}
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % 8)
    digest = hashlib.sha256()
    with written_atomically(directory / MODEL_FILE) as file:
        blocks = (block for array in written.values() for block in array.blocks)
        of_arrays = (np.ascontiguousarray(block).reshape(-1).view(np.uint8).data for block in blocks)
        pieces: Iterable[Buffer] = chain((len(described).to_bytes(8, "little"), described), of_arrays)
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _metrics(manifest: Manifest) -> bytes:
    content = {"model": manifest.recipe, "split": manifest.split, "seed": manifest.seed, **manifest.metrics}
    return (json.dumps(content, indent=2) + "\n").encode()


def _configuration(manifest: Manifest) -> bytes:
    header = "# What the model was trained with: `recsys fit --config config.yaml` trains it again.\n"
    return (header + yaml.safe_dump(manifest.configuration, sort_keys=False, allow_unicode=True)).encode()
