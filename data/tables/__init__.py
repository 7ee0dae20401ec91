"""Anyone's ratings: a file or a folder of any common format, or a table in memory, checked and read into `Ratings`."""

from data.tables.reading import read_ratings

__all__ = ["read_ratings"]
