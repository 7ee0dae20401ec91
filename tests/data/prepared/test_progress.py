"""A bar shows how far long work is, on a terminal alone."""

from __future__ import annotations

import sys

import pytest

from data.prepared.progress import shown


@pytest.mark.parametrize("is_terminal", [True, False])
def test_blocks_pass_and_a_terminal_shows_them(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    assert list(shown(["ab", "c"], "letters are read", len, 3)) == ["ab", "c"]
    assert ("letters are read" in capsys.readouterr().err) == is_terminal
