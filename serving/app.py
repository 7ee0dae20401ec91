"""The HTTP application: `create_app` puts settings, the model and the routes together."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader
from pydantic import ValidationError

from serving import errors, health, kserve, metrics, mlflow, native, openapi
from serving.access import Access
from serving.guards import API_KEY_HEADER, ApiKeyGuard, BodyGuard
from serving.loaded_model import LoadedModel
from serving.settings import Settings

# Requests that are being answered get this long when the server is told to stop; a full batch takes below a second.
SECONDS_TO_FINISH = 10


def create_app(settings: Settings) -> FastAPI:
    """Build the application. The artefact is loaded when it starts; without one it runs, and is not ready."""
    numbers = metrics.Metrics()
    model = LoadedModel(settings.artifact, numbers)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        model.reload()
        following = asyncio.create_task(model.follow(settings.reload_seconds))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    app = FastAPI(
        title="recsys",
        summary="Predicted ratings from a matrix completed under the ratio penalty.",
        version="0.1.0",
        openapi_tags=openapi.TAGS,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.model = model
    app.state.metrics = numbers
    # The guard decides, before the body is read; here the key is only described, for the OpenAPI document.
    described = [Security(APIKeyHeader(name=API_KEY_HEADER, auto_error=False))] if settings.api_key else []
    for convention, router in (
        (errors.NATIVE, native.router),
        (errors.MLFLOW, mlflow.router),
        (errors.KSERVE, kserve.router),
        (errors.NATIVE, metrics.router),
    ):
        refusals = convention.responses(401) if described else {}
        app.include_router(router, dependencies=described, responses=refusals)
    for router in (mlflow.probes, kserve.probes, health.router):
        app.include_router(router)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(BodyGuard, most=settings.max_body_bytes)
    if settings.api_key:
        app.add_middleware(ApiKeyGuard, key=settings.api_key.get_secret_value())
    app.add_middleware(Access, model=model, metrics=numbers)  # the last one added sees a request first
    return app


def main() -> None:
    """Serve the artefact that the settings name."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.INFO)
    access = logging.getLogger("serving.access")
    access.addHandler(logging.StreamHandler(sys.stdout))
    access.propagate = False
    try:
        settings = Settings()
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}".removeprefix(": ") for e in error.errors(include_input=False)
        )
        sys.exit(f"serving: {reasons}")
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,  # `Access` writes it, as JSON
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )


if __name__ == "__main__":
    main()
