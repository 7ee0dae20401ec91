"""A trained model outside Lightning: arrays and a manifest that load without torch and predict with numpy alone.

An artefact is a directory. `model.safetensors` holds the model's arrays, the original user and item ids, the means
that answer for unknown ones, and the training ratings; `items.json` holds what is known of the items, by column, such
as titles, years and genres; `manifest.json`
says what they are, and carries their hashes and its own. Loading runs no code from any of them. `metrics.json` and
`config.yaml` repeat the manifest's metrics and configuration for people and scripts, and are never read back.
"""

from data.ids import Id, Ids, Known, Positions, StringIds, find, positions
from recsys.artifact.answers.artifact import Artifact
from recsys.artifact.answers.cold_items import ColdPredictions, NoItemFeaturesError
from recsys.artifact.answers.item_ratings import ItemRatings, KnownRatings, item_scores, ratings_of
from recsys.artifact.answers.ranking import best
from recsys.artifact.answers.recommendations import ORDERS, Order, Recommendations, best_of
from recsys.artifact.cold_items.column import FeatureError
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
from recsys.artifact.model import SOURCES, Array, Floats, Found, Predictions, TrainedModel, expected
from recsys.artifact.publishing import publish
from recsys.artifact.reading import load
from recsys.artifact.times import Times
from recsys.artifact.uncertainty import Uncertainty
from recsys.artifact.writing import InBlocks, checked, in_file_order, save

__all__ = [
    "CONFIG_FILE",
    "ITEMS_FILE",
    "MANIFEST_FILE",
    "METRICS_FILE",
    "MODEL_FILE",
    "ORDERS",
    "SOURCES",
    "Array",
    "Artifact",
    "ArtifactError",
    "ColdPredictions",
    "FeatureError",
    "Floats",
    "Found",
    "Id",
    "Ids",
    "InBlocks",
    "ItemRatings",
    "ItemTable",
    "Known",
    "KnownRatings",
    "Manifest",
    "NoItemFeaturesError",
    "Order",
    "Positions",
    "Predictions",
    "Recommendations",
    "StringIds",
    "Times",
    "TrainedModel",
    "Uncertainty",
    "Value",
    "best",
    "best_of",
    "checked",
    "expected",
    "find",
    "id_arrays",
    "in_file_order",
    "item_scores",
    "load",
    "positions",
    "publish",
    "ratings_of",
    "read_manifest",
    "save",
]
