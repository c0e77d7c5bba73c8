"""What holds whatever happens: a catalogue that changes, publishers that die, connections that break, phones that wait.

All of it goes through a real server on a socket.
"""

import asyncio
import copy
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.snapshots.catalogue import simple, take_lease, write
from tests.snapshots.history import VIEWS, Truth, moved_on, truth
from tests.snapshots.machine import Invariants
from tests.snapshots.phones import BASE, WAYS, Phone
from tests.snapshots.site import Site
from tests.snapshots.test_publish import BreakingStore, Crash
from tests.support.effort import examples
from tests.support.postgres import PostgresServer

PUBLISHING_SECONDS = 6


@contextmanager
def opened(url: str, redis_url: str, folder: Path) -> Iterator[tuple[Site, asyncio.Runner]]:
    site = Site(url, redis_url, folder)
    with asyncio.Runner() as runner:
        runner.run(site.open())
        try:
            yield site, runner
        finally:
            runner.run(site.close())


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Callable[[], Invariants]:
    """A machine over a database and a server of its own."""
    numbers = count()

    def make() -> Invariants:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        closing = ExitStack()
        if request.param == "sqlite":
            url = f"sqlite:///{shutil.copyfile(request.getfixturevalue('sqlite_template'), folder / 'lineup.db')}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = closing.enter_context(server.database(request.getfixturevalue("postgres_template")))
        site, runner = closing.enter_context(opened(url, redis_url, folder))
        return Invariants(site, runner, closing)

    return make


def test_whatever_happens_everybody_holds_one_published_version(
    fresh: Callable[[], Invariants], request: pytest.FixtureRequest
) -> None:
    sqlite = "sqlite" in request.node.name
    chosen = settings(
        max_examples=examples(8, short=4) if sqlite else 2,
        stateful_step_count=14,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(fresh, settings=chosen)  # type: ignore[arg-type] # it takes what makes one, too


class Following:
    """A publisher that never rests beside phones that do not either."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.book: dict[str, Truth] = {}
        self.seen: list[tuple[str, str, dict[str, Any]]] = []  # version, view, lists
        self.over = asyncio.Event()

    async def publish(self) -> None:
        """Changes, dies somewhere on the way to the next version, publishes it."""
        dice, catalogue, stand = random.Random(11), simple(60, 150, 20), self.site.stand
        until = time.monotonic() + PUBLISHING_SECONDS
        while time.monotonic() < until:
            await write(stand.database, stand.pk, catalogue)
            fence = await take_lease(stand.database, stand.pk)
            version = None
            with suppress(Crash):
                breaking = BreakingStore(stand.folder, dice.randint(1, 40))
                version = await self.site.publisher(breaking).publish(stand.pk, fence)
            version = version or await stand.publish()
            assert version is not None
            assert version not in self.book
            self.book[version] = await asyncio.to_thread(truth, self.site.line, version, copy.deepcopy(catalogue))
            moved_on(catalogue, dice.randint(0, 10_000), dice.randint(1, 10))
        self.over.set()

    def follow(self, number: int) -> int:
        """One phone after another way; returns how many versions it had."""
        dice, phone, had = random.Random(number), Phone(VIEWS[number % 2]), set[str]()
        while not self.over.is_set():
            phone.begin(self.site.line, dice.choice((*WAYS, "changes", "changes", "pages")), dice.choice((100, 250)))
            while phone.busy:
                given = phone.go_on(self.site.cut_line if number else self.site.line, 1)
                if phone.busy and phone.wanted and dice.random() < 0.3:  # the next version comes in between
                    self.site.line.get(f"{BASE}/snapshot/head?after={phone.wanted}&wait=1")
                assert given is None or given.refused.status in (404, 410, 503), given
                if phone.held is not None and phone.held.version not in had:
                    had.add(phone.held.version)
                    self.seen.append((phone.held.version, phone.view, copy.deepcopy(phone.held.lists())))
        return len(had)


async def test_phones_follow_a_publisher_that_never_rests(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    site = await Site(sqlite_url, redis_url, tmp_path).open()
    try:
        site.cut(30, 8000, 3)
        following = Following(site)
        publishing = asyncio.create_task(following.publish())
        publishing.add_done_callback(lambda _: following.over.set())
        had = await asyncio.gather(*(asyncio.to_thread(following.follow, number) for number in range(3)))
        await publishing
        site.check_secrets()
    finally:
        await site.close()
    assert min(had) > 2
    assert len(following.book) > 4
    for version, view, lists in following.seen:
        assert lists == following.book[version][view], (version, view)
