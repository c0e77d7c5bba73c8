"""Finds the loader behind a pasted address, and whether it wants a login, by how it behaves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.providers.retry import retrying
from app.providers.stalker.classify import BANNED, Answer, Blank, Garbled, SessionLost, classify
from app.providers.stalker.envelope import opening
from app.providers.stalker.site import candidates, clean_endpoint
from app.providers.transport import Reply

GENRES: Final = {"type": "itv", "action": "get_genres"}
HANDSHAKE: Final = {"type": "stb", "action": "handshake", "token": "", "prehash": ""}
NOWHERE: Final = frozenset({404, 405, 410})
FORBIDDEN: Final = 403
NOT_HERE: Final = "No Stalker portal answers at this address."

Fetch = Callable[[str, dict[str, str]], Awaitable[Reply]]  # URL and parameters, without a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A loader; `handshake` is the answer it already gave, None where no login is needed."""

    endpoint: str
    handshake: Answer | None = None


class Discovery:
    """Tries the candidates of one address in order; the first that behaves like a portal wins."""

    def __init__(self, fetch: Fetch, *, attempts: int, base_seconds: float) -> None:
        self._fetch = fetch
        self._attempts = attempts
        self._base_seconds = base_seconds
        self._worst: ProviderError = Rejected(NOT_HERE)
        self._banned = 0

    async def run(self, url: str, remembered: str | None) -> Found:
        """Raises `Unavailable` when the host cannot be reached or is out of order, `Rejected` when nothing is there."""
        places = candidates(url, remembered)
        for place in places:
            found = await self._try(place)
            if found is not None:
                return found
        raise Rejected(BANNED) if self._banned == len(places) else self._worst

    async def _try(self, place: str) -> Found | None:
        reply, outcome = await self._ask(place, GENRES)
        if isinstance(outcome, Answer) and opening(outcome.js) == b"[" and len(outcome.js) > len("[]"):
            return Found(endpoint=clean_endpoint(reply.url))
        if isinstance(outcome, ProviderError) and self._is_elsewhere(reply, outcome):
            return None
        return await self._greet(clean_endpoint(reply.url))

    async def _greet(self, endpoint: str) -> Found | None:
        """A portal is what answers a handshake with an object."""
        _, outcome = await self._ask(endpoint, HANDSHAKE)
        if isinstance(outcome, Answer) and opening(outcome.js) == b"{":
            return Found(endpoint=endpoint, handshake=outcome)
        if isinstance(outcome, Rejected):
            self._note(outcome)
        return None

    async def _ask(self, url: str, params: dict[str, str]) -> tuple[Reply, Answer | Exception]:
        """A reply and what it means; raises only when the host gives none at all."""
        last: tuple[Reply, Answer | Exception] | None = None

        async def ask() -> tuple[Reply, Answer | Exception]:
            nonlocal last
            last = None
            reply = await self._fetch(url, params)
            outcome = _judged(reply)
            last = reply, outcome
            if isinstance(outcome, Unavailable) and not isinstance(outcome, (Blank, Garbled)):
                raise outcome
            return last

        try:
            return await retrying(ask, attempts=self._attempts, base_seconds=self._base_seconds)
        except Unavailable:
            if last is None:
                raise
            # The host is out of order as a whole: the other candidates get one look each.
            self._attempts = 0
            return last

    def _is_elsewhere(self, reply: Reply, outcome: ProviderError) -> bool:
        """Whether the portal cannot be behind this candidate; keeps the reason."""
        if isinstance(outcome, Blank):
            return False
        page = reply.body.lstrip()[:1] == b"<"
        if isinstance(outcome, (Malformed, Garbled)) or reply.status in NOWHERE:
            self._note(Rejected(NOT_HERE))
            return True
        if isinstance(outcome, Unavailable) or page or (reply.status == FORBIDDEN and not reply.body.strip()):
            self._banned += reply.status == FORBIDDEN and not page
            self._note(outcome)
            return True
        return False

    def _note(self, error: ProviderError) -> None:
        """Keeps the most telling refusal: out of order, then a reason, then `not here`."""
        if _telling(error) > _telling(self._worst):
            self._worst = error


def _telling(error: ProviderError) -> tuple[bool, bool]:
    return isinstance(error, Unavailable), error.detail != NOT_HERE


def _judged(reply: Reply) -> Answer | Exception:
    try:
        return classify(reply)
    except (SessionLost, ProviderError) as error:
        return error
