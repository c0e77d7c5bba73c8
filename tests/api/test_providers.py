import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.kinds import Kind
from tests.support.scripted import ScriptedProvider, record, sync
from tests.support.server import Served

FIELDS = {
    *("id", "name", "kind", "url", "credentials", "options", "schedule", "enabled", "lastSync", "nextSyncAt"),
    *("health", "account", "stats", "createdAt", "updatedAt"),
}


async def test_an_added_provider_tells_everything_but_its_secrets(served: Served, xtream: dict[str, Any]) -> None:
    added = await served.client.post("/api/providers", json=xtream | {"sync": True})
    assert added.status_code == 201
    body = added.json()
    assert set(body) == FIELDS | {"jobId"}
    assert body["credentials"] == {"username": True, "password": True}
    assert "?" not in body["url"]
    assert "fake-word" not in added.text
    assert body["lastSync"] == {"channels": None, "movies": None, "series": None, "epg": None}
    health = {"lastError": None, "lastErrorAt": None, "breaker": "closed", "breakerUntil": None, "webhookError": None}
    assert body["health"] == health
    assert body["account"] == {"status": None, "expiresAt": None, "maxConnections": None}
    assert body["stats"] == {"totalMovies": 0, "totalSeries": 0, "totalChannels": 0, "totalCategories": 0}
    job = await served.json("GET", f"/api/jobs/{body['jobId']}")
    assert (job["status"], job["providerId"]) == ("queued", body["id"])
    shown = await served.json("GET", f"/api/providers/{body['id']}")
    assert set(shown) == FIELDS


async def test_nothing_secret_is_stored_in_the_clear(served: Served, xtream: dict[str, Any]) -> None:
    await served.json("POST", "/api/providers", 201, json=xtream)
    async with served.context.database.reader() as reader:
        row = await reader.row(text("SELECT * FROM provider"))
    assert row is not None
    assert "fake-word" not in repr(tuple(row))
    assert "fake-user" not in repr(tuple(row))


async def test_the_same_account_gets_the_same_ids_again(served: Served, stalker: dict[str, Any]) -> None:
    first = (await served.json("POST", "/api/providers", 201, json=stalker))["id"]
    second = (await served.json("POST", "/api/providers", 201, json=stalker | {"name": "Copy"}))["id"]
    assert first != second
    await served.json("DELETE", f"/api/providers/{first}", 204)
    assert (await served.json("POST", "/api/providers", 201, json=stalker))["id"] == first
    third = (await served.json("POST", "/api/providers", 201, json=stalker))["id"]
    assert third not in {first, second}


async def test_a_copy_added_at_the_same_time_gets_an_id_of_its_own(served: Served, stalker: dict[str, Any]) -> None:
    added = await asyncio.gather(*(served.json("POST", "/api/providers", 201, json=stalker) for _ in range(4)))
    assert len({body["id"] for body in added}) == 4


async def test_accounts_are_providers(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/accounts", 201, json=stalker)
    listed = await served.json("GET", "/api/accounts")
    assert listed == await served.json("GET", "/api/providers")
    assert (listed["total"], listed["page"], listed["limit"], listed["hasMore"]) == (1, 1, 100, False)
    assert listed["providers"][0]["id"] == added["id"]
    assert (await served.json("GET", f"/api/accounts/{added['id']}/movies"))["movies"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "vhs"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"url": "ftp://portal.test"}, "url"),
        ({"url": 5}, "url"),
        ({"credentials": {"mac": "00:1A"}}, "credentials.mac"),
        ({"credentials": {}}, "credentials.mac"),
        ({"credentials": {"mac": "00:1A:79:AA:BB:CC", "pin": "1"}}, "credentials.pin"),
        ({"options": {"nonsense": 1}}, "options.nonsense"),
        ({"schedule": {"everyHours": 0}}, "schedule.everyHours"),
        ({"schedule": {"everyHours": 1e9}}, "schedule.everyHours"),
        ({"schedule": {"everyHours": 6, "cron": "0 4 * * *"}}, "schedule"),
        ({"schedule": {}}, "schedule"),
        ({"schedule": {"cron": "61 * * * *"}}, "schedule.cron"),
        ({"schedule": {"cron": "0 4 31 2 *"}}, "schedule.cron"),
        ({"schedule": {"cron": "0 4 * * *", "timezone": "Mars/Olympus"}}, "schedule.timezone"),
        ({"schedule": {"every": 6}}, "schedule.every"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(
    served: Served, stalker: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = await served.client.post("/api/providers", json=stalker | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await served.json("GET", "/api/providers"))["total"] == 0


async def test_a_schedule_says_when_the_next_sync_is(served: Served, stalker: dict[str, Any]) -> None:
    async def added(**schedule: Any) -> tuple[Any, datetime | None]:
        body = await served.json("POST", "/api/providers", 201, json=stalker | schedule)
        at = body["nextSyncAt"]
        return body["schedule"], datetime.fromisoformat(at) if at else None

    now = datetime.now(UTC)
    schedule, at = await added()
    assert schedule == {"everyHours": 6}
    assert at is not None
    assert timedelta(hours=6) <= at - now < timedelta(hours=6, minutes=9)
    assert await added(schedule=None) == (None, None)
    schedule, at = await added(schedule={"cron": "30 4 * * *", "timezone": "Asia/Kolkata"})
    assert schedule == {"cron": "30 4 * * *", "timezone": "Asia/Kolkata"}
    assert at is not None
    assert (at.hour, at.minute) == (23, 0)
    assert now < at <= now + timedelta(days=1)


async def test_a_change_touches_only_what_it_names(served: Served, stalker: dict[str, Any]) -> None:
    body = stalker | {"credentials": stalker["credentials"] | {"serialNumber": "FAKE1", "password": "fake-word"}}
    before = await served.json("POST", "/api/providers", 201, json=body)
    path = f"/api/providers/{before['id']}"
    after = await served.json("PATCH", path, json={"name": "Bedroom"})
    assert after | {"updatedAt": None} == {name: before[name] for name in FIELDS} | {
        "name": "Bedroom",
        "updatedAt": None,
    }
    after = await served.json("PATCH", path, json={"credentials": {"serialNumber": None, "username": "someone"}})
    assert after["credentials"] == {"mac": True, "password": True, "username": True}
    after = await served.json("PATCH", path, json={"options": {"fullEveryHours": 24}})
    assert after["options"] == {"fullEveryHours": 24}
    after = await served.json("PATCH", path, json={"options": {"fullEveryHours": None}})
    assert after["options"] == {}
    after = await served.json("PATCH", path, json={"enabled": False})
    assert (after["enabled"], after["nextSyncAt"], after["schedule"]) == (False, None, {"everyHours": 6})
    after = await served.json("PATCH", path, json={"enabled": True, "schedule": {"everyHours": 1}})
    assert after["nextSyncAt"] is not None
    account = await served.context.registry.account((await served.context.registry.by_id(before["id"])).pk)
    assert account.credentials == {"mac": "00:1A:79:AA:BB:CC", "password": "fake-word", "username": "someone"}
    assert "fake-word" not in repr(account)


async def test_a_change_that_makes_no_sense_changes_nothing(served: Served, stalker: dict[str, Any]) -> None:
    before = await served.json("POST", "/api/providers", 201, json=stalker)
    path = f"/api/providers/{before['id']}"
    for change, field in (
        ({"name": "Other", "credentials": {"mac": None}}, "credentials.mac"),
        ({"kind": "xtream"}, "kind"),
        ({"url": "nonsense://"}, "url"),
        ({"name": None}, "name"),
    ):
        problem = await served.json("PATCH", path, 422, json=change)
        assert problem["errors"][0]["field"] == field
    assert await served.json("GET", path) == {name: before[name] for name in FIELDS}


async def test_a_login_is_tried_and_remembered(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/providers", 201, json=stalker)
    told = await served.json("POST", f"/api/providers/{added['id']}/test")
    assert set(told) == {"ok", "status", "expiresAt", "maxConnections", "serverTimezone", "message"}
    assert told["ok"] is True
    after = await served.json("GET", f"/api/providers/{added['id']}")
    assert after["account"]["status"] == told["status"]
    assert after["health"]["lastError"] is None


async def test_a_provider_that_cannot_be_reached_is_an_answer(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/providers", 201, json=stalker | {"url": "http://127.0.0.1:9/c/"})
    told = await served.json("POST", f"/api/providers/{added['id']}/test")
    assert (told["ok"], told["status"]) == (False, "unavailable")
    assert told["message"]
    after = await served.json("GET", f"/api/providers/{added['id']}")
    assert after["health"]["lastError"] == told["message"]
    assert after["health"]["lastErrorAt"] is not None


async def test_a_removed_provider_leaves_no_row_behind(served: Served, stalker: dict[str, Any]) -> None:
    kept = await _stocked(served, stalker, "Kept")
    gone = await _stocked(served, stalker, "Gone")
    await served.json("POST", f"/api/providers/{gone}/sync", 202)
    before = await _rows(served)
    await served.json("DELETE", f"/api/providers/{gone}", 204)
    await served.json("GET", f"/api/providers/{gone}", 404)
    await served.json("DELETE", f"/api/providers/{gone}", 404)
    after = await _rows(served)
    assert after.pop("sync_job") == 1
    assert before.pop("sync_job") == 3
    assert {table: count * 2 for table, count in after.items()} == before
    assert (await served.json("GET", f"/api/providers/{kept}/movies"))["total"] == 30


async def test_a_cleaned_provider_keeps_its_name_and_its_ids(served: Served, stalker: dict[str, Any]) -> None:
    provider = await _stocked(served, stalker, "Clean me")
    other = await _stocked(served, stalker, "Other")
    path = f"/api/providers/{provider}"
    movies = (await served.json("GET", f"{path}/movies"))["movies"]
    view = await served.context.registry.by_id(provider)
    epoch = await _epoch(served, view.pk)
    deleted = (await served.json("DELETE", f"{path}/clean"))["deleted"]
    assert (deleted["movie"], deleted["document"], deleted["category"]) == (30, 42, 3)
    assert await _epoch(served, view.pk) != epoch
    shown = await served.json("GET", path)
    assert shown["lastSync"]["movies"] is None
    assert shown["stats"] == {"totalMovies": 0, "totalSeries": 0, "totalChannels": 0, "totalCategories": 0}
    assert (await served.json("GET", f"{path}/movies?search=movie"))["total"] == 0
    assert (await served.json("GET", f"/api/providers/{other}/movies?search=movie"))["total"] == 30
    await _stock(served, view.pk)
    assert [item["id"] for item in (await served.json("GET", f"{path}/movies"))["movies"]] == [m["id"] for m in movies]


async def test_a_catalogue_is_not_cleaned_under_a_live_job(served: Served, stalker: dict[str, Any]) -> None:
    provider = await _stocked(served, stalker, "Busy")
    await served.json("POST", f"/api/providers/{provider}/sync", 202)
    problem = await served.json("DELETE", f"/api/providers/{provider}/clean", 409)
    assert problem["code"] == "job_live"
    assert (await served.json("GET", f"/api/providers/{provider}/movies"))["total"] == 30


async def _stocked(served: Served, body: dict[str, Any], name: str) -> str:
    added = await served.json("POST", "/api/providers", 201, json=body | {"name": name})
    await _stock(served, (await served.context.registry.by_id(added["id"])).pk)
    return str(added["id"])


async def _stock(served: Served, pk: int) -> None:
    lists = {
        Kind.MOVIE: [record(Kind.MOVIE, number) for number in range(1, 31)],
        Kind.CHANNEL: [record(Kind.CHANNEL, number) for number in range(1, 13)],
    }
    await sync(served.context.database, pk, ScriptedProvider(lists=lists))


TABLES = (
    *("provider", "catalogue_head", "category", "channel", "movie", "document", "item_category"),
    *("sync_job", "search_index"),
)


async def _rows(served: Served) -> dict[str, int]:
    async with served.context.database.reader() as reader:
        return {table: await reader.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES}


async def _epoch(served: Served, pk: int) -> str:
    async with served.context.database.reader() as reader:
        return str(await reader.scalar(text(f"SELECT epoch FROM catalogue_head WHERE provider_pk = {pk}")))
