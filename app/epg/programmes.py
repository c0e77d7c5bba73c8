"""Reading guides: programmes of a channel, what is on now, coverage; and what a person decides about a match."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select

from app.core import jsonio
from app.core.clock import DAY_SECONDS, now_ms
from app.core.errors import Invalid, NotFound
from app.db import guide_rows, guide_views
from app.db.engine import Database, Reader, Writer
from app.db.guide_rows import PIN, PROVIDER
from app.db.guides import MatchedChannel, ProgrammeRow, matched, now_and_next, programmes
from app.domain.epg_match import Method
from app.epg.guides import Guides
from app.epg.matching import rematch_one
from app.epg.views import (
    Bin,
    Coverage,
    EpgView,
    GuideChannels,
    GuideChannelView,
    GuideView,
    MatchView,
    OnAir,
    OnAirPage,
    Show,
    Shows,
    Unmatched,
)

DAY_MS: Final = DAY_SECONDS * 1000
MINUTE_MS: Final = 60_000
BINS: Final = 10
SHOWN: Final = (
    *("id", "origin", "named", "channels", "programmes", "rejected"),
    *("checked_at", "changed_at", "error", "error_at"),
)
NO_CHANNEL: Final = "There is no such channel."
NO_PROVIDER: Final = "There is no such provider."


class Epg:
    """Guides as clients see them."""

    def __init__(self, database: Database, guides: Guides) -> None:
        self._database = database
        self._guides = guides

    async def programmes(self, item_id: str, *, start_ms: int, stop_ms: int, page: int, limit: int) -> Shows:
        """What a channel shows at any moment of [start, stop), in order."""
        if stop_ms <= start_ms:
            raise Invalid([("to", "This must be later than from.")])
        async with self._database.reader() as reader:
            row = await _channel(reader, item_id)
            found = await programmes(reader, row.provider_pk, [row.ordinal], start_ms, stop_ms)
        first = (page - 1) * limit
        return Shows(total=len(found), shows=[_show(one) for one in found[first : first + limit]])

    async def on_air(self, provider_id: str | None, *, page: int, limit: int) -> OnAirPage:
        """Now and next of the channels that have a guide, by number."""
        now = now_ms()
        async with self._database.reader() as reader:
            owners = await _providers(reader, provider_id)
            provider_pk = next(iter(owners)) if provider_id is not None else None
            total = await guide_views.count_matched(reader, provider_pk)
            rows = await guide_views.matched_page(reader, provider_pk, limit=limit, offset=(page - 1) * limit)
            shows: dict[tuple[int, int], list[ProgrammeRow]] = {}
            for owner in {row.provider_pk for row in rows}:
                ordinals = [row.ordinal for row in rows if row.provider_pk == owner]
                for show in await now_and_next(reader, owner, ordinals, now):
                    shows.setdefault((owner, show.ordinal), []).append(show)
        keys = [(row.provider_pk, row.ordinal) for row in rows]
        found = [_on_air(row, owners[key[0]], shows.get(key, ()), now) for row, key in zip(rows, keys, strict=True)]
        return OnAirPage(total=total, channels=found)

    async def of_provider(self, provider_id: str) -> EpgView:
        """The guides of a provider, and how well they cover its channels."""
        now = now_ms()
        async with self._database.reader() as reader:
            row = await reader.row(select(PROVIDER.c.pk, PROVIDER.c.epg_synced_at).where(PROVIDER.c.id == provider_id))
            if row is None:
                raise NotFound(NO_PROVIDER)
            guides = [_guide(one) for one in await guide_views.guides(reader, row.pk)]
            coverage = await _coverage(reader, row.pk, now)
        return EpgView(
            provider_id=provider_id,
            last_sync=row.epg_synced_at,
            next_sync_at=await self._guides.next_at(row.pk),
            guides=guides,
            coverage=coverage,
        )

    async def guide_channels(self, provider_id: str, *, search: str, page: int, limit: int) -> GuideChannels:
        """What the channels of a provider may be pinned to."""
        async with self._database.reader() as reader:
            (provider_pk,) = await _providers(reader, provider_id)
            rows, total = await guide_views.guide_channels(
                reader, provider_pk, search=search, limit=limit, offset=(page - 1) * limit
            )
        found = [
            GuideChannelView(
                guide_id=row.id,
                channel=row.channel_id,
                names=guide_rows.names_of(row.names),
                icon=row.icon,
                programmes=row.programmes,
            )
            for row in rows
        ]
        return GuideChannels(total=total, channels=found)

    async def match_of(self, item_id: str) -> MatchView:
        """The guide channel that a channel shows."""
        async with self._database.reader() as reader:
            return await _match(reader, item_id)

    async def pin(self, item_id: str, guide_id: str, channel: str) -> MatchView:
        """Binds a channel to a guide channel, whatever its id and name say."""
        async with self._database.writer() as writer:
            row = await _channel(writer, item_id)
            if await guide_rows.find_pinned(writer, guide_id, channel) is None:
                raise Invalid([("channel", "There is no such guide, or no such channel in it.")])
            return await _decide(writer, row, {"guide_id": guide_id, "channel_id": channel})

    async def forbid(self, item_id: str) -> MatchView:
        """Leaves a channel without a guide."""
        async with self._database.writer() as writer:
            row = await _channel(writer, item_id)
            return await _decide(writer, row, {"guide_id": None, "channel_id": None})

    async def unpin(self, item_id: str) -> MatchView:
        """Leaves the match to its id and its name again."""
        async with self._database.writer() as writer:
            return await _decide(writer, await _channel(writer, item_id), None)


async def _decide(writer: Writer, row: Row[Any], values: dict[str, str | None] | None) -> MatchView:
    await writer.execute(delete(PIN).where(PIN.c.item_id == row.id))
    if values is not None:
        await writer.execute(insert(PIN).values(item_id=row.id, updated_at=now_ms(), **values))
    await rematch_one(writer, row.provider_pk, row.ordinal, row.options)
    return await _match(writer, row.id)


async def _channel(reader: Reader, item_id: str) -> Row[Any]:
    row = await guide_views.channel(reader, item_id)
    if row is None:
        raise NotFound(NO_CHANNEL)
    return row


async def _providers(reader: Reader, provider_id: str | None) -> dict[int, str]:
    """Public ids by key: of one provider, which has to be there, or of all."""
    query = select(PROVIDER.c.pk, PROVIDER.c.id)
    rows = await reader.rows(query if provider_id is None else query.where(PROVIDER.c.id == provider_id))
    if provider_id is not None and not rows:
        raise NotFound(NO_PROVIDER)
    return {row.pk: row.id for row in rows}


async def _match(reader: Reader, item_id: str) -> MatchView:
    row = await _channel(reader, item_id)
    found = (await matched(reader, row.provider_pk, [row.ordinal])).get(row.ordinal)
    decided = "auto" if row.pinned is None else "pinned" if row.pinned_guide else "forbidden"
    return MatchView(channel_id=item_id, decided=decided, **(_matched(found) if found else {}))


def _matched(found: MatchedChannel) -> dict[str, Any]:
    return {
        "guide_id": found.guide_id,
        "channel": found.channel_id,
        "names": found.names,
        "icon": found.icon,
        "method": found.method,
        "score": found.score,
        "shift_minutes": found.shift_ms // MINUTE_MS,
    }


async def _coverage(reader: Reader, provider_pk: int, now: int) -> Coverage:
    midnight = now - now % DAY_MS
    counts = await guide_views.methods(reader, provider_pk)
    by_method = {method.value: 0 for method in Method}
    bins = [0] * BINS
    for method, score, matches in counts:
        by_method[method] = by_method.get(method, 0) + matches
        bins[min(int(score * BINS), BINS - 1)] += matches
    alone = await guide_views.unmatched(reader, provider_pk)
    return Coverage(
        channels=await guide_views.count_channels(reader, provider_pk),
        matched=sum(by_method.values()),
        with_programmes_now=await guide_views.count_running(reader, provider_pk, now, now + 1),
        with_programmes_today=await guide_views.count_running(reader, provider_pk, midnight, midnight + DAY_MS),
        by_method=by_method,
        scores=[Bin(low=place / BINS, high=(place + 1) / BINS, count=count) for place, count in enumerate(bins)],
        unmatched=[Unmatched(id=r.id, name=r.name, epg_id=r.epg_id, forbidden=r.pinned is not None) for r in alone],
    )


def _guide(row: Row[Any]) -> GuideView:
    return GuideView(first=row.first_ms, last=row.last_ms, **{name: getattr(row, name) for name in SHOWN})


def _on_air(row: Row[Any], provider_id: str, shows: Sequence[ProgrammeRow], now: int) -> OnAir:
    item = jsonio.loads(row.body)
    return OnAir(
        channel_id=row.id,
        provider_id=provider_id,
        name=item.get("name", ""),
        number=item.get("number"),
        logo=item.get("logo"),
        now=next((_show(show) for show in shows if show.start_ms <= now < show.stop_ms), None),
        next=next((_show(show) for show in shows if show.start_ms > now), None),
    )


def _show(row: ProgrammeRow) -> Show:
    return Show(start=row.start_ms, stop=row.stop_ms, facts=jsonio.loads(row.body))
