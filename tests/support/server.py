"""The application as a client sees it, over its real context, and single routes over a part of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from app.api import errors
from app.cli.serve import address_of, listener
from app.cli.serve import serving as serving_on
from app.config import Settings
from app.context import ProcessContext
from app.main import Background, create_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """`json` answers the body of a request that has to succeed with `status`."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def context(self) -> ProcessContext:
        context: ProcessContext = self.app.state.context
        return context

    async def json(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@asynccontextmanager
async def serving(settings: Settings, *, background: Background | None = None) -> AsyncIterator[Served]:
    """The application between its start and its end."""
    app = create_app(settings, background=background)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://lineup.test") as client,
    ):
        yield Served(app=app, client=client)


@asynccontextmanager
async def listening(settings: Settings, *, patience: float = 5.0) -> AsyncIterator[Served]:
    """The application on a port of its own, for what only real sockets show; its client waits `patience` seconds."""
    app = create_app(settings)
    with listener(settings.model_copy(update={"port": 0})) as bound:
        client = httpx.AsyncClient(base_url=address_of(bound), timeout=patience, trust_env=False)
        async with serving_on(app, bound), client:
            yield Served(app=app, client=client)


def asking(router: APIRouter, **context: Any) -> httpx.AsyncClient:
    """A client of the routes below a provider, over these parts of a context; it accepts no encoding by itself."""
    app = FastAPI()
    app.state.context = SimpleNamespace(**context)
    app.include_router(router, prefix="/api/providers")
    errors.install(app)
    made = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
    del made.headers["accept-encoding"]
    return made
