"""What was freed goes back to the system; the C library would keep much of it."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Let glibc return freed memory: after work with large arrays, before other work takes memory of its own.

    It keeps freed blocks of up to 32 MiB, which lie between others in use: hundreds of megabytes after a fit of
    twenty-five million ratings.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none, and need none
    if trim is not None:
        trim(0)
