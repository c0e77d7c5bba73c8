import re
from collections.abc import AsyncIterator

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.config import Settings
from tests.support.server import Served, serving

KEYS = ("first-fake-key", "zweiter-schlüssel")


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings.model_copy(update={"api_keys": KEYS})) as found:
        yield found


@pytest.mark.parametrize("path", ["/api/providers", "/docs", "/openapi.json", "/metrics", "/nowhere", "/healthy"])
async def test_without_a_key_nothing_is_told(guarded: Served, path: str) -> None:
    answer = await guarded.client.get(path)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_probes_need_no_key(guarded: Served, path: str) -> None:
    assert (await guarded.client.get(path)).status_code in (200, 503)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-API-Key": KEYS[0]}, ""),
        ({"X-API-Key": KEYS[1].encode().decode("latin-1")}, ""),
        ({"Authorization": f"Bearer {KEYS[0]}"}, ""),
        ({"Authorization": f"bearer  {KEYS[0]}"}, ""),
        ({}, f"?key={KEYS[0]}"),
        ({}, "?key=zweiter-schl%C3%BCssel"),
        ({"X-API-Key": "wrong"}, f"?key={KEYS[0]}"),
    ],
)
async def test_each_way_to_show_a_key_opens(guarded: Served, headers: dict[str, str], query: str) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert (await guarded.client.get(f"/api/providers{query}", headers=encoded)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-API-Key": "first-fake-ke"}, ""),
        ({"X-API-Key": ""}, ""),
        ({"Authorization": f"Basic {KEYS[0]}"}, ""),
        ({"Authorization": "Bearer"}, ""),
        ({}, "?key="),
        ({}, f"?apikey={KEYS[0]}"),
    ],
)
async def test_a_wrong_key_opens_nothing(guarded: Served, headers: dict[str, str], query: str) -> None:
    assert (await guarded.client.get(f"/api/providers{query}", headers=headers)).status_code == 401


@pytest.mark.parametrize(("given", "kept"), [("public, max-age=60", "private, max-age=60"), ("no-store", "no-store")])
async def test_with_keys_no_answer_is_public(guarded: Served, given: str, kept: str) -> None:
    async def shared(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("x", headers={"Cache-Control": given})

    guarded.app.router.routes.insert(0, Route("/shared", shared))
    answer = await guarded.client.get("/shared", headers={"X-API-Key": KEYS[0]})
    assert answer.headers["cache-control"] == kept


async def test_without_keys_everything_is_open(served: Served) -> None:
    assert (await served.client.get("/api/providers", headers={"X-API-Key": "any"})).status_code == 200


PLAYERS = [
    "/player_api.php",
    "/get.php",
    "/xmltv.php",
    "/streaming/timeshift.php",
    "/live/user/word/1.ts",
    "/movie/user/word/1.mkv",
    "/series/user/word/1",
    "/user/word/1.m3u8",
    "/timeshift/user/word/60/2025-07-09:21-30/1.ts",
]


@pytest.mark.parametrize("path", PLAYERS)
async def test_players_need_a_user_instead_of_a_key(guarded: Served, path: str) -> None:
    answer = await guarded.client.get(path)
    assert (answer.status_code, answer.text) in ((403, answer.text), (200, '{"user_info":{"auth":0}}'))


async def test_no_other_route_is_open_to_who_pretends_to_be_a_player(guarded: Served) -> None:
    closed = 0
    for path, methods in (await guarded.json("GET", "/openapi.json", headers={"X-API-Key": KEYS[0]}))["paths"].items():
        if path.startswith(("/health", "/p/", "/hdhr/", "/play/")):
            continue
        asked = re.sub(r"{\w+}", "12", path)
        for method in methods:
            assert (await guarded.client.request(method, asked)).status_code == 401, path
            closed += 1
    assert closed > 30
    for path in ("/api/x/12", "/api/jobs/12", "/api/a/b/c/12", "/a/b/c", "/a/12", "/live/a/12", "/metrics/b/x12"):
        assert (await guarded.client.get(path)).status_code == (403 if path == "/live/a/12" else 401), path


@pytest.mark.parametrize("path", ["/live/fake-viewer/fake-secret/1.ts", "/fake-viewer/fake-secret/1"])
async def test_no_user_stands_in_a_log_or_in_a_metric(served: Served, path: str) -> None:
    with structlog.testing.capture_logs() as logs:
        assert (await served.client.get(path)).status_code == 403
    metrics = (await served.client.get("/metrics")).text
    assert "/{username}/{password}/{file}" in metrics
    for word in ("fake-viewer", "fake-secret"):
        assert word not in metrics
        assert word not in repr(logs)
