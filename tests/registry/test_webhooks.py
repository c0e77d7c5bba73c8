import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Integer, LargeBinary, insert, select, update

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import ProviderKind
from app.domain.webhooks import FIRST_SECONDS, LONGEST_SECONDS, MOST_ATTEMPTS, retry_seconds
from app.providers.base import ProviderAccount
from app.providers.transport import Transport
from app.registry.webhooks import Webhooks, configure
from tests.providers.raw_server import Asked, RawServer, reply
from tests.support.scripted import add_provider

HEAD, WEBHOOK, SNAPSHOT = (metadata.tables[name] for name in ("catalogue_head", "webhook", "snapshot"))
KEY = b"fake-fake-fake-fake-fake-fake"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def verified(asked: Asked, key: bytes = KEY) -> dict[str, Any]:
    """The body of a message, checked as a receiver does that knows nothing of Lineup."""
    said, at = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    assert "." not in said
    assert abs(time.time() - int(at)) < 60
    mac = hmac.new(key, said.encode() + b"." + at.encode() + b"." + asked.body, hashlib.sha256)
    assert asked.headers["webhook-signature"] == "v1," + base64.b64encode(mac.digest()).decode()
    body: dict[str, Any] = json.loads(asked.body)
    return body


@dataclass
class Receiver:
    """Answers with `status`; `asked` remembers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    server: RawServer | None = None

    def answer(self, _asked: Asked) -> bytes:
        return reply(b"ok", self.status, self.headers)

    @property
    def asked(self) -> list[Asked]:
        assert self.server
        return self.server.asked

    @property
    def versions(self) -> list[str]:
        return [json.loads(one.body)["data"]["version"] for one in self.asked]


@dataclass
class Desk:
    database: Database
    webhooks: Webhooks
    receiver: Receiver
    pk: int
    transport: Transport
    secret: str = SECRET
    url: str = ""

    async def account(self, _pk: int) -> ProviderAccount:
        return ProviderAccount(
            id="oneaaaaaaaaaaaaa",
            name="Living room",
            kind=ProviderKind.STALKER,
            url="http://portal.test",
            credentials={"mac": "00:1A:79:00:00:01", "webhookSecret": self.secret},
            options={"webhookUrl": self.url},
        )

    async def publish(self, version: int, epoch: str = "e1") -> None:
        row = {"provider_pk": self.pk, "epoch": epoch, "version": version, "published_at": 1_795_268_163_000}
        stats = {"totalMovies": version}
        async with self.database.writer() as writer:
            await writer.execute(update(HEAD).values(epoch=epoch, version=version, published_at=row["published_at"]))
            names = set(SNAPSHOT.c.keys()) - set(row) - {"stats"}
            rest = {name: _empty(name) for name in names}
            await writer.execute(insert(SNAPSHOT), [{**row, "stats": stats, **rest}])

    async def set(self, **values: Any) -> None:
        async with self.database.writer() as writer:
            await writer.execute(update(WEBHOOK).values(**values))

    async def configure(self, *, wanted: bool = True) -> None:
        async with self.database.writer() as writer:
            await configure(writer, self.pk, wanted=wanted)

    async def row(self) -> Any:
        async with self.database.reader() as reader:
            return await reader.row(select(*WEBHOOK.c))

    async def tick(self) -> None:
        for pk in await self.webhooks.due():
            await self.webhooks.tell(pk)


def _empty(name: str) -> Any:
    """Something for a column that says nothing here."""
    column = SNAPSHOT.c[name]
    values: tuple[tuple[type, Any], ...] = ((LargeBinary, b""), (Integer, 0), (JSON, {}), (Boolean, False))
    found = next((value for kind, value in values if isinstance(column.type, kind)), "")
    return None if column.nullable else found


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    receiver, transport = Receiver(), Transport()
    pk = await add_provider(database)
    async with RawServer(receiver.answer) as server:
        receiver.server = server

        async def account(provider_pk: int) -> ProviderAccount:
            return await found.account(provider_pk)

        found = Desk(database, Webhooks(database, transport, account), receiver, pk, transport)
        found.url = f"{server.url}/hook?x=1"
        await found.configure()
        yield found
        await transport.close()


async def test_a_version_is_told_once_with_a_signature_that_anybody_can_check(desk: Desk) -> None:
    await desk.tick()
    await desk.publish(1)
    await desk.tick()
    await desk.tick()
    (asked,) = desk.receiver.asked
    assert (asked.method, asked.target) == ("POST", "/hook?x=1")
    assert asked.headers["content-type"] == "application/json"
    assert verified(asked) == {
        "type": "catalogue.published",
        "timestamp": "2026-11-21T13:36:03Z",
        "data": {
            "providerId": "oneaaaaaaaaaaaaa",
            "providerName": "Living room",
            "version": "e1.1",
            "stats": {"totalMovies": 1},
            "manifestPath": "/api/providers/oneaaaaaaaaaaaaa/snapshot/manifest?version=e1.1",
        },
    }
    row = await desk.row()
    assert (row.told, row.attempts, row.next_at, row.last_error) == ("e1.1", 0, None, None)
    assert SECRET not in repr(asked.headers) + asked.body.decode()


async def test_a_plain_text_is_a_key_too(desk: Desk) -> None:
    desk.secret = "fake words of a fake receiver"
    await desk.publish(1)
    await desk.tick()
    assert verified(desk.receiver.asked[0], desk.secret.encode())


async def test_of_several_versions_the_newest_is_told(desk: Desk) -> None:
    for version in (1, 2, 3):
        await desk.publish(version)
    await desk.tick()
    await desk.publish(1, epoch="e2")
    await desk.tick()
    assert desk.receiver.versions == ["e1.3", "e2.1"]


async def test_a_webhook_that_is_added_later_starts_with_the_next_version(desk: Desk) -> None:
    await desk.configure(wanted=False)
    assert await desk.row() is None
    await desk.publish(4)
    await desk.configure()
    await desk.tick()
    assert desk.receiver.asked == []
    await desk.publish(5)
    await desk.tick()
    assert desk.receiver.versions == ["e1.5"]


@pytest.mark.parametrize("status", [500, 404, 302, 429])
async def test_a_failure_is_remembered_and_tried_again_with_the_same_id(desk: Desk, status: int) -> None:
    desk.receiver.status, desk.receiver.headers = status, {"Location": "/elsewhere"}
    await desk.publish(1)
    before = now_ms()
    await desk.tick()
    row = await desk.row()
    assert (row.told, row.attempts, row.last_error) == ("", 1, f"The webhook answered {status}.")
    assert FIRST_SECONDS * 1000 <= row.next_at - before <= FIRST_SECONDS * 1000 + 5_000
    await desk.tick()
    assert len(desk.receiver.asked) == 1
    await desk.set(next_at=now_ms() - 1)
    desk.receiver.status = 202
    await desk.tick()
    first, second = desk.receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verified(second)
    assert (await desk.row()).told == "e1.1"
    assert (await desk.row()).last_error is None


@pytest.mark.parametrize(("wish", "granted"), [(120, 120), (999_999, LONGEST_SECONDS)])
async def test_a_wish_of_the_receiver_is_granted_up_to_six_hours(desk: Desk, wish: int, granted: int) -> None:
    desk.receiver.status, desk.receiver.headers = 503, {"Retry-After": str(wish)}
    await desk.publish(1)
    await desk.tick()
    assert (granted - 5) * 1000 < (await desk.row()).next_at - now_ms() <= granted * 1000


async def test_nobody_there_is_a_failure_like_any_other(desk: Desk) -> None:
    desk.url = "http://127.0.0.1:1/hook?token=fake-token"
    await desk.publish(1)
    await desk.tick()
    row = await desk.row()
    assert row.attempts == 1
    assert row.last_error == "The webhook was not told: 127.0.0.1:1 refuses connections or cannot be reached."


async def test_a_slow_receiver_holds_nobody_for_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.registry.webhooks.ANSWER_SECONDS", 0.3)
    async with RawServer(desk.receiver.answer, hold=30) as server:
        desk.url = server.url
        await desk.publish(1)
        began = time.monotonic()
        await desk.tick()
        assert time.monotonic() - began < 5
    assert (await desk.row()).last_error == "The webhook did not answer within 0.3 s."


async def test_the_waits_double_to_six_hours_and_end_after_a_day(desk: Desk) -> None:
    waits = [retry_seconds(attempts) for attempts in range(1, MOST_ATTEMPTS + 1)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] is None
    assert max(one for one in waits if one is not None) == LONGEST_SECONDS
    assert 23 * 3600 < sum(one for one in waits if one is not None) < 25 * 3600
    desk.receiver.status = 500
    await desk.publish(1)
    for _ in range(MOST_ATTEMPTS + 3):
        await desk.set(next_at=None)
        await desk.tick()
    assert len(desk.receiver.asked) == MOST_ATTEMPTS
    assert (await desk.row()).last_error == "The webhook answered 500. This version is given up."
    desk.receiver.status = 200
    await desk.publish(2)
    await desk.tick()
    assert desk.receiver.versions[-1] == "e1.2"
    assert (await desk.row()).told == "e1.2"


async def test_a_receiver_that_is_gone_is_left_alone_until_the_webhook_changes(desk: Desk) -> None:
    desk.receiver.status = 410
    await desk.publish(1)
    await desk.tick()
    await desk.publish(2)
    await desk.tick()
    assert len(desk.receiver.asked) == 1
    assert "410" in (await desk.row()).last_error
    desk.receiver.status = 200
    await desk.configure()
    assert (await desk.row()).last_error is None
    await desk.tick()
    assert desk.receiver.versions == ["e1.1", "e1.2"]


async def test_two_workers_tell_once(desk: Desk) -> None:
    await desk.publish(1)
    await asyncio.gather(*(desk.webhooks.tell(desk.pk) for _ in range(6)))
    assert len(desk.receiver.asked) == 1


async def test_a_worker_that_dies_while_it_tells_is_followed_by_another(desk: Desk) -> None:
    async with RawServer(desk.receiver.answer, hold=30) as server:
        there, desk.url = desk.url, server.url
        await desk.publish(1)
        dying = asyncio.create_task(desk.webhooks.tell(desk.pk))
        while not server.asked:  # noqa: ASYNC110 - the server is no task of ours
            await asyncio.sleep(0.01)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    desk.url = there
    assert await desk.webhooks.due() == []
    await desk.set(next_at=now_ms() - 1)
    await desk.tick()
    assert desk.receiver.versions == ["e1.1"]


async def test_an_outcome_that_comes_after_a_change_says_nothing(desk: Desk) -> None:
    desk.receiver.status = 410
    await desk.publish(1)

    async def account(provider_pk: int) -> ProviderAccount:
        await desk.configure()
        await desk.set(tried="e1.1", next_at=77)  # another worker is at it
        return await desk.account(provider_pk)

    await Webhooks(desk.database, desk.transport, account).tell(desk.pk)
    row = await desk.row()
    assert (row.gone, row.attempts, row.next_at, row.last_error) == (False, 0, 77, None)


async def test_a_clock_that_was_set_back_does_not_silence_it(desk: Desk) -> None:
    desk.receiver.status = 500
    await desk.publish(1)
    await desk.tick()
    await desk.set(next_at=now_ms() + 24 * 3_600_000)
    desk.receiver.status = 200
    await desk.tick()
    assert (await desk.row()).told == "e1.1"


async def test_private_receivers_are_refused_where_private_providers_are(desk: Desk) -> None:
    guarded = Transport(networks="public")
    await desk.publish(1)
    await Webhooks(desk.database, guarded, desk.account).tell(desk.pk)
    await guarded.close()
    assert desk.receiver.asked == []
    assert "private" in (await desk.row()).last_error
