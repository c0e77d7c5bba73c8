"""The tables of one provider within one job: each by its strategy, none stopped by another's trouble."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog

from app.core.clock import now_ms
from app.core.errors import ProviderError
from app.core.redaction import scrub
from app.db.engine import Database
from app.domain.kinds import StepName, StepStatus
from app.domain.outcomes import joined
from app.domain.schemas import Strategy, TableSchema
from app.jobs.tracker import JobTracker
from app.mirror import content
from app.mirror.full import FullWalk
from app.mirror.homes import Home
from app.mirror.incremental import IncrementalWalk, Moved
from app.mirror.ondemand import OnDemand, register
from app.mirror.records import put_record, records
from app.mirror.remote import Portal
from app.mirror.tablejob import TableJob
from app.providers.iptvportal.errors import TableForbidden

STEP = StepName.TABLES
NO_TABLES = "None of the provider's tables is registered for its mirror."

log = structlog.get_logger(__name__)


class Upkeep:
    """`run` gives the job's step its outcome; it raises only to stop. `synced` holds the tables that were brought."""

    def __init__(
        self, *, database: Database, home: Home, portal: Portal, job: JobTracker, schemas: Mapping[str, TableSchema]
    ) -> None:
        self._database = database
        self._home = home
        self._portal = portal
        self._job = job
        self._schemas = schemas
        self.synced: list[str] = []

    async def run(self, wanted: Sequence[str]) -> None:
        """Syncs these tables."""
        job = self._job
        job.check()
        await job.begin(STEP)
        errors: list[str] = []
        held = False
        for name in wanted:
            job.check()
            try:
                reason = await self._table(self._schemas[name])
            except TableForbidden as error:
                await self._disable(name, error)
                continue
            except ProviderError as error:
                errors.append(await self._failed(name, error))
                continue
            held = held or reason is not None
            errors += [reason] if reason else []
        worked = held or len(errors) < len(wanted) or not wanted
        status = StepStatus.COMPLETED if not errors else StepStatus.PARTIAL if worked else StepStatus.FAILED
        log.info("tables_synced", status=status.value, tables=len(self.synced), of=len(wanted))
        await job.end(STEP, status, joined(errors))

    async def _table(self, schema: TableSchema) -> str | None:
        async with self._home.writer(fence=self._job.fence) as writer:
            known = (await records(writer, [schema.name])).get(schema.name)
            await register(writer, schema, known)
            record = (await records(writer, [schema.name]))[schema.name]
        if record.last_job == self._job.job_id:
            return None  # by an earlier attempt
        one = TableJob(
            database=self._database,
            home=self._home,
            portal=self._portal,
            schema=schema,
            record=record,
            job=self._job,
        )
        reason = await self._walked(one)
        self.synced.append(schema.name)
        return reason

    async def _walked(self, one: TableJob) -> str | None:
        strategy = one.schema.sync.strategy
        if strategy is Strategy.ON_DEMAND:
            await self._renewed(one)
            return None
        if strategy is Strategy.INCREMENTAL and IncrementalWalk.possible(one) and not self._job.force:
            with suppress(Moved):
                return await IncrementalWalk(one).run()
        return await FullWalk(one).run()

    async def _renewed(self, one: TableJob) -> None:
        """Rows that somebody asked for once are fetched again; there are no others."""
        began = now_ms()
        if one.record.filled and one.record.key_position is not None:
            async with self._home.reader() as reader:
                ids = await content.ids_of(reader, one.name)
            await OnDemand(self._home, self._portal, one.schema).fetch(ids)
            await one.note(None, pages=1, fetched=len(ids))
        async with one.writer() as writer:
            done = {"last_job": self._job.job_id, "total_syncs": one.record.total_syncs + 1, "last_error": None}
            await put_record(writer, one.name, done | {"last_sync_duration_ms": now_ms() - began, "disabled": 0})

    async def _disable(self, name: str, error: TableForbidden) -> None:
        """No error: the account may read other tables. Asked for by name, or forced, it is tried again."""
        values = {"disabled": 1, "disabled_reason": error.detail, "last_job": self._job.job_id}
        async with self._home.writer(fence=self._job.fence) as writer:
            await put_record(writer, name, values)

    async def _failed(self, name: str, error: ProviderError) -> str:
        said = scrub(error.detail)
        async with self._home.writer(fence=self._job.fence) as writer:
            found = (await records(writer, [name]))[name]
            trouble = {"failed_syncs": found.failed_syncs + 1, "last_error": said, "last_error_at": now_ms()}
            await put_record(writer, name, trouble)
        return said if name in said else f"{name}: {said}"
