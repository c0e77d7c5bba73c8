"""What all simulated portals share: paths, the gate, faults, counters and the controls under `/_sim`."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, Final

from app.domain.kinds import Kind
from app.simulator.behaviour import Behaviour, Fault
from app.simulator.catalogue import Catalogue, Expected
from app.simulator.gate import INSTEAD, Gate, dressed, error_page, instead, spoiled
from app.simulator.lists import SERIES_BASE, Lists
from app.simulator.shapes import poster
from app.simulator.spec import CatalogueSpec
from app.simulator.stats import Stats
from app.simulator.wire import (
    HTML,
    Call,
    Receive,
    Reply,
    Scope,
    Send,
    abort,
    gzipped,
    read_call,
    respond,
    respond_chunked,
)

PICTURES: Final = (".png", ".jpg", ".svg")


class Portal(ABC):
    """An ASGI app. `mount` is the path prefix below which a site serves it (`""` or `/stock`).

    A family's `__init__` ends with `_forget_rows()`, which makes `lists` and whatever spells rows.
    """

    api_paths: frozenset[str]
    mixed_vod = False  # whether the VOD list holds series
    native_series = True  # whether series have a list of their own
    lists: Lists

    def __init__(self, spec: CatalogueSpec, behaviour: Behaviour, mount: str) -> None:
        self.mount = mount
        self.stats = Stats()
        self.behaviour = behaviour
        self.gate = Gate(behaviour, self.stats)
        self.catalogue = Catalogue(spec)
        self._prebuilt = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return
        if scope["path"] not in self.api_paths:
            self.stats.sent_bytes += await respond(send, self.page(scope["path"]))
            return
        if scope["method"] not in ("GET", "POST"):
            # As nginx in front of panels does: 200 and nothing.
            await respond(send, Reply(content_type=HTML))
            return
        call = await self.read(scope, receive)
        stats = self.stats  # a reset in between must not count this call's end
        stats.enter(call.name)
        try:
            await self._serve(call, scope, receive, send)
        finally:
            stats.active -= 1

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self.gate.refusal(call)
        if refusal is not None:
            self.stats.sent_bytes += await respond(send, refusal)
            return
        fault = self.gate.fault(call)
        await self.gate.work(fault)
        if fault is None:
            await self._deliver(call, self.answer(call), send)
        elif fault.do in INSTEAD:
            await self._reset_or_respond(fault, call, scope, receive, send)
        else:
            await self._deliver_spoiled(fault, call, scope, receive, send)

    async def _reset_or_respond(self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.do == "reset":
            await abort(scope, receive)
            return
        self.stats.sent_bytes += await respond(send, instead(fault) or self.worded(fault, call))

    async def _deliver(self, call: Call, reply: Reply, send: Send) -> None:
        behaviour = self.behaviour
        reply = dressed(behaviour, reply)
        if behaviour.gzip and b"gzip" in call.headers.get(b"accept-encoding", b""):
            reply = gzipped(reply)
        if reply.chunks is None:
            self.stats.sent_bytes += await respond(send, reply)
            return
        if behaviour.first_byte_ms:
            await asyncio.sleep(behaviour.first_byte_ms / 1000)
        self.stats.sent_bytes += await respond_chunked(send, reply, reply.chunks, behaviour.chunk_ms / 1000)

    async def _deliver_spoiled(self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        reply = self.answer(call)
        if fault.do not in ("cut", "stall"):
            await self._deliver(call, spoiled(fault, reply), send)
            return
        body = reply.body if reply.chunks is None else b"".join(reply.chunks)
        half = int(len(body) * fault.cut)
        headers = [(b"content-type", reply.content_type), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        # The client has to get its half before the connection breaks.
        await asyncio.sleep(max(0.02, fault.delay_ms / 1000))
        if fault.do == "cut":
            await abort(scope, receive)
            return
        await send({"type": "http.response.body", "body": body[half:]})

    async def read(self, scope: Scope, receive: Receive) -> Call:
        """The call of a request: its query and form, unless a family speaks otherwise."""
        return await read_call(scope, receive)

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """What the portal says when nothing goes wrong."""

    @abstractmethod
    def worded(self, fault: Fault, call: Call) -> Reply:
        """A fault in the portal's own words: `auth`, `lose`, `hollow`, `false`, `null`."""

    @abstractmethod
    def home(self) -> str:
        """Where `/` leads to."""

    def prebuild(self) -> None:
        """Makes all rows and orders in advance, as benchmarks want it; later versions too."""
        self._prebuilt = True
        self._make_rows()

    @abstractmethod
    def _make_rows(self) -> None:
        """Fills the caches."""

    @abstractmethod
    def _forget_rows(self) -> None:
        """Drops what was made from an older catalogue or behaviour."""

    def page(self, path: str) -> Reply:
        """Everything but the API."""
        if path in ("", "/"):
            location = f"{self.mount}{self.home()}"
            return Reply(status=301, content_type=b"text/html", headers=((b"location", location.encode()),))
        if path.endswith(PICTURES):
            return Reply(poster(path.rsplit("/", 1)[-1]), 200, b"image/svg+xml")
        return error_page(404)

    def make_lists(self) -> Lists:
        """The lists of the present catalogue."""
        return Lists(self.catalogue, mixed=self.mixed_vod, native=self.native_series, share=self.behaviour.shrink_to)

    def behave(self, **switches: Any) -> None:
        """Changes some switches; counters of faults start anew, bans are lifted."""
        self.become(replace(self.behaviour, **switches))

    def become(self, behaviour: Behaviour) -> None:
        """Takes all switches from `behaviour`."""
        stale = behaviour.shrink_to != self.behaviour.shrink_to
        self.behaviour = behaviour
        self.gate = Gate(behaviour, self.stats)
        if stale:
            self._forget_rows()

    def set_version(self, version: int) -> None:
        """Serves another version of the catalogue from now on."""
        self.catalogue = self.catalogue.at(version)
        self._forget_rows()
        if self._prebuilt:
            self.prebuild()

    def steal(self, mac: str) -> bool:
        """Another session takes the account; False where there are no sessions."""
        del mac
        return False

    def reset(self) -> None:
        """Counters, bans, sessions and moved rows as at the start."""
        self.stats = Stats()
        self.gate = Gate(self.behaviour, self.stats)
        self._forget_rows()

    def expected(self) -> Expected:
        """What a perfect client ends with, at the present version and behaviour."""
        full = self.catalogue.expected()
        return replace(
            full,
            channels=len(self.expected_ids(Kind.CHANNEL)),
            movies=len(self.expected_ids(Kind.MOVIE)),
            series=len(self.expected_ids(Kind.SERIES)),
        )

    def expected_ids(self, kind: Kind) -> frozenset[str]:
        """The provider's own ids of the good records of a kind; a moved list counts with its present rows."""
        broken = self.behaviour.broken_record_every
        return frozenset(str(row) for row in self.lists.rows_of(kind) if not broken or row % broken)

    def category_titles(self, kind: Kind) -> frozenset[str]:
        """The names of all categories that a perfect client knows of."""
        return frozenset(category.title for category in self.catalogue.categories[kind])

    def number_of(self, external_id: str) -> int:
        """The item number behind the provider's own id of a series."""
        return int(external_id) % SERIES_BASE
