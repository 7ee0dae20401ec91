"""The films of `tests.serving.films` with random draws, and what these say of new users and of new films."""

from __future__ import annotations

import numpy as np

from recsys.artifact import Array
from recsys.artifact.cold_items.code import Code
from recsys.artifact.cold_items.column import Column
from recsys.artifact.cold_items.items import bytes_of
from tests.serving.answers.test_conditional import UNRATED, arrays

COLUMNS = (
    Column("genres", "lists", Code(2, ("Sci-Fi",), rare=1)),
    Column("year", "numbers", Code(2, begins=(1990.0,), missing=0)),
)
STARMAN = {"genres": ["Sci-Fi"], "year": 1984}
"""The features of the film that nobody has rated; its rows are what they say."""


def described(ordinal: int = 0) -> dict[str, Array]:
    """The arrays of a model that knows genres and years."""
    of, rng = arrays(ordinal), np.random.default_rng(7)
    rows = {}
    for what in ("factors", "draws"):
        of_films = of[f"item_{what}"]
        added = rng.normal(0, 0.3, (4, *of_films.shape[1:]))
        added[..., -1] = 0
        rows[f"cold_item_{what}"] = np.concatenate([[of_films[UNRATED] - added[0] - added[2]], added])
    root = rng.normal(0, 0.3, (5, 5))
    of_starman = np.array([1, 1, 0, 1, 0])
    rows["cold_item_open"] = root @ root.T
    item_open = of["item_open"].copy()
    item_open[UNRATED] = of_starman @ rows["cold_item_open"] @ of_starman, 1
    typed = {name: array.astype(np.float32) for name, array in rows.items()}
    user_open = np.full((6, 2), 0.1, np.float32)
    known = {"item_open": item_open, "user_open": user_open, "item_described": np.array([0, 0, 0, 0, 1], np.int32)}
    return of | typed | known | {"cold_item_columns": bytes_of(COLUMNS)}
