"""What people ask of guides: which channels have one, and how sure that is."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, and_, exists, func, select

from app.db.engine import Reader
from app.db.guide_rows import CHANNEL, GUIDE, ITEM, MATCH, PIN, PROGRAMME, PROVIDER
from app.db.items import DOCUMENT
from app.domain.kinds import Kind
from app.domain.programmes import MAX_LENGTH_MS

SAMPLES: Final = 20
_SAME: Final = and_(MATCH.c.provider_pk == ITEM.c.provider_pk, MATCH.c.ordinal == ITEM.c.ordinal)
_LISTED: Final = (ITEM.c.is_active, ITEM.c.visibility == 0)


async def channel(reader: Reader, item_id: str) -> Row[Any] | None:
    """Where a channel is, its provider's options, and what a person decided about its guide."""
    pin = (PIN.c.item_id.label("pinned"), PIN.c.guide_id.label("pinned_guide"))
    columns = (ITEM.c.id, ITEM.c.provider_pk, ITEM.c.ordinal, PROVIDER.c.options)
    joined = select(*columns, *pin).join(PROVIDER, PROVIDER.c.pk == ITEM.c.provider_pk)
    return await reader.row(joined.outerjoin(PIN, PIN.c.item_id == ITEM.c.id).where(ITEM.c.id == item_id))


async def count_matched(reader: Reader, provider_pk: int | None) -> int:
    """How many channels that are shown have a guide."""
    return int(await reader.scalar(_matched(select(func.count()), provider_pk)) or 0)


async def matched_page(reader: Reader, provider_pk: int | None, *, limit: int, offset: int) -> Sequence[Row[Any]]:
    """Such channels by number, with their documents."""
    columns = (ITEM.c.provider_pk, ITEM.c.ordinal, ITEM.c.id, DOCUMENT.c.body)
    same = (DOCUMENT.c.provider_pk == ITEM.c.provider_pk, DOCUMENT.c.ordinal == ITEM.c.ordinal)
    query = _matched(select(*columns), provider_pk).join(DOCUMENT, and_(*same, DOCUMENT.c.kind == Kind.CHANNEL.number))
    ordered = query.order_by(ITEM.c.provider_pk, ITEM.c.sort_number, ITEM.c.ordinal)
    return await reader.rows(ordered.limit(limit).offset(offset))


async def guides(reader: Reader, provider_pk: int) -> Sequence[Row[Any]]:
    """The guides of a provider, the best first; never their addresses."""
    columns = [column for column in GUIDE.c if column.name != "url"]
    mine = select(*columns).where(GUIDE.c.provider_pk == provider_pk)
    return await reader.rows(mine.order_by(GUIDE.c.named.desc(), GUIDE.c.position, GUIDE.c.pk))


async def count_channels(reader: Reader, provider_pk: int) -> int:
    query = select(func.count()).where(ITEM.c.provider_pk == provider_pk, *_LISTED)
    return int(await reader.scalar(query) or 0)


async def count_running(reader: Reader, provider_pk: int, at_ms: int, until_ms: int) -> int:
    """How many channels have a programme at some moment of a span."""
    start, stop = PROGRAMME.c.start_ms + MATCH.c.shift_ms, PROGRAMME.c.stop_ms + MATCH.c.shift_ms
    # No show is longer than a day: the index is read from there, not from the beginning of the guide.
    near = PROGRAMME.c.start_ms > at_ms - MAX_LENGTH_MS - MATCH.c.shift_ms
    of_match = (PROGRAMME.c.generation == GUIDE.c.generation, PROGRAMME.c.number == MATCH.c.number)
    running = exists(select(PROGRAMME.c.number).where(*of_match, near, start < until_ms, stop > at_ms))
    query = _matched(select(func.count()), provider_pk).join(GUIDE, GUIDE.c.pk == MATCH.c.guide_pk)
    return int(await reader.scalar(query.where(running)) or 0)


async def methods(reader: Reader, provider_pk: int) -> Sequence[Row[Any]]:
    """How many matches there are of each method and score."""
    query = _matched(select(MATCH.c.method, MATCH.c.score, func.count().label("matches")), provider_pk)
    return await reader.rows(query.group_by(MATCH.c.method, MATCH.c.score))


async def unmatched(reader: Reader, provider_pk: int) -> Sequence[Row[Any]]:
    """The first channels without a guide, and whether a person wanted it so."""
    query = select(ITEM.c.id, ITEM.c.name, ITEM.c.epg_id, PIN.c.item_id.label("pinned"))
    query = query.outerjoin(MATCH, _SAME).outerjoin(PIN, PIN.c.item_id == ITEM.c.id)
    alone = query.where(ITEM.c.provider_pk == provider_pk, *_LISTED, MATCH.c.ordinal.is_(None))
    return await reader.rows(alone.order_by(ITEM.c.sort_number, ITEM.c.ordinal).limit(SAMPLES))


async def guide_channels(
    reader: Reader, provider_pk: int, *, search: str, limit: int, offset: int
) -> tuple[Sequence[Row[Any]], int]:
    """Channels of a provider's guides whose id or names hold a text, and how many there are."""
    base = select(GUIDE.c.id, CHANNEL).join(GUIDE, GUIDE.c.pk == CHANNEL.c.guide_pk)
    base = base.where(GUIDE.c.provider_pk == provider_pk)
    rows = await reader.rows(base.order_by(GUIDE.c.position, GUIDE.c.pk, CHANNEL.c.number))
    word = search.casefold()
    found = [row for row in rows if word in row.channel_id.casefold() or word in row.names.decode().casefold()]
    return found[offset : offset + limit], len(found)


def _matched(query: Select[Any], provider_pk: int | None) -> Select[Any]:
    joined = query.select_from(ITEM).join(MATCH, _SAME).where(*_LISTED)
    return joined if provider_pk is None else joined.where(ITEM.c.provider_pk == provider_pk)
