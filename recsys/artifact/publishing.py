"""Which artefact of a folder is the latest."""

from __future__ import annotations

from pathlib import Path

from recsys.artifact.answers.artifact import Artifact
from recsys.artifact.folder import changing, is_unfinished, point_latest_at
from recsys.artifact.manifest import ArtifactError
from recsys.artifact.reading import load


def publish(directory: Path | str) -> Artifact:
    """Let `latest`, beside an artefact, point at it: a newer one, or an older one again. Returns the artefact.

    Raises:
        ArtifactError: it is not finished, or it cannot be loaded; `latest` is unchanged.
        OSError: the folder cannot be written to; `latest` is unchanged.
    """
    directory = Path(directory).resolve()
    if is_unfinished(directory):
        raise ArtifactError(f"{directory} is not finished: whoever wrote it was stopped. Export the model again.")
    if not directory.is_dir():
        raise ArtifactError(f"{directory} is not the directory of an artefact.")
    with changing(directory.parent):
        artifact = load(directory)
        point_latest_at(directory)
    return artifact
