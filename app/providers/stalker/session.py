"""One live session per MAC: finds the portal, logs in once for all, and again when the token is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal, TypeVar

from app.core.clock import now_ms
from app.core.errors import ProviderError, Rejected, Unavailable
from app.core.redaction import conceal
from app.domain.values import text
from app.providers.retry import retrying
from app.providers.stalker.box import Box
from app.providers.stalker.classify import OK, Answer, Blank, Garbled, LostToken, SessionLost, classify, final
from app.providers.stalker.discovery import GENRES, HANDSHAKE, Discovery
from app.providers.stalker.login import AuthNeeded, judge_profile
from app.providers.stalker.site import Site
from app.providers.transport import ProviderClient, Reply, StreamedReply, Transport
from app.providers.window import START

ENVELOPE_PARAM: Final = {"JsHttpRequest": "1-xml"}  # several clones route on it
TAKEN_OVER: Final = (
    "The session was taken over: another device or program uses the same MAC address. Stop it and sync again."
)
HELD_BACK: Final = "The portal gave no token: it holds this client back for a while."
UNKNOWN_MAC: Final = "The portal does not know this MAC address."
MOST_LOGINS: Final = 5  # for one request; each but the first only after a session that worked
FAILURE_SECONDS: Final = 20.0  # so long a failed login answers for all that wait for it
LARGEST_PAGE: Final = 16 * 1024 * 1024
LARGEST_WORDS: Final = 64 * 1024

T = TypeVar("T")
Pulse = Literal["alive", "lost", "down"]


class Session:
    """Asks the portal; only `Unavailable`, `Rejected` and `Malformed` leave it.

    Parallel failures cause one login: whoever comes with a token that is no longer the current one just asks again.
    """

    def __init__(
        self,
        transport: Transport,
        box: Box,
        *,
        url: str,
        remembered: str | None = None,
        max_parallel: int | None = None,
        per_second: float | None = None,
        attempts: int = 3,
        base_seconds: float = 1.0,
    ) -> None:
        self.box = box
        self.profile: Mapping[str, Any] = {}
        self._transport = transport
        self._url = url
        self._remembered = remembered
        self._limits: dict[str, Any] = {"max_parallel": max_parallel, "per_second": per_second}
        self._attempts = attempts
        self._base_seconds = base_seconds
        self._client: ProviderClient | None = None
        self._site: Site | None = None
        self._token = ""
        self._generation = 0  # of the token; 0 = never logged in
        self._served = 0  # answers since the last login
        self._lock = asyncio.Lock()
        self._failure: tuple[int, ProviderError, float] | None = None
        self._probe_lock = asyncio.Lock()
        self._probe: tuple[int, Pulse, float] | None = None

    @property
    def endpoint(self) -> str | None:
        """The loader's address once it was found."""
        return self._site.endpoint if self._site else self._remembered

    @property
    def site(self) -> Site:
        """Where the portal lives; only after the first answer."""
        if self._site is None:
            raise RuntimeError("the portal was not looked for yet")
        return self._site

    @property
    def parallel(self) -> int:
        """The window of the portal's host."""
        return START if self._client is None else self._client.window.limit

    async def ready(self) -> None:
        """Finds the portal and logs in, once."""
        if self._generation == 0:
            await self._renew(0)

    async def ask(self, params: Mapping[str, str], accept: Callable[[Answer], T], *, most: int = LARGEST_PAGE) -> T:
        """The accepted answer of one action; `accept` may raise `Unavailable` for one that should be tried again."""
        await self.ready()

        async def attempt() -> T:
            generation = self._generation
            try:
                found = accept(await self._once(params, most))
            except Blank:
                if await self._pulse(generation) == "lost":
                    raise LostToken(generation, silent=True) from None
                raise
            except SessionLost:
                raise LostToken(generation) from None
            self._served += 1
            return found

        return await self._replayed(attempt)

    async def _replayed(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """With retries, and once more after a lost session; a new one that served nobody means that it was taken over.

        A session that ends after a few answers is renewed again: pages in parallel may outlive several of them.
        """
        for turn in range(MOST_LOGINS + 1):
            try:
                return await self._retried(attempt)
            except LostToken as lost:
                unused = lost.generation == self._generation and not self._served
                if turn == MOST_LOGINS or (turn and unused):
                    raise self._given_up(lost) from None
                await self._renew(lost.generation)
        raise AssertionError

    @asynccontextmanager
    async def stream(self, params: Mapping[str, str]) -> AsyncIterator[StreamedReply]:
        """A bulk answer as it arrives; `SessionLost` may be raised inside by whoever reads it."""
        await self.ready()
        assert self._client is not None  # noqa: S101 - after ready()
        async with self._client.stream(
            self.site.endpoint, params={**params, **ENVELOPE_PARAM}, headers=self._authorization()
        ) as reply:
            if reply.status != OK:
                body = await reply.body(LARGEST_WORDS)
                classify(Reply(status=reply.status, headers=reply.headers, body=body, url=reply.url))
            yield reply

    @property
    def generation(self) -> int:
        """Which login is the current one."""
        return self._generation

    async def renew(self, generation: int) -> None:
        """Logs in anew unless somebody did since `generation`."""
        await self._renew(generation)

    async def is_alive(self) -> bool:
        """Whether the portal answers this session at all: then an empty page is the page's own fault."""
        return await self._pulse(self._generation) == "alive"

    async def _once(self, params: Mapping[str, str], most: int = LARGEST_PAGE) -> Answer:
        assert self._client is not None  # noqa: S101 - after ready()
        reply = await self._client.get(
            self.site.endpoint,
            params={**params, **ENVELOPE_PARAM},
            headers=self._authorization(),
            max_bytes=most,
        )
        return classify(reply)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _given_up(self, lost: LostToken) -> ProviderError:
        if lost.silent:
            return Unavailable("The portal answers with empty bodies, also after a new login.")
        error = Rejected(TAKEN_OVER)
        self._failure = (self._generation, error, float("inf"))
        return error

    async def _pulse(self, generation: int) -> Pulse:
        """What an empty answer means, found out by asking for something small; one question answers for all."""
        if generation != self._generation:
            return "lost"
        since = time.monotonic()
        async with self._probe_lock:
            probe = self._probe
            # A question asked before this answer came says nothing about it.
            if probe is None or probe[0] != self._generation or probe[2] < since:
                asked = time.monotonic()
                self._probe = probe = (self._generation, await self._probed(), asked)
        return "lost" if generation != self._generation else probe[1]

    async def _probed(self) -> Pulse:
        try:
            answer = await self._once(GENRES)
        except (SessionLost, Blank):
            return "lost"
        except Unavailable:
            return "down"
        return "lost" if answer.nothing else "alive"

    async def _renew(self, generation: int) -> None:
        async with self._lock:
            if generation != self._generation:
                return
            failure = self._failure
            if failure and failure[0] == generation and time.monotonic() < failure[2]:
                raise failure[1]
            try:
                await self._open()
            except ProviderError as error:
                lasts = float("inf") if isinstance(error, Rejected) else time.monotonic() + FAILURE_SECONDS
                self._failure = (generation, error, lasts)
                raise
            self._generation += 1
            self._served = 0
            self._failure = None

    async def _open(self) -> None:
        handshake: Answer | None = None
        if self._client is None:
            self._client = self._make_client(self._remembered or self._url)
            discovery = Discovery(self._fetch, attempts=self._attempts, base_seconds=self._base_seconds)
            try:
                found = await discovery.run(self._url, self._remembered)
            except ProviderError:
                self._client = None
                raise
            self._site = Site(endpoint=found.endpoint)
            self._client = self._make_client(found.endpoint)
            if found.handshake is None:
                return
            handshake = found.handshake
        await self._log_in(handshake)

    def _make_client(self, url: str) -> ProviderClient:
        referer = (self._site or Site(endpoint=url)).referer
        return self._transport.client(
            url=url, headers=self.box.headers(referer), cookies=self.box.cookies(), **self._limits
        )

    async def _fetch(self, url: str, params: Mapping[str, str]) -> Reply:
        assert self._client is not None  # noqa: S101 - _open made it
        return await self._client.get(url, params={**params, **ENVELOPE_PARAM}, max_bytes=LARGEST_PAGE)

    async def _retried(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await retrying(attempt, attempts=self._attempts, base_seconds=self._base_seconds)
        except Garbled as error:
            raise final(error) from None

    async def introduce(self) -> None:
        """Asks a portal that needs no login for the profile, where it has one; raises `Rejected` when that says no."""
        async with self._lock:
            profile: Mapping[str, Any] = {}
            with suppress(ProviderError):
                self._token = text((await self._stb(HANDSHAKE)).mapping().get("token")).strip()
                conceal(self._token)
                profile = await self._profile(second_step=False, not_valid=False)
            with suppress(AuthNeeded):
                self.profile = judge_profile(profile, self.box)

    async def _log_in(self, handshake: Answer | None) -> None:
        """handshake, get_profile, and where asked do_auth and get_profile again."""
        if handshake is None:
            handshake = await self._stb(HANDSHAKE | {"token": self._token})
        given = handshake.mapping()
        token = text(given.get("token")).strip()
        if not token:
            # A null is what panels answer to strangers; a missing field is how they slow clients down.
            raise Rejected(UNKNOWN_MAC) if "token" in given and not self._generation else Unavailable(HELD_BACK)
        self._token = token
        conceal(token)
        not_valid = text(given.get("not_valid")) == "1"
        try:
            self.profile = judge_profile(await self._profile(second_step=False, not_valid=not_valid), self.box)
        except AuthNeeded:
            await self._authenticate()
            try:
                self.profile = judge_profile(await self._profile(second_step=True, not_valid=not_valid), self.box)
            except AuthNeeded:
                raise Rejected("The portal asks for the login again: username or password is wrong.") from None

    async def _profile(self, *, second_step: bool, not_valid: bool) -> Mapping[str, Any]:
        params = self.box.profile_params(second_step=second_step, not_valid=not_valid, timestamp=now_ms() // 1000)
        answer = await self._stb({"type": "stb", "action": "get_profile", **params})
        if answer.nothing:
            raise Unavailable("The portal answered the login with nothing.")
        return answer.mapping()

    async def _authenticate(self) -> None:
        box = self.box
        params = {"login": box.username, "password": box.password}
        devices = {"device_id": box.device_id, "device_id2": box.device_id2}
        answer = await self._stb({"type": "stb", "action": "do_auth", **params, **devices})
        if answer.nothing or answer.value() is not True:
            raise Rejected("The portal does not accept this username and password.")

    async def _stb(self, params: Mapping[str, str]) -> Answer:
        """A login call, with retries but without a new login."""
        try:
            return await self._retried(lambda: self._once(params))
        except SessionLost:
            raise Rejected("The portal does not accept the login of this MAC address.") from None
