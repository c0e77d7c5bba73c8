"""Which channels show which guide channels: found anew after every refresh, written where something changed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row

from app.core import jsonio
from app.core.clock import now_ms
from app.db import guide_rows
from app.db.engine import Database, Reader, Writer
from app.db.guide_rows import MatchValues
from app.domain.epg_match import GuideEntry, GuideIndex, Method, Wanted, shift_hours
from app.epg.sources import OWN
from app.jobs.tracker import JobTracker

WRITTEN: Final = 5_000  # matches in one transaction


async def rematch(database: Database, job: JobTracker, options: Mapping[str, Any]) -> int:
    """Matches all active channels of the job's provider; answers how many have a guide."""
    async with database.reader() as reader:
        index = await index_of(reader, job.provider_pk)
        channels = await guide_rows.wanted_channels(reader, job.provider_pk)
        stored = await guide_rows.matches_of(reader, job.provider_pk)
        found = await _found(reader, index, channels, options)
    changed = [match for ordinal, match in found.items() if stored.get(ordinal) != match]
    gone = [ordinal for ordinal in stored if ordinal not in found]
    for start in range(0, max(len(changed), len(gone)), WRITTEN):
        span = slice(start, start + WRITTEN)
        old = [match[0] for match in changed[span]] + gone[span]
        async with database.writer() as writer:
            await job.save(writer)
            await guide_rows.write_matches(writer, job.provider_pk, gone=old, found=changed[span])
    return len(found)


async def rematch_one(writer: Writer, provider_pk: int, ordinal: int, options: Mapping[str, Any]) -> None:
    """The same for one channel, after a person decided about it."""
    channels = [row for row in await guide_rows.wanted_channels(writer, provider_pk) if row.ordinal == ordinal]
    index = await index_of(writer, provider_pk)
    found = await _found(writer, index, channels, options)
    await guide_rows.write_matches(writer, provider_pk, gone=[ordinal], found=list(found.values()))


async def index_of(reader: Reader, provider_pk: int) -> GuideIndex:
    """The channels of all guides of a provider; those that are no longer named come last."""
    index, now = GuideIndex(), now_ms()
    for place, guide in enumerate(await guide_rows.guides_of(reader, provider_pk)):
        stored = await guide_rows.stored_channels(reader, guide.pk)
        for number, channel, names, _, programmes, last in stored:
            index.add(
                GuideEntry(
                    guide_pk=guide.pk,
                    guide=place,
                    number=number,
                    channel_id=channel,
                    names=guide_rows.names_of(names),
                    programmes=programmes if last is not None and last > now else 0,
                    own=guide.origin == OWN,
                )
            )
    return index


async def _found(
    reader: Reader, index: GuideIndex, channels: Sequence[Row[Any]], options: Mapping[str, Any]
) -> dict[int, MatchValues]:
    found: dict[int, MatchValues] = {}
    for row in channels:
        match = await _pinned(reader, row, options) if row.pinned else _matched(index, row, options)
        if match is not None:
            found[row.ordinal] = match
    return found


def _matched(index: GuideIndex, row: Row[Any], options: Mapping[str, Any]) -> MatchValues | None:
    extra = _extra(row)
    told, chosen = shift_hours(extra, options)
    named = extra.get("tvgName")
    wanted = Wanted(
        external_id=row.external_id,
        name=row.name,
        epg_id=row.epg_id,
        shift_hours=told,
        guide_name=named if isinstance(named, str) else None,
    )
    match = index.find(wanted, hours=chosen)
    if match is None:
        return None
    entry = match.entry
    return row.ordinal, entry.guide_pk, entry.number, match.shift_ms, match.method.value, match.score


async def _pinned(reader: Reader, row: Row[Any], options: Mapping[str, Any]) -> MatchValues | None:
    """What a person chose; nothing while it is not there, and where they chose nothing."""
    if row.guide_id is None or row.channel_id is None:
        return None
    target = await guide_rows.find_pinned(reader, row.guide_id, row.channel_id)
    if target is None:
        return None
    told, chosen = shift_hours(_extra(row), options)
    shift = round(((told or 0) + chosen) * 3_600_000)
    return row.ordinal, target.pk, target.number, shift, Method.PIN.value, 1.0


def _extra(row: Row[Any]) -> Mapping[str, Any]:
    return jsonio.loads(row.extra) if row.extra and b"tvg" in row.extra else {}
