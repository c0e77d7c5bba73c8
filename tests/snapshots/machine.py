"""A machine that does what happens to a catalogue, in any order, and knows what has to hold after each step.

It remembers what it saw published: what anybody holds or is sent has to be just that.
"""

import asyncio
import copy
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any, Final, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.jobs import lease
from app.snapshots import retention
from tests.snapshots.catalogue import Catalogue, simple, take_lease, write
from tests.snapshots.history import PINNED, VIEWS, Truth, copy_of, moved_on, renamed, truth
from tests.snapshots.phones import BASE, WAYS, Given, Phone
from tests.snapshots.site import KEEP, Site
from tests.snapshots.test_publish import BreakingStore, Crash, kill_at

Result = TypeVar("Result")
Moves = tuple[int, int, bool]  # a seed, how many changes, whether a category is renamed

MOVES: Final = st.tuples(st.integers(0, 10_000), st.integers(0, 12), st.booleans())
STRIDE: Final = 4
LIMITS: Final = (100, 250, 1000)


class Invariants(RuleBasedStateMachine):
    """`book` = every version ever published; `pinned` = the bytes that were sent of those still kept."""

    def __init__(self, site: Site, runner: asyncio.Runner, closing: ExitStack) -> None:
        super().__init__()
        self.site, self.runner, self.closing = site, runner, closing
        self.catalogue = simple(40, 110, 8)
        self.written = Catalogue()
        self.pending = False
        self.current: str | None = None
        self.kept: list[str] = []
        self.book: dict[str, Truth] = {}
        self.pinned: dict[str, tuple[str, bytes]] = {}
        self.phones = [Phone(view) for view in ("full", "lite", "full")]
        self.given: list[Given] = []
        self.rare = {"process": 1, "server": 1, "steps": 1}

    def teardown(self) -> None:
        self.closing.close()

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    # What a sync does.

    @initialize(ways=st.tuples(*[st.sampled_from(WAYS)] * 3))
    def begin_with_a_version(self, ways: tuple[str, ...]) -> None:
        self._publish()
        for phone, way in zip(self.phones, ways, strict=True):
            phone.begin(self.site.line, way, 100)
            self._turns(phone, 50)

    @rule(moves=MOVES)
    def change(self, moves: Moves) -> None:
        self._change(moves)

    def _change(self, moves: Moves) -> None:
        seed, changes, category = moves
        moved_on(self.catalogue, seed, changes)
        if category:
            renamed(self.catalogue, seed)
        self._write()

    def _write(self) -> None:
        if self.catalogue != self.written:
            self.wait(write(self.site.stand.database, self.site.stand.pk, self.catalogue))
            self.written = copy.deepcopy(self.catalogue)
            self.pending = True

    # Publishers, alive and dead.

    @rule(moves=MOVES, killed=st.booleans())
    def publish(self, moves: Moves, *, killed: bool) -> None:
        self._change(moves)
        if killed and self.pending:
            self._crash("drop_rows")
            self.check_current()
            self.pinned_bytes_never_change()
        self._publish()

    @rule()
    def publish_what_is_there(self) -> None:
        self._publish()

    def _publish(self) -> None:
        """Twice: the second one finds nothing to do."""
        self._write()
        self._published(self.wait(self.site.stand.publish()))
        assert self.wait(self.site.stand.publish()) is None

    @rule(moves=MOVES, step=st.integers(1, 70))
    def kill(self, moves: Moves, step: int) -> None:
        self._change(moves)
        self._breaking(step)

    @precondition(lambda self: self.rare["steps"])
    @rule(moves=MOVES, first=st.integers(1, STRIDE))
    def kill_step_after_step(self, moves: Moves, first: int) -> None:
        """Every fourth of them; other runs have the others."""
        self.rare["steps"] -= 1
        self._change(moves)
        if not self.pending:
            return
        step = first
        while not self._breaking(step):
            self.check_current()
            step += STRIDE
        assert step > 12

    def _breaking(self, step: int) -> bool:
        """Whether a publisher that dies at this step got to its end."""
        store = BreakingStore(self.site.stand.folder, step)
        fence = self.wait(take_lease(self.site.stand.database, self.site.stand.pk))
        try:
            version = self.wait(self.site.publisher(store).publish(self.site.stand.pk, fence))
        except Crash:
            return False
        self._published(version)
        return True

    @rule(moves=MOVES)
    def kill_behind_the_pointer(self, moves: Moves) -> None:
        self._change(moves)
        if self.pending:
            self._crash("shorten_log")
            self._published(self._next())

    def _crash(self, place: str) -> None:
        """A publisher that dies when it comes there: the last moment before the pointer moves, or the first behind."""

        async def crash(*_: object) -> None:
            raise Crash

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(retention, place, crash)
            with pytest.raises(Crash):
                self.wait(self.site.stand.publish())

    @precondition(lambda self: self.rare["process"])
    @rule(moves=MOVES, place=st.sampled_from(("_write", "_commit", "drop_rows")))
    def kill_the_process(self, moves: Moves, place: str) -> None:
        self._change(moves)
        if self.pending:
            self.rare["process"] -= 1
            self.wait(kill_at(self.site.stand, place, 1))

    def _next(self) -> str:
        head = self.site.line.get(f"{BASE}/snapshot/head").json()
        if self.current is None:
            assert head["version"] not in self.book
            return str(head["version"])
        epoch, number = self.current.split(".")
        return f"{epoch}.{int(number) + 1}"

    def _published(self, version: str | None) -> None:
        """Remembers a version, and reads it in every way; there is one exactly when something was pending."""
        assert (version is not None) == self.pending
        if version is None:
            return
        assert version == self._next()
        assert self.site.line.get(f"{BASE}/snapshot/head").json()["version"] == version
        self.pending, self.current = False, version
        self.kept = [*self.kept, version][-KEEP.versions :]
        self.book[version] = truth(self.site.line, version, self.written)
        self.pinned = {url: told for url, told in self.pinned.items() if any(one in url for one in self._tails())}
        for url in PINNED:
            self.pinned[url.format(version)] = self.site.line.raw(url.format(version), "gzip")
        self._read_in_every_way(version)

    def _tails(self) -> list[str]:
        return [f"version={version}" for version in self.kept]

    def _read_in_every_way(self, version: str) -> None:
        probes = [(view, way, None) for view in VIEWS for way in WAYS if way != "changes"]
        told = [(view, "changes", copy_of(one, self.book[one][view])) for one in self.kept for view in VIEWS]
        for turn, (view, way, held) in enumerate([*probes, *told]):
            probe = Phone(view, held)
            probe.begin(self.site.line, way, LIMITS[turn % 3] if held is None else (1, 7, 5000)[turn % 3])
            given = probe.go_on(self.site.line, 500)
            if given is not None:
                assert way == "changes"
                self._judge(given)
                continue
            assert probe.held is not None
            assert (probe.held.version, probe.held.lists()) == (version, self.book[version][view]), way

    # What time and people do.

    @rule()
    def sweep(self) -> None:
        stand = self.site.stand
        self.wait(retention.sweep(stand.database, stand.artifacts, seconds=-1))

    @precondition(lambda self: len(self.kept) > 1)
    @rule(again=st.booleans())
    def clean(self, *, again: bool) -> None:
        """Everything is gone; what is synced afterwards begins a new history."""
        self.wait(self._release())
        self.site.line.delete(f"{BASE}/clean")
        self.current, self.pending, self.kept, self.pinned = None, False, [], {}
        self.written = Catalogue()
        if again:
            self._publish()

    async def _release(self) -> None:
        stand = self.site.stand
        fence = await take_lease(stand.database, stand.pk)
        async with stand.database.writer() as writer:
            await lease.release(writer, provider_pk=stand.pk, fence=fence)

    @precondition(lambda self: self.rare["server"])
    @rule()
    def restart_the_server(self) -> None:
        self.rare["server"] -= 1
        self.site.start()

    # Phones.

    @rule(number=st.integers(0, 2), way=st.sampled_from(WAYS), limit=st.sampled_from(LIMITS), turns=st.integers(0, 9))
    def begin(self, number: int, way: str, limit: int, turns: int) -> None:
        self.phones[number].begin(self.site.line, way, limit)
        self._turns(self.phones[number], turns)

    @rule(number=st.integers(0, 2), cuts=st.integers(0, 4), most=st.integers(1, 6000), seed=st.integers(0, 99))
    def fetch_over_a_bad_line(self, number: int, cuts: int, most: int, seed: int) -> None:
        phone = self.phones[number]
        if not phone.busy:
            phone.begin(self.site.line, WAYS[seed % len(WAYS)], 100)
        self.site.cut(cuts, most, seed)
        self._turns(phone, 50)

    @rule(limit=st.sampled_from((1, 7, 5000)), turns=st.integers(0, 60))
    def update_all(self, limit: int, turns: int) -> None:
        for phone in self.phones:
            phone.begin(self.site.line, "changes", limit)
            self._turns(phone, turns)

    def _turns(self, phone: Phone, turns: int) -> None:
        given = phone.go_on(self.site.cut_line, turns)
        if given is not None:
            self._judge(given)
            self._turns(phone, turns)

    def _judge(self, given: Given) -> None:
        """A refusal has to be true."""
        refused, begun = given.refused, given.wanted or given.since
        known = self.current.split(".")[0] if self.current else None
        if refused.status == 503:
            assert self.current is None, refused
        elif refused.reason == "too_old":
            assert given.since is not None
            told = self.site.line.get(f"{BASE}/snapshot/head").json()["minSince"]
            assert int(given.since.split(".")[1]) < int(told.split(".")[1]), refused
        elif refused.reason == "epoch_changed":
            assert begun is not None
            assert begun.split(".")[0] != known, refused
        elif refused.reason == "larger_than_snapshot":
            assert given.way == "changes"
        else:
            assert (refused.status, refused.code) in ((404, "blob_not_found"), (410, "reset")), refused
            assert given.wanted not in self.kept, refused

    # What always holds.

    @invariant()
    def check_current(self) -> None:
        head = self.site.line.get(f"{BASE}/snapshot/head").json()
        assert head["version"] == self.current

    @invariant()
    def each_phone_holds_a_published_version(self) -> None:
        for phone in self.phones:
            if phone.held is not None:
                assert phone.held.lists() == self.book[phone.held.version][phone.view]

    @invariant()
    def pinned_bytes_never_change(self) -> None:
        for url, told in self.pinned.items():
            assert self.site.line.raw(url, "gzip") == told, url

    @invariant()
    def no_secret_is_stored(self) -> None:
        self.site.check_secrets()
