"""Pauses in long answers."""

from __future__ import annotations

import asyncio

_MANY = 1000  # pairs; a part of their answer takes about a millisecond


async def pause(n_pairs: int) -> None:
    """Let others go on between two parts of the answer to many pairs: reading, finding the ids, rating, writing."""
    if n_pairs > _MANY:
        await asyncio.sleep(0)
