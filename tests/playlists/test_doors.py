"""Which addresses open without an API key: of players, words, health and signing in, and not one more."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import httpx
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import BaseRoute, Match, Route

from app.api import access
from app.api.routes import outputs, player
from app.config import Settings
from app.main import create_app
from app.pages.doors import Reception
from app.pages.routes import session

METHODS: Final = ("GET", "POST", "DELETE")
WORDS: Final = ("/p/{word}/", "/hdhr/{word}", "/play/{word}/", "/relay/{word}/")
TOKENS: Final = ("/playlist/{name}.", "/epg/{name}.")
SIGNING_IN: Final = ("/sign-in", "/static/{name}")
VALUES: Final = ("12", "12.ts", "live", "api", "..")


@cache
def app() -> FastAPI:
    return create_app(Settings(api_keys=("fake-api-key",), secret_key="not-a-real-key"))


@cache
def routes() -> tuple[BaseRoute, ...]:
    """All routes in the order in which they are looked at, each with its whole path."""
    found: list[BaseRoute] = []
    for one in app().router.routes:
        contexts = getattr(one, "effective_route_contexts", None)
        found += [_alone(context) for context in contexts()] if contexts else [one]
    return tuple(found)


def _alone(context: Any) -> BaseRoute:
    """A route that was included, as if it stood by itself."""
    route = context.original_route
    return Route(context.path, route.endpoint, methods=list(route.methods))


def meant(route: BaseRoute, *, token: bool) -> bool:
    """Whether a route is one of those that need no key."""
    if not isinstance(route, Route):
        return False
    if route.endpoint.__module__ == player.__name__ or re.fullmatch(r"/health(/.*)?", route.path):
        return True
    if route.endpoint.__module__ == session.__name__ and route.path in SIGNING_IN:
        return True
    if route.endpoint.__module__ != outputs.__name__:
        return False
    return route.path.startswith(WORDS) or (token and route.path.startswith(TOKENS))


def is_open(path: str, *, token: bool) -> bool:
    asked = scope(path, "GET", token=token)
    return access._is_open(asked) or Reception(("fake-api-key",)).is_public(asked)


def scope(path: str, method: str, *, token: bool = False) -> dict[str, Any]:
    query = b"token=x" if token else b""
    return {"type": "http", "path": path, "method": method, "query_string": query, "headers": [], "root_path": ""}


def taken(path: str, method: str) -> BaseRoute | None:
    """The route that an address leads to."""
    second = None
    for route in routes():
        match, _ = route.matches(scope(path, method))
        if match is Match.FULL:
            return route
        second = route if match is Match.PARTIAL and second is None else second
    return second


def filled(route: BaseRoute) -> Iterator[str]:
    """Its path with each of the values in all places."""
    path = str(getattr(route, "path", ""))
    for value in VALUES:
        yield re.sub(r"\{[^}]+\}", value, path)


def test_every_route_is_open_or_closed_as_it_was_meant() -> None:
    seen = {True: 0, False: 0}
    for path, method in {(path, method) for route in routes() for path in filled(route) for method in METHODS}:
        if (found := taken(path, method)) is not None:
            for token in (False, True):
                assert is_open(path, token=token) == meant(found, token=token), path
            seen[meant(found, token=False)] += 1
    assert min(seen.values()) > 100


@cache
def segments() -> list[str]:
    words = {part for route in routes() for part in getattr(route, "path", "").split("/") if "{" not in part}
    return sorted({*words, *VALUES, "12\n", "12.m3u8", "x.xml", "x.m3u", "API", "api%2f", "é", " "} - {""})


@settings(deadline=None, max_examples=1_000)
@given(st.data())
def test_no_address_that_is_made_up_opens_more(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from([*segments(), ""]), min_size=1, max_size=7))
    token, path = data.draw(st.booleans()), "/" + "/".join(parts)
    if is_open(path, token=token):
        found = taken(path, data.draw(st.sampled_from(METHODS)))
        assert found is None or meant(found, token=token), path


async def test_without_a_key_a_closed_route_is_401_before_anything_is_done() -> None:
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url="http://lineup.test") as client:
        for path in {next(filled(route)) for route in routes()}:
            found = taken(path, "GET")
            if found is not None and not meant(found, token=True):
                for query in ("", "?token=x", "?key=", "?key=fake-api-key2"):
                    assert (await client.get(path + query)).status_code == 401, path
