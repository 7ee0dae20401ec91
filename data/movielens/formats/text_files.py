"""What editors do to text files without a word: blank lines at the end, another encoding."""

from __future__ import annotations


def end_of_text(content: bytes) -> int:
    """The offset behind the last line that is not blank, and behind its line end; 0 if all are blank."""
    end = len(content)
    while end and content[end - 1] in b"\r\n ":
        end -= 1
    if not end:
        return 0
    newline = content.find(b"\n", end)
    return len(content) if newline < 0 else newline + 1


def encoding_of(content: bytes, expected: str) -> str:
    """How a file is encoded that was published in `expected`: that, or UTF-8 if it has been saved anew as such.

    Every byte string is text in Latin-1, so reading UTF-8 as Latin-1 fails nowhere, and turns "é" into "Ã©". The other
    way round, a Latin-1 letter such as "é" is no valid UTF-8 unless a sign from U+0080 to U+00BF follows it ("Ã©"
    again), which no title has. What is valid UTF-8 is therefore read as UTF-8, also with a byte-order mark before it.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return expected
    return "utf-8-sig"
