"""What becomes of memory that was freed: the C library keeps some of it, for a rule of its own."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # their numbers in malloc.h
_LARGEST_KEPT = 64 * 2**20


def give_back() -> None:
    """Let glibc return freed memory: after work with large arrays, before other work takes memory of its own.

    It keeps freed blocks of up to 32 MiB, which lie between others in use: hundreds of megabytes after a fit of
    twenty-five million ratings.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none, and need none
    if trim is not None:
        trim(0)


def keep() -> None:
    """Let glibc keep freed memory until `give_back`: before work that takes and frees the same arrays over and over.

    It returns what lies at the end of its heap as soon as that is twice as large as the largest array that was freed,
    and the system clears every page of it before it comes again.
    """
    set_ = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_ is not None:
        set_(_TRIM_THRESHOLD, _LARGEST_KEPT)
        set_(_MMAP_THRESHOLD, _LARGEST_KEPT // 2)
