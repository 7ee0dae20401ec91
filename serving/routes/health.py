"""Routes for those who run the server: is the process alive, and can it answer."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from serving.routes.dependencies import NOT_STOPPING, CurrentRecommender
from serving.routes.problems import MEDIA_TYPE, described, problem

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process runs."""

    status: str = Field(default="live", examples=["live"])


class Ready(BaseModel):
    """The process can answer."""

    status: str = Field(default="ready", examples=["ready"])
    version: str = Field(description="Version of the model that answers.", examples=["034e3cd22cf1"])


@router.get("/live")
async def live() -> Live:
    """Answer as long as the process runs, whether or not it has a model."""
    return Live()


@router.get("/ready", dependencies=[NOT_STOPPING], responses=described(MEDIA_TYPE, problem, 503))
async def ready(recommender: CurrentRecommender) -> Ready:
    """Answer 200 when a model is loaded, 503 before, and once the server has been told to stop."""
    return Ready(version=recommender.manifest.version)
