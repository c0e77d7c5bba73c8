"""The mirrors of this process: what is registered, what a job brings, what is known of each table."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from app.core.clock import now_ms
from app.core.errors import Conflict, Invalid, NotFound
from app.db.engine import Database
from app.domain.kinds import ProviderKind, StepName, StepStatus
from app.domain.schemas import Strategy, SyncSpec, TableSchema
from app.jobs.requests import JobRequests
from app.jobs.tracker import JobTracker
from app.jobs.views import StartedJob
from app.mirror.homes import Home, Homes
from app.mirror.layout import Column, checked_table
from app.mirror.memory import Memory
from app.mirror.ondemand import OnDemand, register
from app.mirror.records import TableRecord, changed, forget_seen, mappings, put_record, records
from app.mirror.remote import Portal, RemoteTable
from app.mirror.upkeep import Upkeep
from app.providers.base import ProviderAccount
from app.providers.iptvportal.errors import TableForbidden

WORD: Final = "tables"  # in what a job is asked to sync: all that are due
PREFIX: Final = "table:"  # before the name of one
Schemas = Callable[[ProviderAccount], Mapping[str, TableSchema]]
Accounts = Callable[[int], Awaitable[ProviderAccount]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table of a provider: as it is described, and as it is mirrored where it is (`record`)."""

    name: str
    schema: TableSchema
    record: TableRecord | None
    columns: Sequence[Column] = ()

    @property
    def state(self) -> str:
        """`unregistered`, `disabled`, `empty` (never synced), `fresh` or `stale`."""
        if self.schema.sync.disabled or (self.record is not None and self.record.disabled):
            return "disabled"
        if self.record is None:
            return "unregistered"
        if self.schema.sync.strategy is Strategy.ON_DEMAND:
            return "on_demand"
        if not self.record.whole:
            return "empty"
        return "fresh" if self.record.fresh(now_ms()) and self.record.schema_hash == self.schema.hash else "stale"


class Mirror:
    """`schemas` says how an account's tables look, `accounts` opens credentials, `opener` makes what is asked."""

    def __init__(
        self,
        database: Database,
        homes: Homes,
        *,
        accounts: Accounts,
        opener: Callable[[ProviderAccount], Portal],
        schemas: Schemas,
        jobs: JobRequests,
        memory: Memory,
        usual: SyncSpec | None = None,
    ) -> None:
        self._database = database
        self._homes = homes
        self._accounts = accounts
        self._opener = opener
        self._schemas = schemas
        self._jobs = jobs
        self._memory = memory
        self._usual = usual or SyncSpec()
        self._portals: dict[str, tuple[ProviderAccount, Portal]] = {}

    async def account(self, provider_pk: int) -> ProviderAccount:
        """The account; `Invalid` when it is none of an operator's portal."""
        account = await self._accounts(provider_pk)
        if account.kind is not ProviderKind.IPTVPORTAL:
            raise Invalid([("provider", "Only an operator's portal (iptvportal) has tables.")])
        return account

    def home(self, account: ProviderAccount) -> Home:
        return self._homes.of(account.id)

    def portal(self, account: ProviderAccount) -> Portal:
        """What is asked for this account; one session serves all who ask in this process."""
        known = self._portals.get(account.id)
        if known is None or known[0] != account:
            known = self._portals[account.id] = (account, self._opener(account))
        return known[1]

    def described(self, account: ProviderAccount) -> Mapping[str, TableSchema]:
        """The schemas of an account's tables, by name."""
        return self._schemas(account)

    def schema(self, account: ProviderAccount, table: str) -> TableSchema:
        """How a table looks; one that nobody described has columns `Field_N` and is kept as usual."""
        return self.described(account).get(table) or TableSchema(name=checked_table(table), sync=self._usual)

    async def tables(self, provider_pk: int) -> list[TableView]:
        """All tables that are described or registered, by name."""
        account = await self.account(provider_pk)
        found = await self.records(account)
        names = sorted({*found, *self.described(account)})
        return [TableView(name=one, schema=self.schema(account, one), record=found.get(one)) for one in names]

    async def table(self, provider_pk: int, name: str) -> TableView:
        """One of them, with its columns where it is mirrored; `NotFound` when nobody knows it."""
        account = await self.account(provider_pk)
        name = checked_table(name)
        found = await self.records(account, [name])
        if name not in found and name not in self.described(account):
            raise NotFound(f"Nothing is known of a table {name}: describe it in a schema, or sync it.")
        columns: Sequence[Column] = ()
        if name in found:
            async with self.home(account).reader() as reader:
                columns = await mappings(reader, name)
        return TableView(name=name, schema=self.schema(account, name), record=found.get(name), columns=columns)

    async def records(self, account: ProviderAccount, names: Sequence[str] | None = None) -> dict[str, TableRecord]:
        """What the mirror knows of these tables, or of all."""
        home = self.home(account)
        if not home.begun:
            return {}
        async with home.reader() as reader:
            return await records(reader, names)

    async def register(self, provider_pk: int, name: str) -> TableView:
        """Takes a table into the mirror, and asks how large it is; one that is kept back (403) is taken in disabled."""
        account = await self.account(provider_pk)
        schema = self.schema(account, checked_table(name))
        values: dict[str, Any] = {}
        try:
            facts = await RemoteTable(self.portal(account), schema).facts()
        except TableForbidden as error:
            values = {"disabled": 1, "disabled_reason": error.detail}
        else:
            spans = {"min_id": facts.min_id, "max_id": facts.max_id}
            values = {key: None if one is None else str(one) for key, one in spans.items()}
            values |= {"row_count": facts.count, "disabled": 0, "disabled_reason": None}
        async with self.home(account).writer() as writer:
            await register(writer, schema, (await records(writer, [name])).get(name))
            await put_record(writer, name, values)
        return await self.table(provider_pk, name)

    async def sync(self, provider_pk: int, name: str, *, force: bool = False) -> StartedJob:
        """Queues a sync of one table; `Conflict` while another job of the provider that leaves it out is live."""
        account = await self.account(provider_pk)
        schema = self.schema(account, checked_table(name))
        if schema.sync.disabled:
            raise Conflict(f"{name} is disabled in its schema.", code="table_disabled")
        word = f"{PREFIX}{name}"
        started = await self._jobs.start(provider_pk, only=frozenset({word}), force=force)
        if not started.created and word not in await self._jobs.asked(started.job_id):
            raise Conflict("Another sync of this provider is queued or running.", code="job_live")
        return started

    async def refresh_soon(self, provider_pk: int, names: Sequence[str]) -> None:
        """Queues a sync of stale tables, unless the provider has a job already; nobody waits for it."""
        with suppress(Conflict, NotFound):
            await self._jobs.start(provider_pk, only=frozenset(f"{PREFIX}{name}" for name in names))

    def forget(self, account: ProviderAccount, name: str) -> None:
        """What this process remembers of a table; others notice that its version changed."""
        self._memory.forget(account.id, name)

    async def written(self, provider_pk: int, name: str, ids: Sequence[Any]) -> None:
        """Rows were changed at the portal: those with these ids are fetched again, where that can be told.

        Without ids, or while the table is described otherwise than it was synced, all of it is stale from now on.
        """
        account = await self.account(provider_pk)
        found = (await self.records(account, [name])).get(name)
        if found is not None and found.kinds:
            home, schema = self.home(account), self.schema(account, name)
            if ids and found.key_position is not None and found.schema_hash == schema.hash:
                await OnDemand(home, self.portal(account), schema).fetch(ids)
            else:
                async with home.writer() as writer:
                    await put_record(writer, name, {"next_sync_at": 0})
                    await forget_seen(writer, name)
                    await changed(writer, name)
        self.forget(account, name)

    async def plan(self, job: JobTracker, account: ProviderAccount) -> bool:
        """Adds the step to a job that asks for tables, or that syncs everything while registered ones are stale."""
        if account.kind is not ProviderKind.IPTVPORTAL:
            return False
        planned = any(step.name is StepName.TABLES for step in job.steps)
        if not planned and await self._wanted(job, account) is not None:
            await job.plan([StepName.TABLES])
            planned = True
        return planned

    async def refresh(self, job: JobTracker, account: ProviderAccount) -> None:
        """Runs the step, unless an earlier attempt of the job did."""
        if any(step.name is StepName.TABLES and step.status is StepStatus.COMPLETED for step in job.steps):
            return
        wanted = await self._wanted(job, account) or []
        schemas = {name: self.schema(account, name) for name in wanted}
        upkeep = Upkeep(
            database=self._database,
            home=self.home(account),
            portal=self.portal(account),
            job=job,
            schemas=schemas,
        )
        try:
            await upkeep.run(wanted)
        finally:
            for name in wanted:
                self.forget(account, name)

    async def _wanted(self, job: JobTracker, account: ProviderAccount) -> list[str] | None:
        """The tables of a job in order; None when it is not about tables."""
        named = sorted(word.removeprefix(PREFIX) for word in job.only if word.startswith(PREFIX))
        if named:
            return named
        if job.only and WORD not in job.only:
            return None
        due = [name for name, one in (await self.records(account)).items() if self._due(account, name, one, job)]
        return due if due or WORD in job.only else None

    def _due(self, account: ProviderAccount, name: str, record: TableRecord, job: JobTracker) -> bool:
        schema = self.schema(account, name)
        if schema.sync.disabled or schema.sync.strategy is Strategy.ON_DEMAND:
            return False
        if record.last_job == job.job_id:
            return True  # of an earlier attempt: it is counted, not walked again
        if record.disabled and not job.force:
            return False
        return job.force or not record.fresh(now_ms()) or record.schema_hash != schema.hash
