"""`recsys publish ARTEFACT`: let `latest` point at an artefact, a newer one or an older one again."""

from __future__ import annotations

import argparse
from pathlib import Path

from recsys import artifact


def run(arguments: list[str]) -> None:
    """Check the artefact that is named and publish it.

    Raises:
        ArtifactError: it cannot be loaded; what was published stays.
    """
    parser = argparse.ArgumentParser(
        "recsys publish",
        description="Let `latest`, beside the artefact, point at it, so that a server answers from it. All of it is "
        "read and checked before. An older artefact takes the server back; nothing is removed.",
    )
    parser.add_argument(
        "artefact",
        type=Path,
        metavar="ARTEFACT",
        help="its directory, such as artifacts/20260101T120000-0123456789ab-cde4",
    )
    directory: Path = parser.parse_args(arguments).artefact
    published = artifact.publish(directory).manifest
    metrics = published.metrics
    served = metrics.get("test_rmse_as_served")
    error = "" if served is None else f", test RMSE {served:.4f} as served, without the ratings' times"
    print(f"{directory.resolve().with_name('latest')} is now version {published.version}: {published.recipe}{error}")
