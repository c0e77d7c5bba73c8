"""What keys of each scope may do, on every route there is."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.api.permits import scope_of
from app.config import Settings
from app.domain.access import KeyScope
from app.main import create_app
from tests.support.server import Served, serving

CONFIGURED = "fake-key-of-the-settings"
# Everything else that is no GET needs `admin`.
ASK = {
    "POST /api/providers/{provider_id}/sql",
    "POST /api/providers/{provider_id}/filters/dry-run",
    "POST /api/rulesets/{ruleset_id}/dry-run",
}
WORK = {
    "POST /api/sync/all",
    "POST /api/providers/{provider_id}/sync",
    "POST /api/providers/{provider_id}/sync-channels",
    "POST /api/providers/{provider_id}/sync/cancel",
    "POST /api/providers/{provider_id}/process-tags",
    "POST /api/providers/{provider_id}/test",
    "POST /api/providers/{provider_id}/tables/{table}/sync",
}
GUARDED = {"GET /api/audit", "GET /api/playlists/{playlist_id}/users/{user_id}/password"}
OPEN = ("/health", "/p/", "/hdhr/", "/play/", "/relay/", "/playlist/", "/epg/")


def operations() -> list[tuple[str, str, KeyScope]]:
    """Method, path and scope of all that a key opens."""
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]  # type: ignore[call-arg]
    found = []
    for path, methods in paths.items():
        if path.startswith(OPEN) or not path.startswith(("/api/", "/metrics")):
            continue
        for method in map(str.upper, methods):
            name = f"{method} {path}"
            scope = KeyScope.READ if method == "GET" or name in ASK else KeyScope.ADMIN
            found.append((method, path, KeyScope.SYNC if name in WORK else scope))
    return [(method, path, KeyScope.ADMIN if f"{method} {path}" in GUARDED else one) for method, path, one in found]


OPERATIONS = operations()


def filled(path: str) -> str:
    return re.sub(r"{\w+}", "nothing", path)


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings.model_copy(update={"api_keys": (CONFIGURED,)})) as found:
        yield found


async def made(served: Served, scope: KeyScope) -> dict[str, str]:
    _, word = await served.context.access.keys.create(f"test {scope}", scope)
    return {"X-API-Key": word}


def test_every_operation_has_the_scope_that_is_written_here() -> None:
    named = {f"{method} {path}" for method, path, _ in OPERATIONS}
    assert named >= ASK | WORK | GUARDED
    wrong = [(method, path, scope) for method, path, scope in OPERATIONS if scope_of(method, filled(path)) != scope]
    assert wrong == []
    for method, path, scope in OPERATIONS:
        account = filled(path).replace("/api/providers/", "/api/accounts/", 1)
        assert scope_of(method, account) == scope
    assert len([one for one in OPERATIONS if one[2] is KeyScope.ADMIN]) > 25


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/providers/x/sync/"),
        ("POST", "/api/providers/x/y/sync"),
        ("POST", "/api/providers/x/sync/all/of/it"),
        ("PUT", "/api/providers/x/sync"),
        ("DELETE", "/api/providers/x/filters/dry-run"),
        ("PATCH", "/anything"),
        ("post", "/api/sync/all"),
    ],
)
def test_whatever_is_not_named_needs_admin(method: str, path: str) -> None:
    assert scope_of(method, path) is KeyScope.ADMIN


async def test_a_key_does_what_its_scope_says_and_no_more(served: Served) -> None:
    keys = {scope: await made(served, scope) for scope in KeyScope}
    for method, path, needed in OPERATIONS:
        if path.endswith("/events"):
            continue
        for scope, headers in keys.items():
            if scope.allows(needed) and scope is KeyScope.ADMIN:
                continue  # what an administrator may do is tested everywhere else
            answer = await served.client.request(method, filled(path), headers=headers)
            if scope.allows(needed):
                assert answer.status_code not in (401, 403), (method, path, scope)
                continue
            assert answer.status_code == 403, (method, path, scope)
            problem = answer.json()
            assert (problem["code"], problem["scope"]) == ("scope_missing", needed.value)
            assert needed.value in problem["detail"]


async def test_keys_of_the_settings_may_do_everything(served: Served, xtream: dict[str, Any]) -> None:
    headers = {"X-API-Key": CONFIGURED}
    assert (await served.client.post("/api/providers", json=xtream, headers=headers)).status_code == 201


async def test_the_first_key_shuts_the_door_for_good(settings: Settings) -> None:
    async with serving(settings) as served:
        assert (await served.client.get("/api/providers")).status_code == 200
        headers = await made(served, KeyScope.READ)
        assert (await served.client.get("/api/providers")).status_code == 401
        assert (await served.client.get("/api/providers", headers=headers)).status_code == 200
        await served.context.access.keys.revoke("test read")
        for shown in ({}, headers):
            assert (await served.client.get("/api/providers", headers=shown)).status_code == 401


async def test_changes_are_noted_with_whoever_made_them(served: Served, xtream: dict[str, Any]) -> None:
    admin, sync, read = [await made(served, scope) for scope in (KeyScope.ADMIN, KeyScope.SYNC, KeyScope.READ)]
    added = await served.client.post("/api/providers", json=xtream, headers=admin)
    assert added.status_code == 201
    path = f"/api/providers/{added.json()['id']}"
    assert (await served.client.post(f"{path}/sync", headers=sync)).status_code == 202
    assert (await served.client.delete(path, headers=read)).status_code == 403
    assert (await served.client.delete(f"{path}x", headers=admin)).status_code == 404
    assert (await served.client.get(path, headers=read)).status_code == 200
    assert (await served.client.patch(path, json={"name": "New"}, headers={"X-API-Key": CONFIGURED})).status_code == 200
    assert (await served.client.get("/api/audit", headers=sync)).status_code == 403
    told = await served.json("GET", "/api/audit", headers=admin, params={"limit": 3})
    assert (told["total"], told["hasMore"]) == (6, True)  # three keys were made, too
    assert [(one["who"], one["action"], one["method"], one["path"], one["status"]) for one in told["entries"]] == [
        ("(LINEUP_API_KEYS 1)", "change_provider", "PATCH", path, 200),
        ("test sync", "start_sync", "POST", f"{path}/sync", 202),
        ("test admin", "add_provider", "POST", "/api/providers", 201),
    ]
    assert told["entries"][2]["requestId"] == added.headers["x-request-id"]
    assert "fake-word" not in (await served.client.get("/api/audit", headers=admin)).text
    mine = await served.json("GET", "/api/audit", headers=admin, params={"who": "test sync"})
    assert mine["total"] == 1


async def test_without_keys_changes_are_noted_too(settings: Settings, xtream: dict[str, Any]) -> None:
    async with serving(settings) as served:
        await served.json("POST", "/api/providers", 201, json=xtream)
        assert (await served.json("GET", "/api/audit"))["entries"][0]["who"] == "(anybody)"
