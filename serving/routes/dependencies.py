"""What routes ask for by type: the recommender that answers now, and the settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from serving.answers.recommender import Recommender
from serving.routes.refusals import NotReadyError, StoppingError
from serving.settings import Settings


# Not plain functions, nor are the routes: those would each cost a hand-over to a thread, and answers take microseconds.
async def current_recommender(request: Request) -> Recommender:
    """The recommender that answers; `NotReadyError` without one."""
    recommender: Recommender | None = request.state.recommender
    if recommender is None:
        raise NotReadyError
    return recommender


async def _not_stopping(request: Request) -> None:
    if request.app.state.stopping:
        raise StoppingError


async def current_settings(request: Request) -> Settings:
    """The settings of the server."""
    settings: Settings = request.app.state.settings
    return settings


CurrentRecommender = Annotated[Recommender, Depends(current_recommender)]
CurrentSettings = Annotated[Settings, Depends(current_settings)]
NOT_STOPPING = Depends(_not_stopping)
"""For routes that say whether to send requests here: no longer, once the server has been told to stop."""
