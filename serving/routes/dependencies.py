"""What routes ask for by type: the recommender that answers now, and the settings."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request

from serving.answers.recommender import Recommender
from serving.process.metrics import Metrics
from serving.ratings.store import RatingStore
from serving.routes.refusals import InvalidAddressError, NotReadyError, StoppingError
from serving.settings import Settings


# Not plain functions, nor are the routes: those would each cost a hand-over to a thread, and answers take microseconds.
async def current_recommender(request: Request) -> Recommender:
    """The recommender that answers; `NotReadyError` without one."""
    recommender: Recommender | None = request.state.recommender
    if recommender is None:
        raise NotReadyError
    return recommender


async def current_store(request: Request) -> RatingStore | None:
    """The ratings that clients send; None if this server keeps none."""
    store: RatingStore | None = request.app.state.store
    return store


async def current_metrics(request: Request) -> Metrics:
    """The numbers of the server."""
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _not_stopping(request: Request) -> None:
    if request.app.state.stopping:
        raise StoppingError


async def current_settings(request: Request) -> Settings:
    """The settings of the server."""
    settings: Settings = request.app.state.settings
    return settings


async def _utf_8_address(request: Request) -> None:
    for written in (request.scope.get("raw_path", b""), request.scope["query_string"]):
        if b"%" in written:
            try:
                unquote_to_bytes(written).decode()
            except UnicodeDecodeError as error:
                raise InvalidAddressError from error


CurrentRecommender = Annotated[Recommender, Depends(current_recommender)]
CurrentSettings = Annotated[Settings, Depends(current_settings)]
CurrentStore = Annotated[RatingStore, Depends(current_store)]
"""For routes that are there only if this server keeps ratings."""
CurrentMetrics = Annotated[Metrics, Depends(current_metrics)]
StoreIfAny = Annotated[RatingStore | None, Depends(current_store)]
UTF_8_ADDRESS = Depends(_utf_8_address)
"""For routes that take ids from the address: bytes that are no UTF-8 would be read as another id."""
NOT_STOPPING = Depends(_not_stopping)
"""For routes that say whether to send requests here: no longer, once the server has been told to stop."""
