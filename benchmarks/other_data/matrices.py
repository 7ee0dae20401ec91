"""Flixster and Douban with the training and test ratings of Monti, Bronstein and Bresson, NeurIPS 2017.

Their files are matrices of 3,000 users and 3,000 items in MATLAB 7.3's form, which is HDF5: `M` has the ratings,
`Otraining` and `Otest` are 1 where a rating is one to learn from or one to test on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Matrix:
    """A data set's file, as it was published."""

    title: str
    file: str
    sha256: str
    scale: tuple[float, float]
    """Least and greatest rating."""


MATRICES = {
    "flixster": Matrix(
        "Flixster", "flixster.mat", "8b07e0387edfe7ffdccead2826bb3844ddbd9e6a8ccba264ce81a3b59b273197", (0.5, 5.0)
    ),
    "douban": Matrix(
        "Douban", "douban.mat", "1f4476321cbfe0f606e7e35d0695ca15447a1b0b2c811df130109b6cb9a067ae", (1.0, 5.0)
    ),
}


class ForeignFileError(Exception):
    """A file is missing, or is another one than was published."""


def verified(folder: Path, matrix: Matrix) -> Path:
    """The file of a data set in a folder.

    Raises:
        ForeignFileError: it is not there, cannot be read, or is not byte for byte what was published.
    """
    file = folder / matrix.file
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ForeignFileError(
            f"{file} cannot be read: {error.strerror}. It is training_test_dataset.mat of {matrix.title}, which the "
            "repositories of GC-MC and of Monti et al. carry; give it this name."
        ) from error
    if found != matrix.sha256:
        raise ForeignFileError(
            f"{file} is not {matrix.title} as published: its SHA-256 is {found}, not {matrix.sha256}. Get "
            "training_test_dataset.mat anew."
        )
    return file


def ratings(file: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test ratings, with columns user and item, which are numbers of rows and columns, and rating.

    Raises:
        ModuleNotFoundError: h5py, of the extra `bench`, is not installed.
    """
    import h5py  # not at the top: it is in an extra

    with h5py.File(file) as content:  # MATLAB stores columns first, so h5py reads every matrix transposed
        values, training, test = (np.asarray(content[name]).T for name in ("M", "Otraining", "Otest"))
    return _table(values, training), _table(values, test)


def _table(values: npt.NDArray[np.float64], mask: npt.NDArray[np.float64]) -> pd.DataFrame:
    users, items = np.nonzero(mask)
    return pd.DataFrame({"user": users, "item": items, "rating": values[users, items]})
