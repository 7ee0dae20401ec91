"""Search by title: exact, by its beginning, by words, and by words that are spelt alike, over the real titles."""

from __future__ import annotations

import random

import numpy as np
import pytest

from data.movielens import Ratings
from serving.answers.title_search import TitleSearch
from serving.answers.titles import display_title, words


@pytest.fixture(scope="module")
def titles(movielens_100k: Ratings) -> list[str]:
    return movielens_100k.item_table["title"].tolist()


@pytest.fixture(scope="module")
def index(movielens_100k: Ratings, titles: list[str]) -> TitleSearch:
    """The real titles, the most rated first."""
    years = movielens_100k.item_table["year"].astype(object).where(lambda year: year.notna(), None).tolist()
    counts = np.bincount(movielens_100k.items, minlength=len(titles))
    return TitleSearch(titles, years, np.argsort(-counts, kind="stable"))


def found(index: TitleSearch, titles: list[str], query: str) -> list[str]:
    return [titles[item] for item in index.search(query).items]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("godfather", ["Godfather, The", "Godfather: Part II, The"]),
        ("the godfather", ["Godfather, The", "Godfather: Part II, The"]),
        ("Godfather, The", ["Godfather, The", "Godfather: Part II, The"]),
        ("the godfather (1972)", ["Godfather, The"]),
        ("A Close Shave", ["Close Shave, A"]),
        ("il postino", ["Postino, Il"]),
        ("la haine", ["Hate (Haine, La)"]),
        ("the postman", ["Postman, The"]),
        ("alien", ["Alien", "Aliens"]),
        ("star", ["Star Wars", "Star Trek: First Contact"]),
        ("starwars", ["Star Wars"]),
        ("schindlers list", ["Schindler's List"]),
        ("mash", ["M*A*S*H"]),
        ("et the extra terrestrial", ["E.T. the Extra-Terrestrial"]),
        ("2001", ["2001: A Space Odyssey"]),
        ("wars star", ["Star Wars"]),
    ],
)
def test_titles_that_are_the_query_come_first_then_those_that_begin_with_it(
    index: TitleSearch, titles: list[str], query: str, first: list[str]
) -> None:
    assert found(index, titles, query)[: len(first)] == first
    assert not index.search(query).approximate


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("godfater", "Godfather, The"),
        ("star wras", "Star Wars"),
        ("jurasic park", "Jurassic Park"),
        ("forest gump", "Forrest Gump"),
        ("silense of the lambs", "Silence of the Lambs, The"),
        ("pulb fiction", "Pulp Fiction"),
        ("shawshenk redemtion", "Shawshank Redemption, The"),
        ("one flew over the cukoos nest", "One Flew Over the Cuckoo's Nest"),
        ("terminater 2", "Terminator 2: Judgment Day"),
        ("wizzard of oz", "Wizard of Oz, The"),
    ],
)
def test_a_title_is_found_in_spite_of_mistakes(index: TitleSearch, titles: list[str], query: str, first: str) -> None:
    assert found(index, titles, query)[0] == first
    assert index.search(query).approximate


def test_every_real_title_is_the_first_of_what_its_two_forms_find(index: TitleSearch, titles: list[str]) -> None:
    for title in titles:
        for form in (title, display_title(title)):
            assert title in found(index, titles, form)[:3], form  # a few titles are there twice
            assert not index.search(form).approximate


def test_nearly_every_real_title_is_found_with_a_letter_left_out_changed_or_swapped(
    index: TitleSearch, titles: list[str]
) -> None:
    chance = random.Random(0)
    asked, in_first_eight = 0, 0
    for title in titles:
        long = [word for word in words(title) if len(word) >= 5]
        if not long:
            continue
        word = chance.choice(long)
        at = chance.randrange(len(word) - 1)
        wrong = chance.choice(
            (
                word[:at] + word[at + 1 :],
                word[:at] + "q" + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            )
        )
        query = " ".join(wrong if other == word else other for other in words(title))
        asked += 1
        in_first_eight += title in found(index, titles, query)[:8]
    assert asked > 1400
    assert in_first_eight / asked > 0.99


def test_what_is_no_title_finds_nothing_and_a_blank_query_everything(index: TitleSearch, titles: list[str]) -> None:
    for query in ("\x00", "\t\n", "%", "***", "🎬", "\u0301", "xqzxqz", "x" * 200, "no such film"):
        assert found(index, titles, query) == [], query
        assert not index.search(query).approximate
    for query in ("", " "):
        assert found(index, titles, query)[:2] == ["Star Wars", "Contact"]
        assert len(found(index, titles, query)) == 1682


def test_one_endless_title_costs_no_more_than_itself() -> None:
    endless = "x" * 1_000_000
    index = TitleSearch(["Alien"] * 1000 + [endless], [None] * 1001, np.arange(1001))
    assert index.search("xxx").items.tolist() == [1000]
    assert index.search("alein").items.size == 1000
