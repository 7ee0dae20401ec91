"""Ratings as Lightning data modules: one small class for each source, and one for what all of them share."""

from data.datamodules.base import Batch, RatingsDataModule, WholeTrainingSet
from data.datamodules.movielens import MovieLensDataModule
from data.datamodules.prepared import PreparedDataModule
from data.datamodules.table import TableDataModule

__all__ = [
    "Batch",
    "MovieLensDataModule",
    "PreparedDataModule",
    "RatingsDataModule",
    "TableDataModule",
    "WholeTrainingSet",
]
