"""A data set's training and test ratings as tables: the door by which anyone's ratings come in."""

from __future__ import annotations

from pathlib import Path

from benchmarks.other_data.matrices import MATRICES, ratings
from data.datamodules import TableDataModule


def write(file: Path, folder: Path) -> None:
    """Write the ratings of a data set's file as train.csv and test.csv of a new folder, there when both are whole."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    for name, table in zip(("train", "test"), ratings(file), strict=True):
        table.to_csv(unfinished / f"{name}.csv", index=False)
    unfinished.rename(folder)


def arguments(data: str, folder: Path) -> list[str]:
    """What tells `recsys fit` of the tables in a folder."""
    least, greatest = MATRICES[data].scale
    files = [f"--data.ratings={folder / 'train.csv'}", f"--data.test={folder / 'test.csv'}"]
    return ["--data=TableDataModule", *files, f"--data.scale={least:g},{greatest:g}"]


def data_module(data: str, folder: Path) -> TableDataModule:
    """The tables in a folder, as `recsys fit` reads them."""
    return TableDataModule(ratings=folder / "train.csv", test=folder / "test.csv", scale=[*MATRICES[data].scale])
