"""What cannot be prepared is refused with the words that reading it is, and leaves nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import DataError, MalformedRowError, OptionError
from data.prepared import prepare
from data.tables import read_ratings

HEAD = "user,item,rating,time\n"
SOUND = "a,x,1,5\nb,x,2,6\n"


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (HEAD, {}),
        ("", {}),
        (HEAD + SOUND + "a,y\n", {}),
        (HEAD + SOUND + ",y,3,7\n", {}),
        (HEAD + SOUND + "a,,3,7\n", {}),
        (HEAD + SOUND + "a,y,,7\n", {}),
        (HEAD + SOUND + "a,y,3,\n", {}),
        (HEAD + SOUND + "a,y,good,7\n", {}),
        (HEAD + SOUND + 'a,y,"3,5",7\n', {}),
        (HEAD + SOUND + "a,y,inf,7\n", {}),
        (HEAD + SOUND + "a,y,1e39,7\n", {}),
        (HEAD + SOUND + "a,y,6,7\n", {"scale": "1,5"}),
        (HEAD + SOUND + "a,y,2.5,7\n", {"scale": "1,5,1"}),
        (HEAD + SOUND, {"scale": "5"}),
        (HEAD + "a,x,1,5\nb,x,1,6\n", {}),
        (HEAD + SOUND + "a,y,3,soon\n", {}),
        (HEAD + SOUND + "a,y,3,-7\n", {}),
        (HEAD + "a,x,1,2024-05-31\nb,x,2,7\n", {}),
        (HEAD + SOUND + "a,y,3,9223372036854775807\n", {}),
        (HEAD + SOUND + "c,x,2,3\na,x,2,6\nb,x,5,1\n", {}),
        ("user,stars\na,1\n", {}),
        (HEAD + SOUND, {"columns": {"user": "who"}}),
        (HEAD + SOUND, {"duplicates": "some"}),
        ('{"user": "a", "item": 1, "rating": 2}\n{"user": "b", "item": "x", "rating": 2}\n', {}),
        ('{"user": "a", "item": 1.5, "rating": 2}\n', {}),
    ],
)
def test_what_is_refused_at_reading_is_refused_in_the_same_words(
    content: str, options: dict[str, Any], tmp_path: Path
) -> None:
    file, folder = tmp_path / "plays.csv", tmp_path / "prepared"
    file.write_text(content)
    with pytest.raises(DataError) as expected:
        read_ratings(file, **options)
    with pytest.raises(type(expected.value), match=f"^{re.escape(str(expected.value))}$"):
        prepare(file, folder, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["plays.csv"]


def test_a_line_far_down_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    lines = [f"u{row},i{row % 7},{row % 5},{row}" for row in range(120_000)]
    lines[110_000] = "u1,i2,7x,5"
    file.write_text("\n".join([HEAD.strip(), *lines]))
    with pytest.raises(MalformedRowError, match=r"plays.csv, line 110002: the rating '7x' is not a number"):
        prepare(file, tmp_path / "prepared")
    lines[110_000] = "u3,i3,1,5"
    file.write_text("\n".join([HEAD.strip(), *lines]))
    with pytest.raises(
        DataError, match=r"line 110002: user u3 rates item i3 again, after .*plays.csv, line 5\. Remove one, or say"
    ):
        prepare(file, tmp_path / "prepared")


def test_parts_that_do_not_go_together_are_refused_in_the_same_words(tmp_path: Path) -> None:
    for name, other in (
        ("kinds", pd.DataFrame({"user": ["c"], "item": [1], "rating": [2.0]})),
        ("fractions", pd.DataFrame({"user": [1.5], "item": [1], "rating": [2.0]})),
    ):
        parts = tmp_path / name
        parts.mkdir()
        pd.DataFrame({"user": [1, 2], "item": [1, 1], "rating": [1.0, 2.0]}).to_parquet(parts / "a.parquet")
        other.to_parquet(parts / "b.parquet")
        with pytest.raises(DataError) as expected:
            read_ratings(parts)
        with pytest.raises(type(expected.value)) as raised:
            prepare(parts, tmp_path / "prepared")
        assert name == "fractions" or str(raised.value) == str(expected.value)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.csv").write_text("1\t1\t3\t5\n2\t1\t4\t6\n")
    (texts / "b.csv").write_text("1\t2\t3\n2\t2\t4\n")
    with pytest.raises(MalformedRowError, match=r"a.csv has times, and .*b.csv has none"):
        prepare(texts, tmp_path / "prepared")


def test_movielens_takes_no_options_of_tables(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="MovieLens has its own scale: leave them out"):
        prepare("100k", tmp_path / "prepared", scale="1,5")
