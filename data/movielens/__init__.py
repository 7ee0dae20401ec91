"""The MovieLens data sets: found or downloaded, checked, and read into `Ratings`."""

from data.movielens.loading import load, load_data_set
from data.ratings import Ratings, RatingScale

__all__ = ["RatingScale", "Ratings", "load", "load_data_set"]
