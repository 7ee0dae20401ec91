"""A text that is read in windows of whole lines gives what it gives as a whole, wherever the windows are cut."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.errors import DataError
from data.ids import StringIds
from data.ratings import Ratings
from data.tables.formats import text
from data.tables.formats.windows import UncutError, windows
from tests.data.tables.rows import read

N = 900  # rows, of over ten windows
WINDOW = 1 << 10  # bytes


def lines(change: dict[int, str] | None = None, end: str = "\n") -> str:
    """A table, of which some rows are changed."""
    rows = [f"user{n % 97},{n},{n % 5 + 1},{n * 1000}" for n in range(N)]
    for at, row in (change or {}).items():
        rows[at] = row
    return end.join(["user,item,rating,time", *rows, ""])


SOUND = {
    "lines": lines(),
    "no end of the last line": lines()[:-1],
    "CR LF": lines(end="\r\n"),
    "CR": lines(end="\r"),
    "blank lines": lines({50: "\n\n", 51: "   ", 800: "\n" * 3000}),
    "a mark at the beginning": "\ufeff" + lines(),
    "a mark in every id": lines({n: f"\ufeff{n},{n},{n % 2},7" for n in range(N)}),
    "letters of several bytes": lines({n: f"{'é日🦊' * 9}{n},{n},{n % 2},7" for n in range(N)}),
    "quotes": lines({n: f'"a ""{n}"", b",{n},{n % 5 + 1},7' for n in range(0, N, 3)}),
    "line ends in quotes": lines({600: '"a\nb",1,2,3'}),
    "a row longer than a window": lines({600: f"{'x' * 5000},1,2,3"}),
    "whole numbers": lines({n: f"{n},{n},{n % 2},7" for n in range(N)}),
    "times of another kind": lines({700: "a,1,2,3.5"}),
}
FAULTS = {
    "a field more": lines({700: "a,1,2,3,4"}),
    "no user": lines({700: ",1,2,3"}),
    "no item": lines({700: "a,,2,3"}),
    "no time": lines({700: "a,1,2,"}),
    "a rating that is none": lines({700: "a,1,two,3"}),
    "a pair again": lines({700: "user1,1,2,3"}),
}


def read_by_window(size: int, content: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ratings:
    monkeypatch.setattr(text, "_WINDOW", size)
    monkeypatch.setattr(text, "_OF_WINDOW", size // 2)
    return read(folder, content)


@pytest.mark.parametrize("kind", SOUND)
def test_a_text_in_windows_gives_what_it_gives_as_a_whole(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = (read_by_window(size, SOUND[kind], tmp_path, monkeypatch) for size in (1 << 22, WINDOW))
    assert (cut.sha256, len(cut)) == (whole.sha256, N - 3 * (kind == "blank lines"))
    assert cut.timestamps is not None
    assert isinstance(cut.user_ids, StringIds) == (kind != "whole numbers")


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_a_window_is_named_as_in_the_whole(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for size in (1 << 22, WINDOW):
        with pytest.raises(DataError) as raised:
            read_by_window(size, FAULTS[kind], tmp_path, monkeypatch)
        said.append((type(raised.value), str(raised.value)))
    assert said[0] == said[1]
    assert "plays.csv, line 702" in said[0][1]


@pytest.mark.parametrize("size", [11, 12, 16, 24, 50, 300])
def test_windows_are_whole_lines_and_all_of_a_stream(size: int) -> None:
    content = b"".join(b"x" * length + b"\n" for length in np.random.default_rng(0).integers(0, 11, 20)) + b"end"
    for stream in (io.BytesIO(content), pa.BufferReader(content)):
        found = [bytes(window) for window in windows(stream, size)]
        assert b"".join(found) == content
        assert all(window.endswith(b"\n") and len(window) <= size for window in found[:-1])
        assert found[-1].endswith(b"end")


@pytest.mark.parametrize("content", [b"12345678", b"1\n" * 3 + b"12345678", b"1234567\n\xef\xbb\xbf1\n"])
def test_a_stream_that_cannot_be_cut_is_refused(content: bytes) -> None:
    with pytest.raises(UncutError):
        list(windows(io.BytesIO(content), 8))


def test_an_empty_stream_has_no_windows() -> None:
    assert list(windows(io.BytesIO(), 8)) == []
