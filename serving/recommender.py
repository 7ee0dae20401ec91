"""Answers from the arrays of an artefact; knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys.artifact import SOURCES, Artifact, load


@dataclass(frozen=True)
class Prediction:
    """A predicted rating on the data set's scale, and who answered: the model, or a mean where an id is unknown."""

    user_id: int
    item_id: int
    rating: float
    source: str


class Recommender:
    """One loaded model. It never changes; a new artefact is a new `Recommender`."""

    def __init__(self, artifact: Artifact) -> None:
        self.manifest = artifact.manifest
        self._artifact = artifact

    @classmethod
    def from_directory(cls, directory: Path) -> Recommender:
        """Load an artefact.

        Raises:
            ArtifactError: it is missing, damaged or of an unknown kind.
        """
        return cls(load(directory))

    def predict(self, user_ids: Sequence[int], item_ids: Sequence[int]) -> list[Prediction]:
        """Predict the rating of each pair of original ids."""
        predictions = self._artifact.predict(user_ids, item_ids)
        answers = zip(user_ids, item_ids, predictions.ratings.tolist(), predictions.sources.tolist(), strict=True)
        return [Prediction(user, item, rating, SOURCES[source]) for user, item, rating, source in answers]
