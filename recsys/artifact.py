"""A trained model outside Lightning: arrays and a manifest that load without torch and predict with numpy alone.

An artefact is a directory of two files. `model.safetensors` holds the model's arrays, the original user and item ids,
and the means that answer for unknown ones; `manifest.json` says what they are and carries the hash of the other file.
Loading runs no code from either.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from recsys.files import write_atomically

FORMAT = 1
MODEL_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"
METRICS_FILE = "metrics.json"

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
ArrayOrTensor = TypeVar("ArrayOrTensor", bound=Any)

# Who answered a prediction, best first. A pair of which one side is unknown still has the other side's mean.
SOURCES = ("model", "user_mean", "item_mean", "global_mean")
_OF_MODEL, _OF_USER, _OF_ITEM, _OF_ALL = range(len(SOURCES))

_ARRAYS_OF_KIND = {  # name of the array: its dimensions
    "LinearNetwork": {"matrix": ("users", "items")},
    "UserItemEmbedding": {
        "user_factors": ("users", "dimension"),
        "item_factors": ("items", "dimension"),
        "user_bias": ("users", "one"),
        "item_bias": ("items", "one"),
    },
}
_ARRAYS_OF_ALL = {
    "user_ids": ("users",),
    "item_ids": ("items",),
    "user_means": ("users",),
    "item_means": ("items",),
}


class ArtifactError(Exception):
    """The artefact cannot be used: a file is missing, damaged, or not what the manifest says."""


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says of a model; every value is plain JSON."""

    kind: str
    """The model's class, such as LinearNetwork; it decides which arrays there are and how they predict."""
    recipe: str
    """The name of the configuration it was trained with."""
    rating_scale: tuple[float, float]
    """Least and greatest rating; predictions are clipped to it."""
    global_mean: float
    """Mean of the training ratings: the answer for an unknown user and an unknown item."""
    split: str
    seed: int
    metrics: dict[str, float]
    data_name: str
    data_sha256: str
    """Hash of the ratings file that the model was trained on."""
    created: str
    """When, in ISO 8601, UTC."""
    model_sha256: str = ""
    """Hash of model.safetensors; filled in when the artefact is written."""
    format: int = FORMAT

    @property
    def version(self) -> str:
        """A short name for exactly these weights: the first 12 digits of their hash."""
        return self.model_sha256[:12]


class Predictions(NamedTuple):
    """Predicted ratings (n,), clipped to the scale, and who answered each: indices (n,) into `SOURCES`."""

    ratings: Floats
    sources: npt.NDArray[np.int8]


class Artifact:
    """A trained model in memory. Predictions equal those of the Lightning model to the last bit."""

    def __init__(self, manifest: Manifest, arrays: dict[str, Array]) -> None:
        """Check that the arrays are what the kind of model needs.

        Raises:
            ArtifactError: an array is missing, has the wrong type or shape, or the ids are not strictly ascending.
        """
        self.manifest = manifest
        self.arrays = arrays
        _check_arrays(manifest, arrays)

    def predict(self, user_ids: npt.ArrayLike, item_ids: npt.ArrayLike) -> Predictions:
        """Predict ratings for pairs of original ids (n,) and (n,); unknown ids get the best mean there is.

        Raises:
            TypeError: the ids are not whole numbers of at most 64 bits.
            ValueError: there are not as many users as items.
        """
        users, user_known = _positions(self.arrays["user_ids"], user_ids)
        items, item_known = _positions(self.arrays["item_ids"], item_ids)
        if users.shape != items.shape:
            raise ValueError(f"pairs are needed, not {users.size} user ids and {items.size} item ids")
        mean = np.float32(self.manifest.global_mean)
        ratings = self._model_predictions(users, items)
        ratings = np.where(user_known & ~item_known, mean + self.arrays["user_means"][users], ratings)
        ratings = np.where(item_known & ~user_known, mean + self.arrays["item_means"][items], ratings)
        ratings = np.where(user_known | item_known, ratings, mean)
        sources = np.where(
            user_known, np.where(item_known, _OF_MODEL, _OF_USER), np.where(item_known, _OF_ITEM, _OF_ALL)
        )
        return Predictions(ratings.clip(*self.manifest.rating_scale).astype(np.float32), sources.astype(np.int8))

    def _model_predictions(self, users: Ids, items: Ids) -> Floats:
        arrays = self.arrays
        if self.manifest.kind == "LinearNetwork":
            entries: Floats = arrays["matrix"][users, items]
            return entries
        bias = arrays["user_bias"][users, 0] + arrays["item_bias"][items, 0]
        ratings: Floats = bias + pairwise_sum(arrays["user_factors"][users] * arrays["item_factors"][items])
        return ratings


def pairwise_sum(terms: ArrayOrTensor) -> ArrayOrTensor:
    """Sum (n, k) over k as a balanced tree of elementwise additions, for numpy arrays and torch tensors.

    The order of additions is fixed here, and each is rounded the same way everywhere, so that training and serving
    agree to the last bit; the libraries' own sums and dot products do not.
    """
    while (size := terms.shape[-1]) > 1:
        half = size // 2
        folded = terms[..., :half] + terms[..., half : 2 * half]
        if size % 2:
            folded[..., 0] += terms[..., -1]
        terms = folded
    total: ArrayOrTensor = terms[..., 0]
    return total


def save(root: Path, manifest: Manifest, arrays: dict[str, Array]) -> Path:
    """Write an artefact under `root` and point root/latest at it; returns the new directory.

    The directory is complete before it gets its name, and the link is replaced in one step: at any moment, also after
    `kill -9`, `latest` is either the old artefact or the new one.
    """
    data = save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    manifest = Manifest(**{**asdict(manifest), "model_sha256": hashlib.sha256(data).hexdigest()})
    Artifact(manifest, arrays)
    root.mkdir(parents=True, exist_ok=True)
    for abandoned in root.glob(".writing-*"):
        shutil.rmtree(abandoned, ignore_errors=True) if abandoned.is_dir() else abandoned.unlink(missing_ok=True)
    unfinished = root / f".writing-{uuid.uuid4().hex}"
    unfinished.mkdir()
    write_atomically(unfinished / MODEL_FILE, data)
    write_atomically(unfinished / MANIFEST_FILE, _json(asdict(manifest)))
    write_atomically(unfinished / METRICS_FILE, _json(_metrics(manifest)))
    finished = (
        root / f"{manifest.created.replace(':', '').replace('-', '')[:15]}-{manifest.version}-{uuid.uuid4().hex[:4]}"
    )
    unfinished.rename(finished)
    _point(root / "latest", finished)
    return finished


def load(directory: Path | str = "artifacts/latest") -> Artifact:
    """Read an artefact back, checking every byte of the weights against the manifest's hash.

    Raises:
        ArtifactError: a file is missing or damaged, or they do not belong together; the message says which and why.
    """
    manifest = read_manifest(directory)
    path = Path(directory) / MODEL_FILE
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise ArtifactError(f"{path} cannot be read: {cause.strerror}. Export the model again.") from cause
    found = hashlib.sha256(data).hexdigest()
    if found != manifest.model_sha256:
        raise ArtifactError(
            f"{path} is not the file the manifest describes: its SHA-256 is {found}, expected {manifest.model_sha256}. "
            "Copy or export the artefact again."
        )
    try:
        arrays = load_tensors(data)
    except (SafetensorError, ValueError, KeyError) as cause:
        raise ArtifactError(f"{path} is not a safetensors file: {cause}. Export the model again.") from cause
    return Artifact(manifest, arrays)


def read_manifest(directory: Path | str) -> Manifest:
    """Read and check manifest.json alone.

    Raises:
        ArtifactError: the file is missing, is not JSON, or lacks or misnames a value.
    """
    path = Path(directory) / MANIFEST_FILE
    try:
        content = json.loads(path.read_bytes())
    except OSError as cause:
        raise ArtifactError(
            f"{path} cannot be read: {cause.strerror}. Train a model first (make train), or name another directory."
        ) from cause
    except ValueError as cause:
        raise ArtifactError(f"{path} is not JSON: {cause}. Export the model again.") from cause
    return _manifest_from(content, path)


_MANIFEST_TYPES: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "recipe": str,
    "rating_scale": list,
    "global_mean": (int, float),
    "split": str,
    "seed": int,
    "metrics": dict,
    "data_name": str,
    "data_sha256": str,
    "created": str,
    "model_sha256": str,
    "format": int,
}


def _manifest_from(content: object, path: Path) -> Manifest:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ArtifactError(f"{path} is not a manifest of format {FORMAT}. Export the model with this version.")
    if content.keys() != _MANIFEST_TYPES.keys():
        wrong = ", ".join(sorted(content.keys() ^ _MANIFEST_TYPES.keys()))
        raise ArtifactError(f"{path} has missing or unknown values: {wrong}. Export the model again.")
    for name, kind in _MANIFEST_TYPES.items():
        if not isinstance(content[name], kind) or isinstance(content[name], bool):
            raise ArtifactError(f"{path}: {name} has the wrong type, {content[name]!r}. Export the model again.")
    if content["kind"] not in _ARRAYS_OF_KIND:
        known = ", ".join(_ARRAYS_OF_KIND)
        raise ArtifactError(f"{path}: {content['kind']!r} is no kind of model known here ({known}).")
    scale = content["rating_scale"]
    if len(scale) != 2 or not all(isinstance(end, int | float) for end in scale) or not scale[0] < scale[1]:
        raise ArtifactError(f"{path}: rating_scale must be the least and the greatest rating, not {scale!r}.")
    if not math.isfinite(content["global_mean"]):
        raise ArtifactError(f"{path}: global_mean is {content['global_mean']}. Export the model again.")
    return Manifest(**{**content, "rating_scale": (float(scale[0]), float(scale[1]))})


def _check_arrays(manifest: Manifest, arrays: dict[str, Array]) -> None:
    expected = {**_ARRAYS_OF_ALL, **_ARRAYS_OF_KIND[manifest.kind]}
    if arrays.keys() != expected.keys():
        wrong = ", ".join(sorted(arrays.keys() ^ expected.keys()))
        raise ArtifactError(f"a {manifest.kind} artefact has missing or unknown arrays: {wrong}.")
    sizes = {"one": 1}
    for name, dimensions in expected.items():
        array = arrays[name]
        kind = np.int64 if name.endswith("_ids") else np.float32
        if array.dtype != kind or array.ndim != len(dimensions):
            raise ArtifactError(f"array {name} is {array.dtype}{array.shape}; expected {np.dtype(kind)} {dimensions}.")
        for dimension, size in zip(dimensions, array.shape, strict=True):
            if sizes.setdefault(dimension, size) != size:
                raise ArtifactError(f"array {name} has {size} {dimension}; other arrays have {sizes[dimension]}.")
        if array.size == 0:
            raise ArtifactError(f"array {name} is empty.")
        if kind is np.float32 and not np.isfinite(array).all():
            raise ArtifactError(f"array {name} has entries that are infinite or not numbers.")
        if kind is np.int64 and (np.diff(array) <= 0).any():
            raise ArtifactError(f"array {name} is not strictly ascending.")


def _positions(known_ids: Ids, asked: npt.ArrayLike) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Where each id stands in the ascending known ids, and whether it does; 0 where it does not."""
    ids = np.asarray(asked)
    if ids.size and ids.dtype.kind not in "iu":
        raise TypeError(f"ids are whole numbers of at most 64 bits, not {ids.dtype}")
    places = np.searchsorted(known_ids, ids).clip(max=known_ids.size - 1)
    known = known_ids[places] == ids
    return np.where(known, places, 0), known


def _metrics(manifest: Manifest) -> dict[str, Any]:
    return {"model": manifest.recipe, "split": manifest.split, "seed": manifest.seed, **manifest.metrics}


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def _point(link: Path, target: Path) -> None:
    """Make `link` a symbolic link to its sibling `target`, replacing what it pointed at in one step."""
    new = link.with_name(f".writing-{uuid.uuid4().hex}")
    new.symlink_to(target.name)
    new.replace(link)
