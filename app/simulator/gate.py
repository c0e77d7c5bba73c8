"""The door of a portal: decides for each call what goes wrong, and how long everything takes."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from random import Random
from typing import Final

from app.simulator.behaviour import Behaviour, Fault
from app.simulator.limiter import Limiter
from app.simulator.stats import Stats
from app.simulator.wire import HTML, Call, Reply

NOTICE: Final = (
    b"<br />\n<b>Notice</b>:  Undefined index: token in <b>/var/www/stalker_portal/server/lib/stb.class.php</b> "
    b"on line <b>142</b><br />\n"
)
BOM: Final = b"\xef\xbb\xbf"
PAGE: Final = b"<!DOCTYPE html><html><head><title>Checking your browser</title></head><body>Please wait.</body></html>"
NGINX: Final = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"
REASONS: Final = {
    403: "403 Forbidden",
    404: "404 Not Found",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
INSTEAD: Final = frozenset(
    {"status", "body", "reset", "html", "empty", "hollow", "false", "null", "error", "auth", "lose"}
)


def error_page(status: int, retry_after: int | str | None = None) -> Reply:
    """What nginx sends in front of a portal."""
    headers = () if retry_after is None else ((b"retry-after", str(retry_after).encode()),)
    return Reply(NGINX.format(REASONS.get(status, str(status))).encode(), status, HTML, headers)


class Gate:
    """Counts calls and applies the switches of one behaviour; a new behaviour gets a new gate."""

    def __init__(self, behaviour: Behaviour, stats: Stats) -> None:
        self._behaviour = behaviour
        self._stats = stats
        self._faults = (*behaviour.faults, *_switched(behaviour))
        self._matched: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._refusals: Counter[str] = Counter()
        self._banned: set[str] = set()
        self._calls = 0
        self._workers = asyncio.Semaphore(behaviour.workers) if behaviour.workers else None
        self._random = Random(1)
        rate, burst = behaviour.rate_limit, behaviour.rate_burst
        self._limiter = Limiter(rate=rate, burst=burst, delay=behaviour.rate_delay) if rate else None
        agent = behaviour.user_agent_filter
        self._agent = re.compile(agent) if agent else None

    async def refusal(self, call: Call) -> Reply | None:
        """An answer that needs no work: banned, wrong player, too many at a time or a second."""
        behaviour = self._behaviour
        if behaviour.ban_parallel and self._stats.active > behaviour.ban_parallel:
            self.ban(call.client)
        if call.client in self._banned:
            return Reply(status=403, content_type=HTML)
        if self._agent and not self._agent.search(call.headers.get(b"user-agent", b"").decode("latin-1")):
            return error_page(behaviour.user_agent_status)
        if behaviour.max_parallel and self._stats.active > behaviour.max_parallel:
            self._stats.throttled += 1
            return error_page(behaviour.max_parallel_status, behaviour.retry_after)
        return None if self._limiter is None else await self._limited(self._limiter, call)

    async def _limited(self, limiter: Limiter, call: Call) -> Reply | None:
        wait = limiter.admit(call.client)
        if wait is None:
            self._stats.throttled += 1
            return error_page(self._behaviour.rate_status, self._behaviour.retry_after)
        if wait:
            await asyncio.sleep(wait)
        return None

    def ban(self, client: str) -> None:
        """From now on this address gets an empty 403."""
        self._banned.add(client)

    def denied(self, client: str) -> None:
        """Counts a refused call; too many of them ban the address."""
        self._stats.refused += 1
        self._refusals[client] += 1
        limit = self._behaviour.ban_after
        if limit and self._refusals[client] >= limit:
            self.ban(client)

    async def work(self, fault: Fault | None) -> None:
        """Takes as long as this portal takes."""
        behaviour = self._behaviour
        delay = behaviour.latency_ms + behaviour.jitter_ms * self._random.random()
        if fault and fault.do == "slow":
            delay += fault.delay_ms
        if self._workers:
            async with self._workers:
                await asyncio.sleep(delay / 1000)
        elif delay:
            await asyncio.sleep(delay / 1000)

    def fault(self, call: Call) -> Fault | None:
        """The first fault that strikes this call."""
        self._calls += 1
        behaviour = self._behaviour
        if behaviour.burst_from <= self._calls < behaviour.burst_from + behaviour.burst_5xx:
            return self._struck(Fault(do="status", status=behaviour.burst_status))
        for index, fault in enumerate(self._faults):
            if _matches(fault, call) and self._due(index, fault):
                return self._struck(fault)
        return None

    def _due(self, index: int, fault: Fault) -> bool:
        self._matched[index] += 1
        count = self._matched[index] - fault.after
        if count <= 0 or count % fault.every or (fault.times is not None and self._fired[index] >= fault.times):
            return False
        self._fired[index] += 1
        return True

    def _struck(self, fault: Fault) -> Fault:
        self._stats.faults[f"{fault.do}:{fault.status or 503}" if fault.do == "status" else fault.do] += 1
        return fault


def spoiled(fault: Fault, reply: Reply) -> Reply:
    """The answer of the portal after a fault that changes bodies."""
    if fault.do == "notice":
        return prefixed(NOTICE, reply)
    if fault.do == "truncate":
        if reply.chunks is None:
            return Reply(
                reply.body[: int(len(reply.body) * fault.cut)], reply.status, reply.content_type, reply.headers
            )
        return Reply(b"", reply.status, reply.content_type, reply.headers, _cut(reply.chunks, fault.cut))
    return reply


def instead(fault: Fault) -> Reply | None:
    """The answer that a fault gives in place of the portal; None when the portal has to word it."""
    if fault.do == "status":
        return error_page(fault.status or 503, fault.retry_after)
    if fault.do == "body":
        return Reply(fault.body.encode(), fault.status or 200)
    return {"html": Reply(PAGE, 200, HTML), "empty": Reply(b"", 200, HTML)}.get(fault.do)


def dressed(behaviour: Behaviour, reply: Reply) -> Reply:
    """The answer with what PHP and editors put before the JSON."""
    if reply.content_type == HTML or reply.status != HTTPStatus.OK:
        return reply
    prefix = (BOM if behaviour.bom else b"") + (NOTICE if behaviour.notice_prefix else b"")
    return prefixed(prefix, reply) if prefix else reply


def prefixed(prefix: bytes, reply: Reply) -> Reply:
    """The same answer with something before it."""
    if reply.chunks is None:
        return Reply(prefix + reply.body, reply.status, reply.content_type, reply.headers)
    return Reply(b"", reply.status, reply.content_type, reply.headers, chain([prefix], reply.chunks))


def _switched(behaviour: Behaviour) -> Iterator[Fault]:
    """The `…_every` switches are faults for every call."""
    if behaviour.rate_429:
        yield Fault(do="status", status=429, every=behaviour.rate_429, retry_after=behaviour.retry_after)
    if behaviour.reset_every:
        yield Fault(do="reset", every=behaviour.reset_every)
    if behaviour.truncate_every:
        yield Fault(do="truncate", every=behaviour.truncate_every)
    if behaviour.html_every:
        yield Fault(do="html", every=behaviour.html_every)
    if behaviour.empty_every:
        yield Fault(do="empty", every=behaviour.empty_every)


def _matches(fault: Fault, call: Call) -> bool:
    return (
        (fault.type is None or fault.type == call.type)
        and (fault.action is None or fault.action == call.action)
        and (fault.page is None or fault.page == call.page)
    )


def _cut(chunks: Iterator[bytes], share: float) -> Iterator[bytes]:
    first = next(chunks, b"")
    second = next(chunks, None)
    if second is not None:
        yield first
        first = second
    yield first[: int(len(first) * share)]
