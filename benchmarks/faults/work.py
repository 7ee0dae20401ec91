"""What the campaign lets processes do: download, fit, export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from data.movielens import catalogue, load_data_set
from data.movielens.catalogue import DataSet
from recsys import artifact
from recsys.command.main import main


def fit(*arguments: str) -> None:
    """Run `recsys fit` in the present folder."""
    main(["fit", *arguments])


def download(url: str, archive_name: str, cache: Path) -> None:
    """Load the ratings from a server that has one of the archives of 100k."""
    load_data_set(served_at(url, archive_name), cache=cache)


def served_at(url: str, archive_name: str) -> DataSet:
    """MovieLens 100k as if its publisher were at `url`, with the archive of this name."""
    data_set = catalogue.find("100k")
    (archive,) = (archive for archive in data_set.archives if archive.filename == archive_name)
    return replace(data_set, url=url, published=archive, wheel=None)


def export(source: Path, root: Path, first: int, count: int) -> None:
    """Save `count` artefacts that differ from the one in `source` by their number, from `first` on."""
    model = artifact.load(source)
    for number in range(first, first + count):
        artifact.save(root, *numbered(model, number))


def numbered(
    model: artifact.Artifact, number: int
) -> tuple[artifact.Manifest, dict[str, artifact.Array], artifact.ItemTable]:
    """An artefact whose version and whose means of items say its number."""
    arrays = model.arrays | {"item_means": model.arrays["item_means"] + np.float32(number * 1e-3)}
    return replace(model.manifest, recipe=f"number-{number}"), arrays, model.items
