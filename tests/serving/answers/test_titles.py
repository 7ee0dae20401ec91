"""Titles as people write them, over every title of MovieLens 100k and what larger data sets have beside."""

from __future__ import annotations

import re

import pytest

from data.movielens import Ratings
from serving.answers.titles import alternatives, display_title, words


@pytest.fixture(scope="module")
def real_titles(movielens_100k: Ratings) -> list[str]:
    return movielens_100k.item_table["title"].tolist()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Close Shave, A", "A Close Shave"),
        ("American in Paris, An", "An American in Paris"),
        ("Postino, Il", "Il Postino"),
        ("Postino, Il (The Postman)", "Il Postino (The Postman)"),
        ("Postman, The (Postino, Il)", "The Postman (Il Postino)"),
        ("Hate (Haine, La)", "Hate (La Haine)"),
        ("Enfer, L'", "L'Enfer"),
        ("Eye of Vichy, The (Oeil de Vichy, L')", "The Eye of Vichy (L'Oeil de Vichy)"),
        ("Boot, Das", "Das Boot"),
        ("Tin Drum, The (Blechtrommel, Die)", "The Tin Drum (Die Blechtrommel)"),
        ("Seventh Seal, The (Sjunde inseglet, Det)", "The Seventh Seal (Det Sjunde inseglet)"),
        ("Convent, The (Convento, O)", "The Convent (O Convento)"),
        ("Old Lady Who Walked in the Sea, The (Vieille qui marchait dans la mer, La)",
         "The Old Lady Who Walked in the Sea (La Vieille qui marchait dans la mer)"),
        ("Good, The Bad and The Ugly, The", "The Good, The Bad and The Ugly"),
        ("Adventures of Priscilla, Queen of the Desert, The", "The Adventures of Priscilla, Queen of the Desert"),
        ("Blair Witch Project (Fake), The", "The Blair Witch Project (Fake)"),
        ("Ring (a.k.a. Ring, The)", "Ring (a.k.a. The Ring)"),
        ("Olvidados, Los", "Los Olvidados"),
        ("Discreet Charm, The (Charme discret, Le) (a.k.a. X)", "The Discreet Charm (Le Charme discret) (a.k.a. X)"),
        ("Corrina, Corrina", "Corrina, Corrina"),
        ("Paris, Texas", "Paris, Texas"),
        ("Truth or Consequences, N.M.", "Truth or Consequences, N.M."),
        ("Mrs. Brown (Her Majesty, Mrs. Brown)", "Mrs. Brown (Her Majesty, Mrs. Brown)"),
        ("To Have, or Not", "To Have, or Not"),
        ("I, Worst of All (Yo, la peor de todas)", "I, Worst of All (Yo, la peor de todas)"),
        (", The", ", The"),
        ("", ""),
    ],
)  # fmt: skip
def test_articles_stand_in_front(title: str, shown: str) -> None:
    assert display_title(title) == shown
    assert display_title(shown) == shown


def test_no_real_title_ends_in_its_article_and_none_loses_or_gains_a_word(real_titles: list[str]) -> None:
    assert len(real_titles) == 1682
    shown = {title: display_title(title) for title in real_titles}
    behind = re.compile(r", (The|An?|Les?|La|L'|Il|Das|Der|Die|Det|O)(?=$|\)| \()")
    assert [title for title in shown.values() if behind.search(title)] == []
    for title in real_titles:
        assert (shown[title] != title) == bool(behind.search(title)), title
        assert sorted(re.findall(r"\w+", shown[title])) == sorted(re.findall(r"\w+", title))
    assert sum(shown[title] != title for title in real_titles) > 370


def test_every_name_in_a_title_is_known() -> None:
    assert {"".join(words(name)) for name in alternatives("Postman, The (Postino, Il)")} == {
        "postmanthepostinoil", "thepostmanilpostino",
        "postmanthe", "thepostman", "postinoil", "ilpostino",
    }  # fmt: skip
    assert alternatives("Fargo") == ["Fargo"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Schindler's List", ["schindlers", "list"]),
        ("M*A*S*H", ["mash"]),
        ("E.T. the Extra-Terrestrial", ["et", "the", "extra", "terrestrial"]),
        ("Fast, Cheap & Out of Control", ["fast", "cheap", "and", "out", "of", "control"]),
        ("Amélie", ["amelie"]),
        ("Straße İÇ", ["strasse", "ic"]),
        ("七人の侍", ["七人の侍"]),
        ("\x00 … 🎬", []),
    ],
)
def test_words_are_compared_without_case_accents_and_punctuation(text: str, expected: list[str]) -> None:
    assert words(text) == expected
