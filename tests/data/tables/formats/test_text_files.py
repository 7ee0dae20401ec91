"""Text files as people and programs write them, each with its rows or its error."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import DataError, EmptyFileError, EncodingError, MalformedRowError, UnknownFormatError
from tests.data.tables.rows import Rows, read, rows

NUMBERS: Rows = [(1, 10, 4.0), (2, 10, 3.5), (1, 20, 5.0)]
TIMED: Rows = [(1, 10, 4.0, 100), (2, 10, 3.5, 200), (1, 20, 5.0, 300)]
WORDS: Rows = [("a,b", "x", 4.0), ('say "hi"', "y", 3.5), ("two\nlines", "x", 5.0)]
QUOTED = 'user,item,rating\n"a,b",x,4\n"say ""hi""",y,3.5\n"two\nlines",x,5\n'
HEADED = "user,item,rating\n1,10,4\n2,10,3.5\n1,20,5\n"
BARE = "1,10,4\n2,10,3.5\n1,20,5\n"

READ: dict[str, tuple[str | bytes, Rows]] = {
    "commas": (HEADED, NUMBERS),
    "tabs": (HEADED.replace(",", "\t"), NUMBERS),
    "semicolons": (HEADED.replace(",", ";"), NUMBERS),
    "bars": (HEADED.replace(",", "|"), NUMBERS),
    "double colons": (HEADED.replace(",", "::"), NUMBERS),
    "spaces": (HEADED.replace(",", " "), NUMBERS),
    "no header": (BARE, NUMBERS),
    "no header, double colons": ("1::10::4::100\n2::10::3.5::200\n1::20::5::300\n", TIMED),
    "no header, tabs": ("1\t10\t4\t100\n2\t10\t3.5\t200\n1\t20\t5\t300\n", TIMED),
    "a mark of the encoding": ("\ufeff" + HEADED, NUMBERS),
    "a mark, no header": ("\ufeff" + BARE, NUMBERS),
    "line ends of Windows": (HEADED.replace("\n", "\r\n"), NUMBERS),
    "line ends of old Macs": (HEADED.replace("\n", "\r"), NUMBERS),
    "no last line end": (HEADED.rstrip(), NUMBERS),
    "blank lines at the end": (HEADED + "\n\n\r\n", NUMBERS),
    "blank lines in the middle": ("user,item,rating\n1,10,4\n\n2,10,3.5\n\n\n1,20,5\n", NUMBERS),
    "lines of spaces": ("user,item,rating\n   \n1,10,4\n  \n2,10,3.5\n1,20,5\n \n", NUMBERS),
    "blank lines before the header": ("\n\n" + HEADED, NUMBERS),
    "blank lines below the header": ("user,item,rating\n\n \n1,10,4\n2,10,3.5\n1,20,5\n", NUMBERS),
    "UTF-16, little end first": (b"\xff\xfe" + HEADED.encode("utf-16-le"), NUMBERS),
    "UTF-16, big end first": (b"\xfe\xff" + HEADED.encode("utf-16-be"), NUMBERS),
    "UTF-16, no header": (b"\xff\xfe" + BARE.encode("utf-16-le"), NUMBERS),
    "quotes": (QUOTED, WORDS),
    "quotes and semicolons": (QUOTED.replace(",", ";").replace("a;b", "a,b"), WORDS),
    "quotes around everything": ('"user","item","rating"\n"1","10","4"\n"2","10","3.5"\n"1","20","5"\n', NUMBERS),
    "a line end in the header": ('user,item,rating,"my\nnotes"\n1,10,4,\n2,10,3.5,x\n1,20,5,\n', NUMBERS),
    "a quote within a word": ('user,item,rating\n5"disc,10,4\nb"",10,3\n', [('5"disc', 10, 4.0), ('b""', 10, 3.0)]),
    "quotes in a format without them": ('"a"::x::4\nb::x::3\n', [('"a"', "x", 4.0), ("b", "x", 3.0)]),
    "columns in another order": ("rating,note,item,user\n4,a,10,1\n3.5,,10,2\n5,c,20,1\n", NUMBERS),
    "an index without a name": (",user,item,rating\n0,1,10,4\n1,2,10,3.5\n2,1,20,5\n", NUMBERS),
    "names of RecBole": ("user_id:token\titem_id:token\trating:float\n1\t10\t4\n2\t10\t3.5\n1\t20\t5\n", NUMBERS),
    "separators in an unused column": ('user,item,rating,note\n1,10,4,"a;b;c"\n2,10,3.5,"d;e;f"\n1,20,5,g\n', NUMBERS),
    "titles that are null to others": (
        "user,item,rating\nNA,null,4\nNaN,None,3\n",
        [("NA", "null", 4.0), ("NaN", "None", 3.0)],
    ),
}

REFUSED: dict[str, tuple[str | bytes, type[DataError], tuple[str, ...]]] = {
    "nothing": ("", EmptyFileError, ("plays.csv has no rows",)),
    "blank lines alone": ("\n \n\n", EmptyFileError, ("plays.csv has no rows",)),
    "a header alone": ("user,item,rating\n", EmptyFileError, ("no rows below its line of names", "user,item,rating")),
    "one column": ("user\n1\n2\n", UnknownFormatError, ("nothing separates columns in 'user'", "commas, tabs")),
    "a missing field": (
        "user,item,rating\n1,10,4\n2,10\n",
        MalformedRowError,
        ("line 3: 2 fields instead of 3", "'2,10'"),
    ),
    "a surplus field": ("user,item,rating\n1,10,4\n2,10,3,5\n", MalformedRowError, ("line 3: 4 fields instead of 3",)),
    "a quote that does not end": (
        'user,item,rating\n1,10,4\n"2,10,3\n3,10,4\n',
        MalformedRowError,
        ("line 3: 1 fields instead of 3", "2,10,3"),
    ),
    "a single colon among double ones": (
        "1::10::4\n1:9::10::3\n",
        MalformedRowError,
        ("line 2: a field in '1:9::10::3' holds a single :",),
    ),
    "something between double colons": ("1::10::4\n1:9:10::3\n", MalformedRowError, ("line 2: 2 fields instead of 3",)),
    "Latin-1": ("user,item,rating\n1,10,4\nRené,10,3\n".encode("latin-1"), EncodingError, ("line 3", "René", "UTF-8")),
    "null bytes": (b"user,item,rating\n1,\x0010,4\n", UnknownFormatError, ("it has null bytes",)),
    "an empty user": (
        "user,item,rating\n1,10,4\n,10,3\n",
        MalformedRowError,
        ("line 3: the user id is missing", "remove that row"),
    ),
    "an empty item": ("user,item,rating\n1,10,4\n1,,3\n", MalformedRowError, ("line 3: the item id is missing",)),
    "an empty rating": ("user,item,rating\n1,10,4\n1,20,\n", MalformedRowError, ("line 3: the rating is missing",)),
    "an empty time": (
        "1,10,4,100\n1,20,3,\n",
        MalformedRowError,
        ("line 2: the time is missing", "--data.columns.time ''"),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_text_is_read(name: str, tmp_path: Path) -> None:
    content, expected = READ[name]
    assert rows(read(tmp_path, content)) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_text_is_refused(name: str, tmp_path: Path) -> None:
    content, error, complaints = REFUSED[name]
    with pytest.raises(error) as raised:
        read(tmp_path, content)
    assert type(raised.value) is error
    assert str(tmp_path / "plays.csv") in str(raised.value)
    for complaint in complaints:
        assert complaint in str(raised.value)
