"""Pauses in long answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from serving.answers.known_ids import Located
from serving.answers.recommender import Recommender
from serving.schemas.ids import Id

_MANY = 1000  # pairs; a part of their answer takes about a millisecond


async def pause(n_pairs: int) -> None:
    """Let others go on between two parts of the answer to many pairs: reading, finding the ids, rating, writing."""
    if n_pairs > _MANY:
        await asyncio.sleep(0)


async def located(
    recommender: Recommender, user_ids: Sequence[Id], item_ids: Sequence[Id], *, strict: bool = False
) -> Located:
    """Do what `Recommender.locate` does, with pauses around the users and the items: text takes longer to find.

    Raises:
        UnknownIdError: `strict`, and an id is unknown.
    """
    await pause(len(user_ids))
    users = recommender.user_ids.positions(user_ids, strict=strict)
    await pause(len(user_ids))
    items = recommender.item_ids.positions(item_ids, strict=strict)
    await pause(len(user_ids))
    return Located(users, items)
