"""The HTTP application: `create_app` puts settings, a recommender and the routes together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from recsys.artifact import ArtifactError
from serving import health, native, problems
from serving.recommender import Recommender
from serving.settings import Settings

logger = logging.getLogger("serving")


def create_app(settings: Settings) -> FastAPI:
    """Build the application. The artefact is loaded when it starts; without one it runs, and is not ready."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            app.state.recommender = Recommender.from_directory(settings.artifact)
        except ArtifactError as error:
            logger.error("no model is loaded: %s", error)
            app.state.not_ready = str(error)
        yield

    app = FastAPI(
        title="recsys",
        summary="Predicted ratings from a matrix completed under the ratio penalty.",
        version="0.1.0",
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.recommender = None
    app.state.not_ready = "the model is being loaded"
    app.include_router(native.router)
    app.include_router(health.router)
    problems.install(app)
    return app


def main() -> None:
    """Serve the artefact that the settings name."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.INFO)
    settings = Settings()
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
