"""Which fold-in belongs to a model."""

from __future__ import annotations

from recsys.artifact import Artifact, Floats
from serving.answers.fold_in.answer import FoldIn
from serving.answers.fold_in.conditional import Conditional
from serving.answers.fold_in.ridge import Ridge


def fold_in(artifact: Artifact, vectors: Floats) -> FoldIn:
    """The model's own conditional if its draws say what is known of new users, else a regression on item vectors."""
    return Conditional(artifact) if "newcomer_means" in artifact.arrays else Ridge(artifact, vectors)
