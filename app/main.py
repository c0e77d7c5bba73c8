"""The application: routes, errors and what goes on around them, over one process context."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from app.api import errors
from app.api.access import ApiKeys
from app.api.limits import Throttle
from app.api.metrics import Shared, shared
from app.api.model import Problem
from app.api.openapi import DESCRIPTION, TAGS, described
from app.api.permits import Permits
from app.api.requests import Measure, RequestId, Sane
from app.api.routes import (
    audit,
    browse,
    changes,
    epg,
    filters,
    health,
    jobs,
    outputs,
    player,
    playlists,
    preview,
    providers,
    rulesets,
    snapshot_files,
    snapshots,
    streams,
    sync,
    tables,
    tags,
    variants,
)
from app.config import Settings, load_settings
from app.context import ProcessContext, open_context

Background = Callable[[ProcessContext], AbstractAsyncContextManager[Any]]


def create_app(settings: Settings | None = None, *, background: Background | None = None) -> FastAPI:
    """The application. `background` runs beside it while it serves: the embedded worker, where there is one."""
    chosen = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context(chosen) as context, background(context) if background else nullcontext():
            await context.access.keys.load()
            app.state.context = context
            app.state.shared = shared(context)
            yield

    app = FastAPI(
        title="Lineup",
        version=version("lineup"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        responses={422: {"model": Problem, "description": "Something that was sent cannot be used."}},
        redoc_url=None,
    )
    _add_routes(app)
    _surround(app, chosen)
    app.openapi = described(app)  # type: ignore[method-assign]
    return app


def create_exposition(settings: Settings) -> FastAPI:
    """What a worker process tells of itself: that it lives and what it has done, behind the same door as the API."""
    app = FastAPI(title="Lineup worker", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.shared = Shared(())  # what all processes share is told by the server
    app.include_router(health.own)
    _surround(app, settings)
    return app


def _surround(app: FastAPI, settings: Settings) -> None:
    errors.install(app)
    # The last one added is the outermost: an id first, then the clock, then the net, then limits, door and permits.
    for middleware, options in (
        (Sane, {}),
        (Permits, {}),
        (ApiKeys, {"keys": settings.api_keys}),
        (Throttle, {}),
        (errors.Failsafe, {}),
        (Measure, {}),
        (RequestId, {}),
    ):
        app.add_middleware(middleware, **options)


def _add_routes(app: FastAPI) -> None:
    missing: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such thing."}}
    # An account is a provider: the same routes under both names, described once.
    for prefix, shown in (("/api/providers", True), ("/api/accounts", False)):
        versions = (snapshots.router, snapshot_files.router, changes.router)
        catalogue = (browse.below, preview.below, *versions, epg.below, tables.router)
        for router in (providers.router, sync.router, *catalogue, tags.below, rulesets.below, filters.below):
            app.include_router(router, prefix=prefix, responses=missing, include_in_schema=shown)
    # `/channels/preview` stands before `/channels/{item_id}`.
    for router in (
        sync.everywhere,
        jobs.router,
        streams.router,
        preview.across,
        variants.router,
        epg.router,
        tags.router,
        rulesets.router,
        browse.across,
        playlists.router,
        audit.router,
    ):
        app.include_router(router, prefix="/api", responses=missing)
    # Last: a player's address is any three words that end in a number.
    for router in (health.own, health.router, outputs.router, outputs.hidden, player.router):
        app.include_router(router)
