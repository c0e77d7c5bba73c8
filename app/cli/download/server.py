"""A server as a client meets it: it may be slow, cut connections, and ask to come back later."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx
from msgspec import DecodeError, Struct, json

from app.config import Settings
from app.core.errors import Gone, Invalid, LineupError, NotFound
from app.main import create_app

ATTEMPTS: Final = 8  # in a row that bring nothing
BASE_SECONDS: Final = 0.2
MOST_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 600  # for what a server is still building
BUILDING: Final = "building"
LESS: Final = 20  # for everything else it has a twentieth of that
TIMEOUT: Final = httpx.Timeout(30, connect=10)
LATER: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
INSIDE: Final = "http://lineup.inside"  # no address: requests stay in this process


class Named(Struct):
    """A provider."""

    id: str
    name: str


class Listing(Struct, rename="camel"):
    """A page of providers."""

    providers: list[Named]
    has_more: bool


class Lost(LineupError):
    """The connection, or the server, or what it sent; worth another try."""

    code = "connection_lost"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Reset(Gone):
    """The server has no way from what the client holds to what is current."""


class Tries:
    """Counts tries that brought nothing, and waits longer and longer between them."""

    def __init__(self) -> None:
        self._left = ATTEMPTS
        self._patience = float(PATIENCE_SECONDS)

    def well(self) -> None:
        """Something came."""
        self._left = ATTEMPTS

    async def after(self, lost: Lost) -> None:
        """Waits; raises what was lost when it was tried often enough."""
        if lost.retry_after is not None:
            self._patience -= lost.retry_after * (1 if lost.code == BUILDING else LESS)
            if self._patience < 0:
                raise lost
            await asyncio.sleep(lost.retry_after)
            return
        self._left -= 1
        if self._left <= 0:
            raise lost
        await asyncio.sleep(self.pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads clients

    @property
    def pause(self) -> float:
        return float(min(MOST_SECONDS, BASE_SECONDS * 2 ** (ATTEMPTS - self._left - 1)))


class Server:
    """Requests below one server's address; the key goes nowhere else."""

    def __init__(self, client: httpx.AsyncClient, key: str | None) -> None:
        self._client = client
        self._headers = {"X-API-Key": key} if key else {}
        self.bytes = 0  # that came in bodies which `get` read

    async def get(self, path: str) -> bytes:
        """A body that fits into memory."""
        tries = Tries()
        while True:
            try:
                async with self.asked(path, {"Accept-Encoding": "gzip"}) as answer:
                    body = await answer.aread()
                    self.bytes += answer.num_bytes_downloaded
                    return body
            except Lost as lost:
                if lost.code == BUILDING:
                    raise  # nothing was published yet: a first sync may take long
                await tries.after(lost)
            except httpx.RequestError as error:
                await tries.after(lost_by(error))

    @asynccontextmanager
    async def asked(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> AsyncGenerator[httpx.Response, None]:
        """An answer whose body is still to come; `Lost` when it makes sense to ask again."""
        own = self._headers if url.startswith("/") else {}
        async with self._client.stream(method, url, headers={**own, **(headers or {})}) as answer:
            if answer.status_code in LATER or answer.is_error:
                await answer.aread()
                raise _problem(answer)
            yield answer

    async def provider(self, named: str) -> str:
        """The id of a provider that is meant by an id, else by a name."""
        found, page = list[Named](), 1
        while True:
            told = _listing(await self.get(f"/api/providers?limit=100&page={page}"))
            found += told.providers
            if not told.has_more:
                break
            page += 1
        ids = [one.id for one in found if one.id == named] or [one.id for one in found if one.name == named]
        if not ids:
            raise NotFound(f"There is no provider {named}; see `lineup provider list`.")
        if len(ids) > 1:
            raise Invalid([("provider", f"Several are named {named}; use one of the ids {', '.join(ids)}.")])
        return ids[0]


@asynccontextmanager
async def reached(settings: Settings, url: str | None, key: str | None) -> AsyncIterator[Server]:
    """The server at an address; without one the application of this installation, in this process.

    Both speak HTTP, so that there is one client: a server that runs meanwhile is neither needed nor disturbed.
    """
    if url is not None:
        address = _address(url)
        async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, follow_redirects=True) as client:
            yield Server(client, key)
        return
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=INSIDE, timeout=TIMEOUT) as client,
    ):
        yield Server(client, key or next(iter(settings.api_keys), None))


def lost_by(error: Exception) -> Lost:
    """What a failed connection means to a person."""
    return Lost(f"The server cannot be reached: {str(error) or type(error).__name__}.")


def api(provider_id: str, rest: str) -> str:
    """A path of a provider."""
    return f"/api/providers/{quote(provider_id, safe='')}/{rest}"


def strange(what: str) -> LineupError:
    """What a server says that does not speak this protocol."""
    return LineupError(f"The server does not answer as Lineup does: {what} cannot be read.", code="protocol")


def _listing(body: bytes) -> Listing:
    try:
        return json.decode(body, type=Listing)
    except DecodeError:
        raise strange("its list of providers") from None


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise Invalid([("--server", "An address like http://127.0.0.1:8080 is needed.")])
    return address


def _problem(answer: httpx.Response) -> LineupError:
    try:
        told = json.decode(answer.content)
        detail, code, reason = str(told["detail"]), str(told["code"]), told.get("reason")
    except (DecodeError, KeyError, TypeError, AttributeError):
        # The answer to HEAD has no words: that of 503 is about something that is being built.
        code = BUILDING if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE else "error"
        detail, reason = f"The server answered {answer.status_code}.", None
    status = answer.status_code
    if status in LATER:
        after = answer.headers.get("retry-after", "")
        return Lost(detail, code=code, retry_after=float(after) if after.isdigit() else None)
    if status == HTTPStatus.GONE:
        return Reset(detail, code=str(reason or code))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Invalid([("--key", "This server wants a key that it knows.")])
    return NotFound(detail, code=code) if status == HTTPStatus.NOT_FOUND else LineupError(detail, code=code)
