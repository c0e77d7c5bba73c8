"""A panel that answers each action with what a test says, byte for byte."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.domain.kinds import Kind, ProviderKind, StepName
from app.domain.records import Record, RejectedRecord
from app.providers.base import Page, ProviderAccount
from app.providers.transport import Transport
from app.providers.xtream.provider import XtreamProvider
from tests.providers.raw_server import Asked, RawServer, reply

USERNAME, PASSWORD = "fake-user@1", "fake+pass/7"
STEPS = {Kind.CHANNEL: StepName.CHANNELS, Kind.MOVIE: StepName.MOVIES, Kind.SERIES: StepName.SERIES}
LIST_ACTIONS = {Kind.CHANNEL: "get_live_streams", Kind.MOVIE: "get_vod_streams", Kind.SERIES: "get_series"}


def account(**changes: Any) -> dict[str, Any]:
    """An account object; `server` goes to `server_info`."""
    server = changes.pop("server", {"timezone": "Europe/Berlin"})
    user = {"username": USERNAME, "auth": 1, "status": "Active", "exp_date": None, "allowed_output_formats": ["ts"]}
    return {"user_info": user | changes, "server_info": server}


@dataclass(kw_only=True)
class Panel:
    server: RawServer
    provider: XtreamProvider
    answers: dict[str, Any]

    def actions(self) -> list[str]:
        return [asked.query.get("action", "") for asked in self.server.asked]

    async def pages(self, kind: Kind) -> list[Page]:
        [scope] = await self.provider.scopes(STEPS[kind], frozenset(Kind))
        return [page async for page in self.provider.stream(scope)]

    async def walked(self, kind: Kind) -> tuple[list[Record], list[RejectedRecord]]:
        pages = await self.pages(kind)
        return [one for page in pages for one in page.records], [one for page in pages for one in page.rejected]


@asynccontextmanager
async def panel(
    answers: Mapping[str, Any], *, options: Mapping[str, Any] | None = None, path: str = "", retries: int = 3
) -> AsyncIterator[Panel]:
    """`answers` are by action (`""` is the login): raw bytes of a reply, or a value that is sent as JSON."""
    known = {"": account(), **answers}

    def answer(asked: Asked) -> bytes | None:
        found = known.get(asked.query.get("action", ""), reply("<html>404</html>", 404))
        found = found(asked) if callable(found) else found
        return found if isinstance(found, bytes) or found is None else reply(json.dumps(found))

    transport = Transport()
    async with RawServer(answer) as server:
        who = ProviderAccount(
            id="panel",
            name="Panel",
            kind=ProviderKind.XTREAM,
            url=server.url + path,
            credentials={"username": USERNAME, "password": PASSWORD},
            options=dict(options or {}),
        )
        async with XtreamProvider(who, transport, retry_attempts=retries, retry_base_seconds=0.001) as provider:
            yield Panel(server=server, provider=provider, answers=known)
    await transport.close()
