import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, select, update

from app.core.clock import now_ms
from app.core.errors import Rejected, Unavailable
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.breaker import FIRST_MS, BreakerState
from app.domain.kinds import Kind, StepName
from app.domain.records import Record
from app.jobs.run import Run
from app.providers.base import AccountStatus, Categories, Page, Scope, StreamLink
from app.providers.guarded import GuardedProvider
from app.registry.breakers import Breakers
from app.sync.pipeline import SyncPipeline
from tests.support.scripted import ScriptedProvider, add_job, add_provider, record

PROVIDER = metadata.tables["provider"]
ID = "oneaaaaaaaaaaaaa"
SCOPE = Scope(step=StepName.MOVIES, name="movie", kinds=frozenset({Kind.MOVIE}), paged=True)
REFUSAL = "The portal refuses this account (403)."


@dataclass(slots=True)
class Portal:
    """What answers: `refuses` everything, or only `items`; `asked` counts requests, `logins` the adapters."""

    refuses: bool = False
    refuses_items: bool = False
    busy: bool = False
    asked: int = 0
    logins: int = 0

    def ask(self) -> None:
        self.asked += 1
        if self.busy:
            raise Unavailable("busy")
        if self.refuses:
            raise Rejected(REFUSAL)


@dataclass(slots=True)
class Adapter(ScriptedProvider):
    """Remembers a refusal, as a session does that may not log in twice."""

    portal: Portal | None = None
    refusal: Rejected | None = None

    def _ask(self) -> None:
        assert self.portal
        if self.refusal:
            raise self.refusal
        try:
            self.portal.ask()
        except Rejected as error:
            self.refusal = error
            raise

    async def test(self) -> AccountStatus:
        self._ask()
        return AccountStatus(ok=True, status="active")

    async def categories(self, kind: Kind) -> Categories:
        self._ask()
        return await ScriptedProvider.categories(self, kind)

    async def page(self, scope: Scope, number: int) -> Page:
        await asyncio.sleep(0)
        self._ask()
        return await ScriptedProvider.page(self, scope, number)

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        self._ask()
        return await ScriptedProvider.scopes(self, step, kinds, newest=newest)

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        self._ask()
        assert self.portal
        if self.portal.refuses_items:
            raise Rejected("The portal does not allow this account to play this.")
        return StreamLink(url="http://cdn.test/1")


class Bench:
    """One provider with its breakers, as one process has them."""

    def __init__(self, database: Database, portal: Portal, pk: int) -> None:
        self.database = database
        self.portal = portal
        self.pk = pk
        self.breakers = Breakers(database)
        self.movies: list[Record] = [record(Kind.MOVIE, number) for number in range(1, 41)]

    def open(self, breakers: Breakers | None = None) -> GuardedProvider:
        def adapter() -> Adapter:
            self.portal.logins += 1
            return Adapter(portal=self.portal, lists={Kind.MOVIE: self.movies})

        return GuardedProvider(adapter, (breakers or self.breakers).gate(ID))

    async def attempt(self, breakers: Breakers | None = None) -> str:
        """What one client is told that asks for one page."""
        async with self.open(breakers) as provider:
            try:
                await provider.page(SCOPE, 1)
            except (Rejected, Unavailable) as error:
                return error.detail
        return "answered"

    async def row(self) -> Any:
        async with self.database.reader() as reader:
            return await reader.row(select(*PROVIDER.c).where(PROVIDER.c.pk == self.pk))

    async def wait(self) -> None:
        """As if the time were over for which it was opened."""
        async with self.database.writer() as writer:
            await writer.execute(update(PROVIDER).values(breaker_until=now_ms() - 1))

    async def sync(self) -> list[str]:
        """The errors of a sync."""
        job_id = await add_job(self.database, self.pk, only=["movies"])
        async with Run(self.database, None, job_id) as job, self.open() as provider:
            pipeline = SyncPipeline(
                database=self.database, provider=provider, provider_pk=self.pk, provider_id=ID, job=job
            )
            _ = [step async for step in pipeline.run()]
            errors = job.errors
            await job.hand_back()
            job.finished = True
        async with self.database.writer() as writer:
            await writer.execute(update(metadata.tables["sync_job"]).values(status="failed"))
        return errors


@pytest.fixture
async def bench(database: Database) -> Bench:
    return Bench(database, Portal(), await add_provider(database))


async def opened(bench: Bench) -> None:
    bench.portal.refuses = True
    for _ in range(3):
        assert await bench.attempt() == REFUSAL


async def test_after_three_refusals_nothing_is_asked_and_the_reason_is_told(bench: Bench) -> None:
    await opened(bench)
    asked = bench.portal.asked
    said = await bench.attempt()
    assert said.startswith("The provider is left alone until 20")
    assert said.endswith(f"it refused 3 times in a row: {REFUSAL}")
    assert bench.portal.asked == asked
    row = await bench.row()
    assert (row.breaker_refusals, row.breaker_trips, row.breaker_reason) == (3, 1, REFUSAL)
    assert 0 < row.breaker_until - now_ms() <= FIRST_MS
    assert row.last_error == REFUSAL
    assert row.last_error_at is not None


async def test_another_process_hears_of_it(bench: Bench) -> None:
    await opened(bench)
    assert (await bench.attempt(Breakers(bench.database))).startswith("The provider is left alone")


async def test_a_success_in_between_begins_the_count_anew(bench: Bench) -> None:
    for refuses in (True, True, False, True, True):
        bench.portal.refuses = refuses
        await bench.attempt()
    assert (await bench.row()).breaker_refusals == 2
    assert (await bench.row()).breaker_until is None


async def test_trouble_that_passes_is_no_refusal(bench: Bench) -> None:
    bench.portal.busy = True
    for _ in range(5):
        assert await bench.attempt() == "busy"
    assert (await bench.row()).breaker_refusals == 0


async def test_one_attempt_is_let_through_when_the_time_is_over_and_its_success_closes(bench: Bench) -> None:
    await opened(bench)
    await bench.wait()
    bench.portal.refuses = False
    others = [Breakers(bench.database) for _ in range(3)]
    async with bench.open() as provider:
        assert await provider._gate.check() is True  # the attempt is this one's, and takes its time
        assert {(await bench.attempt(one))[:26] for one in others} == {"The provider is left alone"}
        late = bench.breakers.gate(ID)  # one that saw it half-open a moment before
        assert await late._take() is BreakerState.OPEN
        await provider.page(SCOPE, 1)
    row = await bench.row()
    assert (row.breaker_refusals, row.breaker_trips, row.breaker_until, row.breaker_reason) == (0, 0, None, None)
    assert await bench.attempt(Breakers(bench.database)) == "answered"


async def test_of_many_that_come_when_the_time_is_over_one_asks(bench: Bench) -> None:
    await opened(bench)
    await bench.wait()
    asked = bench.portal.asked
    said = await asyncio.gather(*(bench.attempt(Breakers(bench.database)) for _ in range(6)))
    assert bench.portal.asked == asked + 1
    assert said.count(REFUSAL) == 1


async def test_a_refusal_of_that_attempt_opens_it_for_twice_as_long(bench: Bench) -> None:
    await opened(bench)
    await bench.wait()
    assert await bench.attempt() == REFUSAL
    row = await bench.row()
    assert row.breaker_trips == 2
    assert FIRST_MS < row.breaker_until - now_ms() <= 2 * FIRST_MS


async def test_an_attempt_that_comes_to_no_answer_is_followed_by_another(bench: Bench) -> None:
    await opened(bench)
    await bench.wait()
    bench.portal.busy, bench.portal.refuses = True, False
    assert await bench.attempt() == "busy"
    assert (await bench.attempt()).startswith("The provider is left alone")
    await bench.wait()
    assert await bench.attempt() == "busy"


async def test_the_attempt_is_a_login_and_not_what_an_old_session_remembers(bench: Bench) -> None:
    bench.portal.refuses = True
    async with bench.open() as provider:
        for _ in range(3):
            with pytest.raises(Rejected):
                await provider.resolve(Kind.MOVIE, {})
        assert bench.portal.asked == 1
        await bench.wait()
        bench.breakers.forget(ID)
        bench.portal.refuses = False
        assert (await provider.resolve(Kind.MOVIE, {})).url
    assert bench.portal.logins == 2
    assert (await bench.row()).breaker_until is None


async def test_a_session_logs_in_anew_once_somebody_else_was_let_in(bench: Bench) -> None:
    bench.portal.refuses = True
    async with bench.open() as provider:
        with pytest.raises(Rejected):
            await provider.resolve(Kind.MOVIE, {})
        bench.portal.refuses = False
        assert await bench.attempt() == "answered"
        assert (await provider.resolve(Kind.MOVIE, {})).url


async def test_pages_that_are_refused_together_are_one_refusal(bench: Bench) -> None:
    bench.portal.refuses = True
    async with bench.open() as provider:
        pages = (provider.page(SCOPE, number) for number in range(1, 21))
        refused = await asyncio.gather(*pages, return_exceptions=True)
    assert all(isinstance(one, Rejected) for one in refused)
    assert (await bench.row()).breaker_refusals == 1


async def test_a_film_that_is_refused_is_no_refusal_of_the_account(bench: Bench) -> None:
    bench.portal.refuses_items = True
    async with bench.open() as provider:
        for _ in range(4):
            with pytest.raises(Rejected, match="play this"):
                await provider.resolve(Kind.MOVIE, {})
    assert (await bench.row()).breaker_refusals == 0


async def test_a_sync_is_one_attempt_however_much_it_asks_for(bench: Bench) -> None:
    bench.portal.refuses = True
    for number in (1, 2, 3):
        assert await bench.sync() == [REFUSAL]
        assert (await bench.row()).breaker_refusals == number
    asked = bench.portal.asked
    (said,) = await bench.sync()
    assert said.startswith("The provider is left alone until")
    assert bench.portal.asked == asked


async def test_a_sync_of_many_pages_writes_nothing_about_them(bench: Bench) -> None:
    bench.movies = [record(Kind.MOVIE, number) for number in range(1, 2001)]
    statements: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    for engine in {bench.database._readers, bench.database._writers}:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    async with bench.open() as provider:
        for number in range(1, 201):
            await provider.page(SCOPE, number)
    about = [one for one in statements if "breaker" in one]
    assert not [one for one in about if one.startswith("UPDATE")]
    assert len(about) <= 5


async def test_who_was_let_in_after_it_opened_closes_it(bench: Bench) -> None:
    here, there = Breakers(bench.database), Breakers(bench.database)
    async with bench.open(here) as provider:
        await provider.page(SCOPE, 1)
        bench.portal.refuses = True
        for _ in range(3):
            await bench.attempt(there)
        bench.portal.refuses = False
        await asyncio.sleep(0.002)
        await provider.page(SCOPE, 2)  # what this process knows is a moment old
        here.forget(ID)
        await provider.page(SCOPE, 3)
    assert (await bench.row()).breaker_until is None


async def test_a_database_that_is_away_makes_no_refusal(bench: Bench) -> None:
    async with bench.open() as provider:
        await bench.database.close()
        bench.breakers = Breakers(Database("postgresql://nobody:fake-word@127.0.0.1:1/nothing"))
        assert await bench.attempt() == "answered"
        bench.portal.refuses = True
        assert await bench.attempt() == REFUSAL
        bench.portal.refuses = False
        await provider.page(SCOPE, 1)


async def test_the_account_is_remembered_as_a_sync_saw_it(bench: Bench) -> None:
    gate = bench.breakers.gate(ID)
    await gate.seen(AccountStatus(ok=True, status="active", expires_at=77, max_connections=2))
    await gate.seen(AccountStatus(ok=True, status="trial"))
    account = (await bench.row()).account
    assert account.pop("seenAt") <= now_ms()
    assert account == {"status": "trial", "expiresAt": 77, "maxConnections": 2}
