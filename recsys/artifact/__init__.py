"""A trained model outside Lightning: arrays and a manifest that load without torch and predict with numpy alone.

An artefact is a directory. `model.safetensors` holds the model's arrays, the original user and item ids, the means
that answer for unknown ones, and the training ratings; `items.json` holds what is known of the items, by column, such
as titles, years and genres; `manifest.json`
says what they are, and carries their hashes and its own. Loading runs no code from any of them. `metrics.json` and
`config.yaml` repeat the manifest's metrics and configuration for people and scripts, and are never read back.
"""

from data.ids import Id, Ids, Positions, StringIds, find, positions
from recsys.artifact.folder import publish
from recsys.artifact.id_arrays import id_arrays
from recsys.artifact.item_table import ItemTable, Value
from recsys.artifact.manifest import (
    CONFIG_FILE,
    ITEMS_FILE,
    MANIFEST_FILE,
    METRICS_FILE,
    MODEL_FILE,
    ArtifactError,
    Manifest,
    read_manifest,
)
from recsys.artifact.model import SOURCES, Array, Artifact, Floats, Predictions
from recsys.artifact.reading import load
from recsys.artifact.times import Times
from recsys.artifact.uncertainty import Uncertainty
from recsys.artifact.writing import save

__all__ = [
    "CONFIG_FILE",
    "ITEMS_FILE",
    "MANIFEST_FILE",
    "METRICS_FILE",
    "MODEL_FILE",
    "SOURCES",
    "Array",
    "Artifact",
    "ArtifactError",
    "Floats",
    "Id",
    "Ids",
    "ItemTable",
    "Manifest",
    "Positions",
    "Predictions",
    "StringIds",
    "Times",
    "Uncertainty",
    "Value",
    "find",
    "id_arrays",
    "load",
    "positions",
    "publish",
    "read_manifest",
    "save",
]
