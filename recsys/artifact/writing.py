"""Artefacts are written whole or not at all, and `latest` points at the newest."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_tensors

from recsys.artifact.item_table import ItemTable
from recsys.artifact.manifest import (
    ITEMS_FILE,
    MANIFEST_FILE,
    METRICS_FILE,
    MODEL_FILE,
    Manifest,
    read_manifest,
    sha256,
)
from recsys.artifact.model import Array, Artifact
from recsys.files import write_atomically


def save(root: Path, manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> Path:
    """Write an artefact under `root` and point root/latest at it; returns the new directory.

    The directory is complete before it gets its name, and the link is replaced in one step: at any moment, also after
    `kill -9`, `latest` is either the old artefact or the new one.

    Raises:
        ArtifactError: arrays, table or manifest are not what the kind of model needs; `latest` is unchanged.
    """
    Artifact(manifest, arrays, items)
    model = save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    table = items.to_json()
    manifest = manifest.sealed(sha256(model), sha256(table))
    root.mkdir(parents=True, exist_ok=True)
    for abandoned in root.glob(".writing-*"):
        shutil.rmtree(abandoned, ignore_errors=True) if abandoned.is_dir() else abandoned.unlink(missing_ok=True)
    unfinished = root / f".writing-{uuid.uuid4().hex}"
    unfinished.mkdir()
    write_atomically(unfinished / MODEL_FILE, model)
    write_atomically(unfinished / ITEMS_FILE, table)
    write_atomically(unfinished / MANIFEST_FILE, manifest.to_json())
    write_atomically(unfinished / METRICS_FILE, (json.dumps(_metrics(manifest), indent=2) + "\n").encode())
    read_manifest(unfinished)  # so that nothing gets a name which could not be loaded again
    finished = (
        root / f"{manifest.created.replace(':', '').replace('-', '')[:15]}-{manifest.version}-{uuid.uuid4().hex[:4]}"
    )
    unfinished.rename(finished)
    _point(root / "latest", finished)
    return finished


def _metrics(manifest: Manifest) -> dict[str, Any]:
    return {"model": manifest.recipe, "split": manifest.split, "seed": manifest.seed, **manifest.metrics}


def _point(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to its sibling `target`, replacing what it pointed at in one step."""
    new = link.with_name(f".writing-{uuid.uuid4().hex}")
    new.symlink_to(target.name)
    new.replace(link)
