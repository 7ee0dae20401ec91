"""The search in titles and genres takes room and finds things in proportion to what there is, whatever titles are."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import httpx
import numpy as np
import pytest

from recsys import artifact
from serving.answers.item_catalogue import ItemCatalogue, UnknownGenreError
from tests.serving import films

N_ITEMS = 4000


def catalogue(titles: tuple[str, ...], genres: tuple[tuple[str, ...], ...], folder: Path) -> ItemCatalogue:
    """Of items with these titles and genres, and one rating."""
    n = len(titles)
    arrays = films.arrays("LinearNetwork") | {
        "matrix": np.zeros((6, n), np.float32),
        "item_ids": np.arange(n),
        "item_means": np.zeros(n, np.float32),
        "rating_users": np.zeros(1, np.int32),
        "rating_items": np.zeros(1, np.int32),
        "rating_values": np.ones(1, np.float32),
    }
    items = artifact.ItemTable(titles, (None,) * n, genres)
    return ItemCatalogue(artifact.load(artifact.save(folder, films.manifest("LinearNetwork"), arrays, items)))


def test_one_absurd_title_costs_no_more_than_itself(tmp_path: Path) -> None:
    titles = ("needle " + "x" * 1_000_000 + " end", *(f"film {n}" for n in range(N_ITEMS - 1)))
    plain = catalogue(titles, ((),) * N_ITEMS, tmp_path)
    title = plain[0].title
    tracemalloc.start()
    searched = ItemCatalogue(artifact.load(tmp_path / "latest"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6  # the items' file itself, read and decoded, and an index of 255 bytes an item
    assert searched.search("needle").items.tolist() == [0]
    assert searched[0].title == title == titles[0]


def test_as_many_genres_as_items_cost_no_more_than_their_names(tmp_path: Path) -> None:
    genres = tuple((f"genre {n}",) for n in range(N_ITEMS))
    catalogue(tuple(f"film {n}" for n in range(N_ITEMS)), genres, tmp_path)
    tracemalloc.start()
    searched = ItemCatalogue(artifact.load(tmp_path / "latest"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6  # a mask for each genre would take 16 MB
    assert np.flatnonzero(searched.candidates("Genre 7", 0)).tolist() == [7]
    with pytest.raises(UnknownGenreError):
        searched.candidates("genre", 0)


@pytest.mark.parametrize("text", ["%00", "%00%00", "%1b", "%1c", "%7f", "%C2%85", "%0A%00"])
def test_control_characters_find_no_title(films_server: httpx.Client, text: str) -> None:
    assert films_server.get(f"/v1/items?query={text}").json()["total"] == 0


@pytest.mark.parametrize("genre", ["\0", "Drama\0", "Sci\x1bFi"])
def test_control_characters_are_in_no_genre(films_server: httpx.Client, genre: str) -> None:
    for response in (
        films_server.get("/v1/users/1/recommendations", params={"genre": genre}),
        films_server.post("/v1/fold-in", json={"ratings": [], "genre": genre}),
    ):
        assert (response.status_code, "no item has the genre" in response.json()["detail"]) == (422, True)


@pytest.mark.parametrize("text", ["%ff", "%ED%A0%80", "\N{REPLACEMENT CHARACTER}"])
def test_bytes_that_are_no_text_find_nothing(films_server: httpx.Client, text: str) -> None:
    response = films_server.get(f"/v1/items?query={text}")
    assert (response.status_code, response.json()["total"]) == (200, 0)
    assert films_server.get(f"/v1/items?query={'x' * 201}").status_code == 422
