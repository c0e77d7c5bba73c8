from typing import Any

import pytest
from sqlalchemy import text

from tests.support.server import Served

SECRET = "whsec_ZmFrZS1mYWtlLWZha2UtZmFrZS1mYWtl"
URL = "https://hook.example.test/tell?token=fake-token"


def hooked(body: dict[str, Any], url: Any = URL, secret: Any = SECRET) -> dict[str, Any]:
    return body | {"credentials": body["credentials"] | {"webhookSecret": secret}, "options": {"webhookUrl": url}}


async def rows(served: Served) -> int:
    async with served.context.database.reader() as reader:
        return int(await reader.scalar(text("SELECT count(*) FROM webhook")))


async def test_a_webhook_is_set_and_its_secret_never_shown(served: Served, stalker: dict[str, Any]) -> None:
    answer = await served.client.post("/api/providers", json=hooked(stalker))
    assert answer.status_code == 201
    body = answer.json()
    assert body["credentials"] == {"mac": True, "webhookSecret": True}
    assert body["options"] == {"webhookUrl": "https://hook.example.test/tell"}
    assert body["health"]["webhookError"] is None
    assert SECRET not in answer.text
    assert "fake-token" not in answer.text
    async with served.context.database.reader() as reader:
        stored = await reader.row(text("SELECT * FROM provider"))
    assert stored is not None
    assert SECRET not in repr(tuple(stored))
    assert await rows(served) == 1


@pytest.mark.parametrize(
    ("url", "secret", "field"),
    [
        ("hook.example.test", SECRET, "options.webhookUrl"),
        ("ftp://hook.example.test", SECRET, "options.webhookUrl"),
        (7, SECRET, "options.webhookUrl"),
        (URL, None, "credentials.webhookSecret"),
        (URL, "too short", "credentials.webhookSecret"),
        (URL, "whsec_bm90IGxvbmc=", "credentials.webhookSecret"),
        (URL, "x" * 65, "credentials.webhookSecret"),
    ],
)
async def test_what_is_wrong_with_a_webhook_is_named(
    served: Served, stalker: dict[str, Any], url: Any, secret: Any, field: str
) -> None:
    problem = await served.json("POST", "/api/providers", 422, json=hooked(stalker, url, secret))
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_webhook_is_changed_and_taken_away(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/providers", 201, json=stalker)
    path = f"/api/providers/{added['id']}"
    assert await rows(served) == 0
    problem = await served.json("PATCH", path, 422, json={"options": {"webhookUrl": URL}})
    assert problem["errors"][0]["field"] == "credentials.webhookSecret"
    both = {"options": {"webhookUrl": URL}, "credentials": {"webhookSecret": SECRET}}
    assert (await served.json("PATCH", path, json=both))["credentials"]["webhookSecret"] is True
    assert await rows(served) == 1
    async with served.context.database.writer() as writer:
        await writer.execute(text("UPDATE webhook SET last_error = 'The webhook answered 500.', attempts = 3"))
    assert (await served.json("GET", path))["health"]["webhookError"] == "The webhook answered 500."
    after = await served.json("PATCH", path, json={"name": "Other"})
    assert after["health"]["webhookError"] == "The webhook answered 500."
    after = await served.json("PATCH", path, json={"options": {"webhookUrl": "https://other.example.test"}})
    assert after["health"]["webhookError"] is None
    problem = await served.json("PATCH", path, 422, json={"credentials": {"webhookSecret": None}})
    assert problem["errors"][0]["field"] == "credentials.webhookSecret"
    await served.json("PATCH", path, json={"options": {"webhookUrl": None}})
    assert await rows(served) == 0


async def test_a_removed_provider_takes_its_webhook_with_it(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/providers", 201, json=hooked(stalker))
    await served.json("DELETE", f"/api/providers/{added['id']}/clean")
    assert await rows(served) == 1
    await served.json("DELETE", f"/api/providers/{added['id']}", 204)
    assert await rows(served) == 0
