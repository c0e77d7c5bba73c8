"""The application as a client sees it, over its real context."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

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
