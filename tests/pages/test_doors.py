"""Who is let in, and whose forms are taken."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from app.api.access import _PLAYERS, _WORDS
from app.config import Settings
from app.pages import doors
from app.pages.doors import Sessions, inside
from app.pages.routes import (
    filters,
    items,
    jobs,
    overview,
    playlists,
    portal,
    providers,
    rules,
    session,
    snapshots,
    status,
)
from tests.pages.conftest import House, Visitor
from tests.support.server import serving

KEYS = ("first-fake-key", "zweiter-schlüssel")
MODULES = (filters, items, jobs, overview, playlists, portal, providers, rules, session, snapshots, status)


def posts() -> Iterator[str]:
    for module in MODULES:
        for route in module.router.routes:
            if "POST" in getattr(route, "methods", ()):
                yield str(getattr(route, "path"))  # noqa: B009 - a mount has none


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Visitor]:
    async with serving(settings.model_copy(update={"api_keys": KEYS})) as served:
        yield Visitor(served)


async def test_no_form_of_another_site_is_taken(house: House) -> None:
    known = {"provider_id": house.provider, "item_id": "x", "ruleset_id": "default", "playlist_id": "x"}
    paths = [re.sub(r"\{word:kind\}", "movies", path) for path in posts()]
    assert len(paths) > 25
    client = house.served.client
    await house.visitor.open("/")
    for path in paths:
        address = re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "x"), path)
        for form in ({}, {"csrf": "x"}, {"csrf": "a.b"}):
            answer = await client.post(address, data=form, headers={"accept": "text/html"})
            assert answer.status_code == 409, address
            assert "not from a page of this server" in answer.text
    assert (await house.served.json("GET", f"/api/providers/{house.provider}"))["stats"]["totalMovies"] == 70


def test_no_page_has_the_address_of_a_stream() -> None:
    """Those need no key: a user's name and password stand in them."""
    for module in MODULES:
        for route in module.router.routes:
            path = re.sub(r"\{word:kind\}", "movies", str(getattr(route, "path")))  # noqa: B009 - as above
            assert not _PLAYERS.fullmatch(re.sub(r"\{\w+\}", "1", path)), path
            assert not _WORDS.fullmatch(re.sub(r"\{\w+\}", "1", path)), path


async def test_a_token_is_good_for_its_own_browser_alone(visitor: Visitor) -> None:
    token = re.search(r'name="csrf" value="([^"]+)"', await visitor.open("/"))
    assert token
    visitor.client.cookies.clear()
    await visitor.open("/")
    answer = await visitor.client.post("/theme", data={"csrf": token[1], "theme": "dark"})
    assert answer.status_code == 409


@pytest.mark.parametrize("path", ["/", "/movies?search=a%20b", "/settings", "/jobs/x/live"])
async def test_without_a_session_people_are_shown_the_door(guarded: Visitor, path: str) -> None:
    answer = await guarded.client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")
    assert (await guarded.client.get(path)).status_code == 401
    swapped = await guarded.client.get(path, headers={"hx-request": "true"})
    assert (swapped.status_code, swapped.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize("key", KEYS)
async def test_whoever_knows_a_key_gets_a_session(guarded: Visitor, key: str) -> None:
    refused = await guarded.send("/sign-in", form_at="/sign-in", key="wrong")
    assert refused.status_code == 422
    assert "This key is not known here." in refused.text
    assert "wrong" not in refused.text.replace("wrong</", "")
    answer = await guarded.send("/sign-in", form_at="/sign-in", key=key, next="/movies?search=a b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/movies?search=a%20b")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(doors.COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Sign out" in await guarded.open("/")
    assert (await guarded.client.get("/api/providers")).status_code == 200
    assert (await guarded.client.post("/api/sync/all")).status_code == 401  # what changes things is asked through forms
    assert (await guarded.send("/sync")).status_code == 303
    await guarded.send("/sign-out")
    assert (await guarded.client.get("/", headers={"accept": "text/html"})).status_code == 303


def test_a_session_cannot_be_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    known, other = Sessions(KEYS), Sessions(("another",))
    good = known.opened(KEYS[0])
    assert good
    assert known.is_open(good)
    assert not other.is_open(good)
    assert not Sessions(()).is_open(good)
    until, nonce, mark = good.split(".")
    for forged in (
        "",
        ".",
        "..",
        f"{int(until) + 1}.{nonce}.{mark}",
        f"{until}.x.{mark}",
        f"{until}.{nonce}.ü",
        f"x{good}",
    ):
        assert not known.is_open(forged)
    monkeypatch.setattr("app.pages.doors.time.time", lambda: float(until) + 1)
    assert not known.is_open(good)


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb"])
def test_nobody_is_sent_to_another_server(place: str) -> None:
    assert inside(place) == "/"
    assert inside("/movies?page=2") == "/movies?page=2"
