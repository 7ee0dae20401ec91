"""Titles as people write them: "Postino, Il (The Postman)" of a data set is "Il Postino (The Postman)"."""

from __future__ import annotations

import re
import unicodedata

# The articles that MovieLens puts behind titles in English, French, Italian, Spanish, German, Dutch, the Scandinavian
# languages and Portuguese. What stands behind the last comma of other titles ("Corrina, Corrina") is none of them.
_ARTICLES = (
    "The", "A", "An", "Le", "La", "Les", "L['’]", "Un", "Une", "Il", "Lo", "I", "Gli", "Uno", "Una", "El", "Los", "Las",
    "Der", "Die", "Das", "Ein", "Eine", "De", "Het", "Een", "Den", "Det", "En", "Ett", "Et", "O", "Os", "Um", "Uma",
)  # fmt: skip
_ARTICLE = "|".join(_ARTICLES)
_WHOLE = re.compile(rf"(?P<before>)(?P<title>.+), (?P<article>{_ARTICLE})")
# The title itself, or one in brackets: another language's or, after "a.k.a.", another name.
_PART = re.compile(rf"(?P<before>(?:^|\()(?:a\.k\.a\. )?)(?P<title>[^()]+), (?P<article>{_ARTICLE})(?= \(|\)|$)")
_BRACKETS = re.compile(r"\(([^()]+)\)")

# What people leave out where they type a title: "M*A*S*H" is "mash", "Schindler's" is "schindlers".
_INSIDE_WORDS = str.maketrans(dict.fromkeys("'’ʼ`´.*", None) | {"&": " and "})
_LEFT_OUT = re.compile(f"[{re.escape(''.join(map(chr, _INSIDE_WORDS)))}]")  # in few titles, and found in no time
_WORD = re.compile(r"[^\W_]+")


def display_title(title: str) -> str:
    """Move the articles behind a title, and behind those in brackets, to their front."""
    if ", " not in title:
        return title  # most titles; they need not be searched
    if whole := _WHOLE.fullmatch(title):
        return _article_first(whole)
    return _PART.sub(_article_first, title)


def alternatives(title: str) -> list[str]:
    """Every name in a title: as it is written, as people write it, and each without and within brackets."""
    if ", " not in title and "(" not in title:
        return [title]  # most titles
    forms = dict.fromkeys((title, display_title(title)))
    for form in tuple(forms):
        if inside := _BRACKETS.findall(form):
            forms |= dict.fromkeys((_BRACKETS.sub("", form), *inside))
    return list(forms)


def words(text: str) -> list[str]:
    """The words of a text for comparison: without case, accents and punctuation."""
    text = normalised(text)
    return _WORD.findall(text.translate(_INSIDE_WORDS) if _LEFT_OUT.search(text) else text)


def normalised(text: str) -> str:
    """Text without case and accents, for comparison."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def _article_first(found: re.Match[str]) -> str:
    space = "" if found["article"][-1] in "'’" else " "
    return f"{found['before']}{found['article']}{space}{found['title']}"
