"""A refresh on its way: programmes are written under a generation that nobody sees until all of it is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.db import guide_rows
from app.db.engine import Database
from app.db.guide_rows import ChannelValues, ProgrammeValues
from app.domain.kinds import StepName
from app.domain.programmes import LAST_LENGTH_MS, ProgrammeRecord, encoded
from app.epg.xmltv import ChannelFacts
from app.jobs.tracker import JobTracker

SETTLED: Final = 50  # channels whose ends are settled in one transaction
BITE: Final = 5_000  # programmes deleted in one transaction: short turns for the one writer of SQLite


@dataclass(slots=True)
class Track:
    """What was read of one channel; `untidy` = ends are missing, or shows overlap, repeat or stand out of order."""

    number: int
    programmes: int = 0
    to_come: int = 0
    first_ms: int | None = None
    last_start_ms: int = -1
    last_ms: int = -1
    untidy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A generation that is complete; `to_come` counts what begins later than the refresh did."""

    generation: int
    programmes: int
    to_come: int
    channels_to_come: int
    first_ms: int | None
    last_ms: int | None
    channels: Sequence[ChannelValues]


class Stage:
    """Writes one generation. Every transaction is refused once the job's lease is lost."""

    def __init__(self, database: Database, job: JobTracker, *, guide_pk: int, at_ms: int) -> None:
        self._database = database
        self._job = job
        self._guide_pk = guide_pk
        self._at = at_ms
        self._tracks: dict[str, Track] = {}
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._generation = 0

    async def open(self) -> None:
        """Takes a generation, and the numbers that the guide's channels have."""
        async with self._database.writer() as writer:
            await self._job.save(writer)
            self._numbers = await guide_rows.channel_numbers(writer, self._guide_pk)
            self._next = max(self._numbers.values(), default=-1) + 1
            self._generation = await guide_rows.new_generation(
                writer, provider_pk=self._job.provider_pk, guide_pk=self._guide_pk
            )

    async def add(self, records: Sequence[ProgrammeRecord]) -> None:
        """Stores programmes in one transaction; of two at the same moment of a channel the first one stays."""
        if not records:
            return
        fresh, late = self._sorted(records)
        self._job.note(StepName.EPG, fetched=len(records), added=len(records))
        async with self._database.writer() as writer:
            await self._job.save(writer)
            await guide_rows.insert_programmes(writer, fresh)
            await guide_rows.merge_programmes(writer, late)

    def _sorted(self, records: Sequence[ProgrammeRecord]) -> tuple[list[ProgrammeValues], list[ProgrammeValues]]:
        """The rows that are new for certain, since they begin behind all before them, and the others."""
        fresh: list[ProgrammeValues] = []
        late: list[ProgrammeValues] = []
        generation, at = self._generation, self._at
        channel: str | None = None
        track = Track(0)
        for record in records:
            start, stop, body = record.start_ms, record.stop_ms, record.body
            if record.channel != channel:  # most guides tell of one channel after the other
                channel = record.channel
                track = self._tracks.get(channel) or self._track(channel)
            track.programmes += 1
            track.to_come += start > at
            if start > track.last_start_ms:
                fresh.append((generation, track.number, start, stop, body))
                track.untidy |= stop is None or start < track.last_ms
                track.last_start_ms = start
                if track.first_ms is None:
                    track.first_ms = start
            else:
                late.append((generation, track.number, start, stop, body))
                track.untidy = True
            if stop is not None and stop > track.last_ms:
                track.last_ms = stop
        return fresh, late

    def _track(self, channel: str) -> Track:
        found = self._tracks[channel] = Track(self._number(channel))
        return found

    def _number(self, channel: str) -> int:
        found = self._numbers.get(channel)
        if found is None:
            found = self._numbers[channel] = self._next
            self._next += 1
        return found

    async def close(self, facts: Mapping[str, ChannelFacts]) -> Staged:
        """Settles what could not be told while reading; `facts` are the guide's channels."""
        await self._settle([track for track in self._tracks.values() if track.untidy])
        tracks = [track for track in self._tracks.values() if track.programmes]
        return Staged(
            generation=self._generation,
            programmes=sum(track.programmes for track in tracks),
            to_come=sum(track.to_come for track in tracks),
            channels_to_come=sum(track.to_come > 0 for track in tracks),
            first_ms=min((track.first_ms for track in tracks if track.first_ms is not None), default=None),
            last_ms=max((track.last_ms for track in tracks), default=None),
            channels=self._channels(facts),
        )

    async def _settle(self, untidy: Sequence[Track]) -> None:
        for start in range(0, len(untidy), SETTLED):
            chosen = {track.number: track for track in untidy[start : start + SETTLED]}
            self._job.check()
            async with self._database.writer() as writer:
                await self._job.save(writer)
                for found in await guide_rows.settle_stops(
                    writer, self._generation, sorted(chosen), last_length_ms=LAST_LENGTH_MS, at_ms=self._at
                ):
                    track = chosen[found.number]
                    track.programmes, track.to_come = found.programmes, found.to_come
                    track.first_ms, track.last_ms = found.first_ms, found.last_ms

    def _channels(self, facts: Mapping[str, ChannelFacts]) -> list[ChannelValues]:
        """All that the guide names, and those of which it only has programmes."""
        found: list[ChannelValues] = []
        nothing = Track(0)
        for channel in dict.fromkeys((*facts, *self._tracks)):
            told, track = facts.get(channel, ChannelFacts()), self._tracks.get(channel, nothing)
            names, last = encoded(told.names), track.last_ms if track.programmes else None
            found.append((self._number(channel), channel, names, told.icon, track.programmes, last))
        return found


async def sweep(database: Database, job: JobTracker) -> None:
    """Deletes the generations of the provider that no guide shows: replaced ones, and those of broken refreshes."""
    async with database.reader() as reader:
        stale = await guide_rows.stale_generations(reader, job.provider_pk)
    for generation in stale:
        done = False
        while not done:
            job.check()
            async with database.writer() as writer:
                await job.save(writer)
                done = await guide_rows.bite_generation(writer, generation, limit=BITE)
