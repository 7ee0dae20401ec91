"""What `manifest.json` says of a trained model, and the check that nobody changed it."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recsys.artifact.kinds import KINDS
from recsys.files import read_regular

FORMAT = 6
# Up to format 5 nothing is said of relevance. In format 4 a `BayesianEmbedding` has matrices of all users and items; in
# format 3, too, all ids are whole numbers and items.json has three columns.
READABLE = (3, 4, 5, FORMAT)
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.safetensors"
ITEMS_FILE = "items.json"
METRICS_FILE = "metrics.json"
CONFIG_FILE = "config.yaml"
FILES = {MANIFEST_FILE, MODEL_FILE, ITEMS_FILE, METRICS_FILE, CONFIG_FILE}


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
    rating_step: float | None
    """From one rating that can be given to the next; None where every rating in between can be given."""
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
    configuration: dict[str, Any]
    """The settings that decided what the model is, by section, as `recsys fit` takes them."""
    model_sha256: str = ""
    """Hash of model.safetensors; filled in when the artefact is written, like the two that follow."""
    items_sha256: str = ""
    """Hash of items.json."""
    sha256: str = ""
    """Hash of all the other values of the manifest, as `to_json` writes them."""
    format: int = FORMAT

    @property
    def version(self) -> str:
        """A short name for exactly this artefact: the first 12 digits of the manifest's hash, which covers it all."""
        return self.sha256[:12]

    def sealed(self, model_sha256: str, items_sha256: str) -> Manifest:
        """Return the manifest with the hashes of the files it describes, and its own."""
        unsealed = replace(self, model_sha256=model_sha256, items_sha256=items_sha256, sha256="")
        return replace(unsealed, sha256=sha256(unsealed.to_json()))

    def to_json(self) -> bytes:
        """Write the manifest; equal manifests give equal bytes."""
        values = asdict(self)
        if self.format == 3:
            del values["rating_step"]
        return (json.dumps(values, indent=2) + "\n").encode()


def sha256(data: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(directory: Path | str) -> Manifest:
    """Read and check manifest.json alone.

    Raises:
        ArtifactError: the file is missing, is not JSON, lacks or misnames a value, or was changed by hand.
    """
    path = Path(directory) / MANIFEST_FILE
    try:
        data = read_regular(path)
        content = json.loads(data)
    except OSError as cause:
        raise ArtifactError(
            f"{path} cannot be read: {cause.strerror}. Train a model first (make train), or name another directory."
        ) from cause
    except (ValueError, RecursionError) as cause:
        raise ArtifactError(f"{path} is not JSON: {cause}. Export the model again.") from cause
    manifest = _manifest_from(content, path)
    if manifest.to_json() != data or manifest.sealed(manifest.model_sha256, manifest.items_sha256) != manifest:
        raise ArtifactError(f"{path} is not as it was written: its SHA-256 differs. Copy or export the artefact again.")
    return manifest


_TYPES: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "recipe": str,
    "rating_scale": list,
    "rating_step": (int, float, type(None)),
    "global_mean": (int, float),
    "split": str,
    "seed": int,
    "metrics": dict,
    "data_name": str,
    "data_sha256": str,
    "created": str,
    "configuration": dict,
    "model_sha256": str,
    "items_sha256": str,
    "sha256": str,
    "format": int,
}


def _manifest_from(content: object, path: Path) -> Manifest:
    if not isinstance(content, dict) or content.get("format") not in READABLE:
        found = content.get("format") if isinstance(content, dict) else None
        raise ArtifactError(
            f"{path} is not a manifest of format {', '.join(map(str, READABLE[:-1]))} or {FORMAT}, but "
            f"{f'of format {found}' if found else 'of none'}. "
            "Train and export the model with this version."
        )
    if content["format"] == 3:
        content = _with_step(content)
    if content.keys() != _TYPES.keys():
        wrong = ", ".join(sorted(content.keys() ^ _TYPES.keys()))
        raise ArtifactError(f"{path} has missing or unknown values: {wrong}. Export the model again.")
    for name, kind in _TYPES.items():
        if not isinstance(content[name], kind) or isinstance(content[name], bool):
            raise ArtifactError(f"{path}: {name} has the wrong type, {content[name]!r}. Export the model again.")
    if content["kind"] not in KINDS:
        raise ArtifactError(f"{path}: {content['kind']!r} is no kind of model known here ({', '.join(KINDS)}).")
    scale = _checked_scale(content, path)
    for name, value in {"global_mean": content["global_mean"], **content["metrics"]}.items():
        if not _is_finite(value):
            raise ArtifactError(f"{path}: {name} is {value!r}, which is no finite number. Export the model again.")
    return Manifest(**{**content, "rating_scale": scale})


def _checked_scale(content: dict[str, Any], path: Path) -> tuple[float, float]:
    """Return the least and the greatest rating, if they and the step between ratings make sense."""
    scale, step = content["rating_scale"], content["rating_step"]
    if len(scale) != 2 or not all(map(_is_finite, scale)) or not scale[0] < scale[1]:
        raise ArtifactError(f"{path}: rating_scale must be the least and the greatest rating, not {scale!r}.")
    if step is not None and not (_is_finite(step) and 0 < step <= scale[1] - scale[0]):
        raise ArtifactError(f"{path}: rating_step must lead from one rating of the scale to the next, not {step!r}.")
    return scale[0], scale[1]


def _with_step(content: dict[str, Any]) -> dict[str, Any]:
    """Add the step to what format 3 says, which knows the scales of MovieLens alone: they begin one step above 0."""
    scale = content.get("rating_scale")
    return content | {"rating_step": scale[0] if scale in ([0.5, 5], [1, 5]) else None}


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= 1e300 and math.isfinite(value)
