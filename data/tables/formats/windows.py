"""A stream of text in windows of whole lines, the next of which is read while one is worked on."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

_READ = 1 << 22  # bytes at once


class UncutError(ValueError):
    """A window would hold no whole line, or begin with what readers take for the mark of an encoding."""


def windows(stream: Any, size: int) -> Generator[memoryview]:
    """The bytes of a stream, cut behind ends of lines; each window is there until the next one is asked for.

    Args:
        stream: bytes, of which each 0x0A ends a line.
        size: of a window, at most, in bytes.

    Raises:
        UncutError: the stream cannot be cut so.
    """
    buffers = cycle((bytearray(size), bytearray(size)))  # memory that was used before takes less time than other
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(_filled, next(buffers), b"", stream)
        any_before = False
        while (found := coming.result())[0]:
            window, rest = found
            coming = pool.submit(_filled, next(buffers), rest, stream)
            if any_before and bytes(window[:3]) == codecs.BOM_UTF8:
                raise UncutError("a line begins with U+FEFF")
            any_before = True
            yield window


def _filled(buffer: bytearray, rest: bytes, stream: Any) -> tuple[memoryview, bytes]:
    """Whole lines in a buffer, which begin with the rest of the window before, and the rest behind them."""
    view, end = memoryview(buffer), len(rest)
    view[:end] = rest
    while end < len(view) and (n := stream.readinto(view[end : end + _READ])):
        end += n
    if end < len(view):
        return view[:end], b""
    if not (lines := buffer.rfind(b"\n") + 1):
        raise UncutError(f"a line is longer than {end:,} bytes")
    return view[:lines], bytes(view[lines:])
