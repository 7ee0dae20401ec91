"""Routes for those who run the server: is the process alive, can it answer, and its numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from serving.process.metrics import Metrics
from serving.routes.dependencies import NOT_STOPPING, CurrentRecommender
from serving.routes.problems import PROBLEMS
from serving.routes.protocol import Protocol

_router = APIRouter(tags=["operation"])
_health = APIRouter(prefix="/health", tags=["health"])
_METRICS_EXAMPLE = """# HELP recsys_model 1 for the version that answers.
# TYPE recsys_model gauge
recsys_model{version="034e3cd22cf1"} 1.0
"""


class Live(BaseModel):
    """The process runs."""

    status: str = Field(default="live", examples=["live"])


class Ready(BaseModel):
    """The process can answer."""

    status: str = Field(default="ready", examples=["ready"])
    version: str = Field(description="Version of the model that answers.", examples=["034e3cd22cf1"])


@_health.get("/live")
async def live() -> Live:
    """Answer as long as the process runs, whether or not it has a model."""
    return Live()


@_health.get("/ready", dependencies=[NOT_STOPPING], responses=PROBLEMS.responses(503))
async def ready(recommender: CurrentRecommender) -> Ready:
    """Answer 200 when a model is loaded, 503 before, and once the server has been told to stop."""
    return Ready(version=recommender.manifest.version)


@_router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": _METRICS_EXAMPLE}}}},
)
async def metrics(request: Request) -> Response:
    """Give the server's numbers in Prometheus's text format."""
    numbers: Metrics = request.app.state.metrics
    return Response(numbers.text(), media_type=CONTENT_TYPE_LATEST)


OPERATION = Protocol(
    prefix="",
    routers=(_router,),
    open_routers=(_health,),
    errors=PROBLEMS,
    commas_of_a_pair=3,  # as of the native routes; none of these reads a body
)
