"""One refresh of a provider's guides: find them, read each, show it whole or not at all, match channels to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import structlog
from sqlalchemy import Row

from app.core.clock import now_ms
from app.core.errors import ProviderError
from app.core.redaction import scrub
from app.db import guide_rows
from app.db.engine import Database
from app.domain.guides import DAY_MS, HOUR_MS, held_back
from app.domain.kinds import StepName, StepStatus
from app.domain.outcomes import joined
from app.domain.programmes import ProgrammeRecord
from app.epg.matching import rematch
from app.epg.sources import Sealer, Source, Sources
from app.epg.staging import Stage, Staged, sweep
from app.epg.xmltv import BATCH, XmltvReader
from app.jobs.tracker import JobTracker
from app.providers.base import Provider, ProviderAccount
from app.providers.download import Download, Unchanged, downloaded, opened
from app.providers.transport import Transport

PAGE: Final = 256 * 1024  # bytes of a file: what a page is to this step
ENDINGS: Final = (".xml", ".xmltv")
USER_AGENT: Final = "VLC/3.0.20 LibVLC/3.0.20"  # panels that refuse generic agents refuse them here too
EMPTY: Final = "The guide holds no programmes for the days to come."
NO_GUIDE: Final = "The provider names no guide, and has none of its own."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which programmes are kept: those that run from `past_days` ago to `future_days` from now."""

    past_days: float
    future_days: float

    def around(self, at_ms: int) -> tuple[int, int]:
        return at_ms - round(self.past_days * DAY_MS), at_ms + round(self.future_days * DAY_MS)


class Refresh:
    """The guides of one provider within one job; `run` gives the job's step its outcome and raises only to stop."""

    def __init__(
        self,
        *,
        database: Database,
        transport: Transport,
        sealer: Sealer,
        window: Window,
        provider: Provider,
        account: ProviderAccount,
        job: JobTracker,
        retry_attempts: int,
        retry_base_seconds: float,
    ) -> None:
        self._database = database
        self._transport = transport
        self._sources = Sources(database, sealer, account)
        self._window = window
        self._provider = provider
        self._account = account
        self._job = job
        self._retries: dict[str, Any] = {"attempts": retry_attempts, "base_seconds": retry_base_seconds}
        self._pages = 0

    async def run(self) -> None:
        """Ends the step: failed when no guide could be refreshed, partial when some could not."""
        job = self._job
        job.check()
        await job.begin(StepName.EPG)
        self._forget_counts()
        await sweep(self._database, job)
        errors: list[str] = []
        worked = 0
        try:
            sources = await self._sources.found(self._provider, job)
        except ProviderError as error:
            sources, errors = [], [scrub(error.detail)]
        for source in sources:
            job.check()
            reason = await self._refreshed(source)
            worked += reason is None
            errors += [reason] if reason else []
        matched = await rematch(self._database, job, self._account.options)
        await sweep(self._database, job)
        status = _outcome(worked, errors, there=bool(sources))
        async with self._database.writer() as writer:
            await job.save(writer)
            synced = status is not StepStatus.FAILED
            await guide_rows.mark_epg(writer, job.provider_pk, now_ms(), synced=synced)
        log.info("guides_refreshed", status=status.value, guides=len(sources), matched=matched)
        await job.end(StepName.EPG, status, joined(errors))

    def _forget_counts(self) -> None:
        """What an attempt before this one counted was not shown to anybody."""
        step = next(one for one in self._job.steps if one.name is StepName.EPG)
        counted = ("pages_done", "fetched", "added", "updated", "unchanged", "removed", "rejected")
        self._job.note(StepName.EPG, **{name: -getattr(step, name) for name in counted}, pages_total=0)

    async def _refreshed(self, source: Source) -> str | None:
        """Refreshes one guide; the sentence that tells why it could not be, and the earlier programmes stay."""
        row = source.row
        error: str | None = None
        try:
            error = await (self._ask(row) if source.url is None else self._read(source, source.url))
        except Unchanged:
            self._job.note(StepName.EPG, unchanged=row.programmes)
        except ProviderError as failure:
            error = scrub(failure.detail)
        now = now_ms()
        told = {"error": error, "error_at": now} if error else {"error": None, "error_at": None}
        async with self._database.writer() as writer:
            await self._job.save(writer)
            await guide_rows.change_guide(writer, row.pk, {"checked_at": now, **told})
        if error:
            log.warning("guide_failed", guide=row.id, origin=row.origin, reason=error)
        return error

    async def _ask(self, row: Row[Any]) -> str | None:
        """The provider's own guide; that it has none is no error."""
        at = now_ms()
        since, until = self._window.around(at)
        async with self._database.reader() as reader:
            channels = await guide_rows.external_ids(reader, self._job.provider_pk)
        stage = Stage(self._database, self._job, guide_pk=row.pk, at_ms=at)
        await stage.open()
        hours = round(self._window.future_days * DAY_MS / HOUR_MS)
        held: list[ProgrammeRecord] = []  # a batch is one channel's: too little for a transaction
        async with aclosing(self._provider.programmes(channels, hours)) as batches:
            async for batch in batches:
                self._job.check()
                held += [one for one in batch if one.start_ms < until and (one.stop_ms or one.start_ms) > since]
                if len(held) >= BATCH:
                    await stage.add(held)
                    held = []
        await stage.add(held)
        staged = await stage.close({})
        if not staged.programmes and row.generation is None:
            return None
        return await self._show(row, staged, at, {})

    async def _read(self, source: Source, url: str) -> str | None:
        at = now_ms()
        row = source.row
        client = self._transport.client(url=url, headers={"User-Agent": self._agent})
        async with downloaded(client, url, headers=self._conditions(source, at), **self._retries) as download:
            self._announce(download)
            reader = XmltvReader(opened(download.file, endings=ENDINGS), **self._wish(at))
            stage = Stage(self._database, self._job, guide_pk=row.pk, at_ms=at)
            await stage.open()
            async for batch in self._batches(reader, download.file):
                self._job.check()
                await stage.add(batch)
            staged = await stage.close(reader.channels)
        if not staged.programmes and not self._job.force:
            return EMPTY
        tags = {"etag": download.headers.get("etag"), "last_modified": download.headers.get("last-modified")}
        return await self._show(row, staged, at, {**tags, "beyond_ms": reader.beyond_ms, "rejected": reader.rejected})

    async def _batches(self, reader: XmltvReader, file: BinaryIO) -> AsyncIterator[list[ProgrammeRecord]]:
        """Batches as a thread parses them: the next one while this one is stored."""
        batches: Iterator[list[ProgrammeRecord]] = reader.batches()
        before, rejected = self._pages, 0
        coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
        try:
            while (batch := await coming) is not None:
                place, refused = before + file.tell() // PAGE, reader.rejected
                coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
                self._job.note(StepName.EPG, pages_done=place - self._pages, rejected=refused - rejected)
                self._pages, rejected = place, refused
                yield batch
        finally:
            coming.cancel()
        self._job.note(StepName.EPG, rejected=reader.rejected - rejected)

    async def _show(self, row: Row[Any], staged: Staged, at: int, values: Mapping[str, Any]) -> str | None:
        """Flips the guide to the new generation, unless it lost too much; its channels change with it."""
        async with self._database.reader() as reader:
            before, channels = await guide_rows.count_to_come(reader, row.generation, at)
        force = self._job.force
        lost = held_back(noun="programmes", now=staged.to_come, before=before, held=row.held, force=force)
        force = force or bool(row.held)
        reason = lost or held_back(noun="channels", now=staged.channels_to_come, before=channels, held=0, force=force)
        async with self._database.writer() as writer:
            await self._job.save(writer)
            if reason:
                await guide_rows.change_guide(writer, row.pk, {"held": staged.to_come})
                return reason
            carried = 0
            if row.generation is not None and (staged.first_ms or 0) > at - HOUR_MS:
                since, _ = self._window.around(at)
                carried = await guide_rows.carry_over(
                    writer, row.generation, staged.generation, since_ms=since, until_ms=at
                )
            await guide_rows.store_channels(writer, row.pk, staged.channels)
            shown = {
                "generation": staged.generation,
                "channels": len(staged.channels),
                "programmes": staged.programmes + carried,
                "first_ms": staged.first_ms,
                "last_ms": staged.last_ms,
                "changed_at": at,
                "held": 0,
            }
            await guide_rows.change_guide(writer, row.pk, {**values, **shown})
        return None

    def _conditions(self, source: Source, at: int) -> dict[str, str]:
        """Asks only for what is new, where what is stored would still be all of it."""
        row = source.row
        _, until = self._window.around(at)
        narrow = row.beyond_ms is not None and row.beyond_ms < until
        if row.generation is None or source.moved or narrow or row.error or self._job.force:
            return {}
        told = {"If-None-Match": row.etag, "If-Modified-Since": row.last_modified}
        return {name: value for name, value in told.items() if value}

    def _wish(self, at: int) -> dict[str, Any]:
        since, until = self._window.around(at)
        language = self._account.options.get("language")
        return {"since_ms": since, "until_ms": until, "languages": [language] if language else []}

    def _announce(self, download: Download) -> None:
        step = next(one for one in self._job.steps if one.name is StepName.EPG)
        pages = -(-download.size // PAGE)
        self._job.note(StepName.EPG, pages_total=step.pages_total + pages)

    @property
    def _agent(self) -> str:
        return str(self._account.options.get("userAgent") or USER_AGENT)


def _outcome(worked: int, errors: Sequence[str], *, there: bool) -> StepStatus:
    if errors:
        return StepStatus.PARTIAL if worked else StepStatus.FAILED
    return StepStatus.COMPLETED if there else StepStatus.SKIPPED
