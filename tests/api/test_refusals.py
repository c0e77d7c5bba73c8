"""Providers that refuse, as a client sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.errors import Rejected
from app.db.tables import metadata
from app.domain.kinds import Kind
from tests.providers.raw_server import Asked, RawServer, reply
from tests.support.server import Served

PROVIDER = metadata.tables["provider"]
ACCOUNT = b'{"user_info":{"auth":1,"status":"Active","exp_date":"4102444800","max_connections":"2"},"server_info":{}}'
LOGINS = {"stalker": {"mac": "00:1A:79:AA:BB:CC"}, "xtream": {"username": "fake-user", "password": "fake-word"}}


class Bouncer:
    """Refuses with an empty 403, or lets in with `body`."""

    def __init__(self) -> None:
        self.body: bytes | None = None

    def answer(self, _asked: Asked) -> bytes:
        return reply(b"", 403) if self.body is None else reply(self.body)


@pytest.fixture
def bouncer() -> Bouncer:
    return Bouncer()


@pytest.fixture
async def portal(bouncer: Bouncer) -> AsyncIterator[RawServer]:
    async with RawServer(bouncer.answer) as server:
        yield server


async def added(served: Served, portal: RawServer, kind: str = "xtream") -> dict[str, Any]:
    body = {"name": "Bouncer", "kind": kind, "url": portal.url, "credentials": LOGINS[kind], "sync": False}
    found: dict[str, Any] = await served.json("POST", "/api/providers", 201, json=body)
    return found


async def attempt(served: Served, provider: dict[str, Any]) -> str:
    view = await served.context.registry.by_id(provider["id"])
    account = await served.context.registry.account(view.pk)
    async with served.context.open_provider(account) as opened:
        try:
            await opened.categories(Kind.MOVIE)
        except Rejected as error:
            return error.detail
    return ""


async def health(served: Served, provider: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await served.json("GET", f"/api/providers/{provider['id']}"))["health"]
    return found


@pytest.mark.parametrize("kind", LOGINS)
async def test_an_empty_403_is_a_refusal_in_every_dialect_and_three_open_the_breaker(
    served: Served, portal: RawServer, kind: str
) -> None:
    provider = await added(served, portal, kind)
    for _ in range(3):
        assert (await health(served, provider))["breaker"] == "closed"
        assert "403" in await attempt(served, provider)
    asked = len(portal.asked)
    assert (await attempt(served, provider)).startswith("The provider is left alone until ")
    assert len(portal.asked) == asked
    shown = await health(served, provider)
    assert shown["breaker"] == "open"
    until = datetime.fromisoformat(shown["breakerUntil"]) - datetime.now(UTC)
    assert timedelta(0) < until <= timedelta(minutes=1)
    assert "403" in shown["lastError"]
    assert shown["lastErrorAt"] is not None


async def test_a_person_is_always_answered_and_a_success_closes_it(
    served: Served, portal: RawServer, bouncer: Bouncer
) -> None:
    provider = await added(served, portal)
    for _ in range(3):
        await attempt(served, provider)
    asked = len(portal.asked)
    told = await served.json("POST", f"/api/providers/{provider['id']}/test")
    assert (told["ok"], told["status"]) == (False, "rejected")
    assert len(portal.asked) > asked
    assert (await health(served, provider))["breaker"] == "open"
    bouncer.body = ACCOUNT
    assert (await served.json("POST", f"/api/providers/{provider['id']}/test"))["ok"] is True
    shown = await health(served, provider)
    assert (shown["breaker"], shown["breakerUntil"], shown["lastError"]) == ("closed", None, None)
    assert not (await attempt(served, provider)).startswith("The provider is left alone")


@pytest.mark.parametrize(
    "change",
    [{"url": "http://other.test"}, {"credentials": {"password": "fake-other"}}, {"options": {"userAgent": "Other"}}],
)
async def test_a_change_of_what_is_asked_closes_it(served: Served, portal: RawServer, change: dict[str, Any]) -> None:
    provider = await added(served, portal)
    for _ in range(3):
        await attempt(served, provider)
    path = f"/api/providers/{provider['id']}"
    assert (await served.json("PATCH", path, json={"name": "Same"}))["health"]["breaker"] == "open"
    assert (await served.json("PATCH", path, json=change))["health"]["breaker"] == "closed"


async def test_the_next_sync_is_told_with_the_breaker_in_mind(served: Served, portal: RawServer) -> None:
    provider = await added(served, portal)
    for _ in range(3):
        await attempt(served, provider)
    async with served.context.database.writer() as writer:
        await writer.execute(update(PROVIDER).values(next_sync_at=1))
    shown = await served.json("GET", f"/api/providers/{provider['id']}")
    assert shown["nextSyncAt"] == shown["health"]["breakerUntil"]
    async with served.context.database.writer() as writer:
        await writer.execute(update(PROVIDER).values(breaker_until=2))
    assert (await health(served, provider))["breaker"] == "half-open"


async def test_what_a_login_says_of_the_account_is_remembered_by_whoever_asked(
    served: Served, portal: RawServer, bouncer: Bouncer
) -> None:
    provider = await added(served, portal)
    bouncer.body = ACCOUNT
    await attempt(served, provider)
    account = (await served.json("GET", f"/api/providers/{provider['id']}"))["account"]
    assert account == {"status": "active", "expiresAt": "2100-01-01T00:00:00Z", "maxConnections": 2}


async def test_clean_keeps_the_breaker(served: Served, portal: RawServer) -> None:
    provider = await added(served, portal)
    for _ in range(3):
        await attempt(served, provider)
    async with served.context.database.writer() as writer:
        await writer.execute(update(PROVIDER).values(movies_walked_at=5, movies_synced_at=5))
    await served.json("DELETE", f"/api/providers/{provider['id']}/clean")
    assert (await health(served, provider))["breaker"] == "open"
    async with served.context.database.reader() as reader:
        row = await reader.row(PROVIDER.select())
    assert row is not None
    assert (row.movies_walked_at, row.movies_synced_at) == (None, None)


async def test_a_disabled_provider_has_its_first_sync_when_it_is_enabled(served: Served, portal: RawServer) -> None:
    body = {"name": "Later", "kind": "xtream", "url": portal.url, "credentials": LOGINS["xtream"], "enabled": False}
    provider = await served.json("POST", "/api/providers", 201, json=body)
    assert (provider["jobId"], provider["nextSyncAt"]) == (None, None)
    after = await served.json("PATCH", f"/api/providers/{provider['id']}", json={"enabled": True})
    assert datetime.fromisoformat(after["nextSyncAt"]) <= datetime.now(UTC)
