"""Artefacts are read back whole, every byte checked against the manifest's hashes."""

from __future__ import annotations

import logging
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from recsys.artifact.answers.artifact import Artifact
from recsys.artifact.item_table import ItemTable
from recsys.artifact.manifest import ITEMS_FILE, MODEL_FILE, ArtifactError, read_manifest, sha256
from recsys.artifact.mapped import arrays_of_copy, forget_copies
from recsys.artifact.model import Array
from recsys.files import read_regular

logger = logging.getLogger(__name__)


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
    model = _read(directory / MODEL_FILE, manifest.model_sha256)
    table = _read(directory / ITEMS_FILE, manifest.items_sha256)
    try:
        arrays = (
            load_tensors(model) if share is None else _shared(model, share / f"{manifest.model_sha256}.safetensors")
        )
    except (SafetensorError, ValueError, KeyError) as cause:
        raise ArtifactError(
            f"{directory / MODEL_FILE} is not a safetensors file: {cause}. Export the model again."
        ) from cause
    try:
        items = ItemTable.from_json(table, manifest.format)
    except ValueError as cause:
        raise ArtifactError(f"{directory / ITEMS_FILE} is no item table: {cause}. Export the model again.") from cause
    return Artifact(manifest, arrays, items)


def _shared(model: bytes, copy: Path) -> dict[str, Array]:
    """The arrays in a copy that processes share; in this process's own memory where there is no room for one."""
    try:
        arrays = arrays_of_copy(model, copy)
        forget_copies(copy.parent, copy)
    except OSError as cause:
        logger.warning("the model takes this process's own memory, since %s cannot hold a copy: %s", copy.parent, cause)
        return load_tensors(model)
    return arrays


def _read(path: Path, expected: str) -> bytes:
    try:
        data = read_regular(path)
    except OSError as cause:
        raise ArtifactError(f"{path} cannot be read: {cause.strerror}. Export the model again.") from cause
    if (found := sha256(data)) != expected:
        raise ArtifactError(
            f"{path} is not the file the manifest describes: its SHA-256 is {found}, expected {expected}. "
            "Copy or export the artefact again."
        )
    return data
