"""The HTTP application: the settings, the model and the routes together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from serving.middleware.access import Access
from serving.middleware.api_key_guard import API_KEY_HEADER, ApiKeyGuard
from serving.middleware.body_guard import BodyGuard
from serving.middleware.cors import Cors
from serving.middleware.direct import DirectRoutes
from serving.middleware.root_path import RootPath
from serving.middleware.turns import Turns
from serving.page import documentation, page
from serving.process import log, metrics, shared
from serving.process.loaded_model import LoadedModel
from serving.ratings.store import RatingStore
from serving.routes import errors, openapi
from serving.routes.native.protocol import DIRECT, RATING_DIRECT
from serving.routes.protocols import PROTOCOLS
from serving.settings import Settings

# The guard decides, before the body is read; these describe the key in the OpenAPI document.
_KEY_SCHEMES = (
    APIKeyHeader(name=API_KEY_HEADER, auto_error=False, description="The key of this server."),
    HTTPBearer(auto_error=False, description="The same key, in a header that other clients know."),
)
# Probes have no key, and neither documentation nor page holds secrets; the page asks its reader for the key.
_OPEN_PATHS = frozenset({openapi.PATH}.union(page.PATHS, documentation.PATHS, *(p.open_paths for p in PROTOCOLS)))


def application(settings: Settings) -> FastAPI:
    """Build it, see `serving.app.create_app`."""
    numbers = metrics.Metrics()
    model = LoadedModel(settings.artifact, numbers, shared.folder())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.store = store = open_store(settings)
        model.reload()
        following = asyncio.create_task(model.follow(settings.reload_seconds))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        if store is not None:
            await asyncio.to_thread(store.close)

    app = FastAPI(
        title="recsys",
        summary="Predicted ratings from a matrix completed under the ratio penalty.",
        description=openapi.DESCRIPTION,
        version=version("recsys"),
        openapi_tags=openapi.TAGS,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        openapi_url=None,  # `openapi` gives the document, and `documentation` the pages: FastAPI's load from elsewhere
        redirect_slashes=False,  # those would go to whatever host the request names
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.model = model
    app.state.metrics = numbers
    app.state.store = None
    app.state.stopping = False
    _include_routes(app, settings)
    _add_middleware(app, settings)
    return app


def open_store(settings: Settings) -> RatingStore | None:
    """The ratings that clients send; None if the settings want none.

    Raises:
        DatabaseError: the database cannot be reached or written to.
    """
    if settings.ratings_database is None:
        return None
    from serving.ratings.opening import open_database  # which needs SQLAlchemy

    return RatingStore(open_database(settings.ratings_database.get_secret_value()))


def _include_routes(app: FastAPI, settings: Settings) -> None:
    security = [Security(scheme) for scheme in _KEY_SCHEMES] if settings.api_key else []
    for protocol in PROTOCOLS:
        refusals = protocol.errors.responses(401) if settings.api_key else {}
        rating_routers = protocol.rating_routers if settings.ratings_database else ()
        for router in protocol.routers + rating_routers:
            app.include_router(router, prefix=protocol.prefix, dependencies=security, responses=refusals)
    for protocol in PROTOCOLS:
        for router in protocol.open_routers:
            app.include_router(router, prefix=protocol.prefix)
    app.include_router(page.router)
    app.include_router(documentation.router)
    errors.install(app)
    openapi.install(app)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Wrap the routes in layers; the last one added sees a request first."""
    app.add_middleware(DirectRoutes, routes=DIRECT | (RATING_DIRECT if settings.ratings_database else {}))
    app.add_middleware(Turns)
    app.add_middleware(BodyGuard, most=settings.max_body_bytes, most_pairs=settings.max_pairs)
    if settings.api_key:
        app.add_middleware(ApiKeyGuard, key=settings.api_key.get_secret_value(), open_paths=_OPEN_PATHS)
    if settings.cors_origins:
        methods = ("GET", "HEAD", "POST", *(("PUT", "DELETE") if settings.ratings_database else ()))
        app.add_middleware(Cors, origins=settings.cors_origins, methods=methods)
    app.add_middleware(Access, model=app.state.model, metrics=app.state.metrics, log=log.ACCESS)
    if settings.root_path:
        app.add_middleware(RootPath, prefix=settings.root_path)
