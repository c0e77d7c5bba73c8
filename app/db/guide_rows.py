"""Guides as a refresh reads and writes them. Nothing here decides; `epg` does."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, and_, delete, func, insert, literal, or_, select, update

from app.core import jsonio
from app.core.clock import now_ms
from app.db.bulk import delete_rows, insert_rows, update_rows
from app.db.engine import Reader, Writer
from app.db.tables import metadata
from app.domain.kinds import Kind

GUIDE: Final = metadata.tables["guide"]
GENERATION: Final = metadata.tables["guide_generation"]
CHANNEL: Final = metadata.tables["guide_channel"]
PROGRAMME: Final = metadata.tables["programme"]
MATCH: Final = metadata.tables["epg_match"]
PIN: Final = metadata.tables["epg_pin"]
NEWER: Final = PROGRAMME.alias("newer")
PROVIDER: Final = metadata.tables["provider"]
ITEM: Final = metadata.tables[Kind.CHANNEL.value]

PROGRAMME_COLUMNS: Final = ("generation", "number", "start_ms", "stop_ms", "body")
MATCH_COLUMNS: Final = ("provider_pk", "ordinal", "guide_pk", "number", "shift_ms", "method", "score")
MOST: Final = 24  # times the length that is assumed: a gap in a guide is no endless show
ProgrammeValues = tuple[int, int, int, int | None, bytes]
ChannelValues = tuple[int, str, bytes, str | None, int, int | None]  # number, id, names, icon, programmes, last end
MatchValues = tuple[int, int, int, int, str, float]  # ordinal, guide, number, shift, method, score


async def guides_of(reader: Reader, provider_pk: int) -> Sequence[Row[Any]]:
    """The guides of a provider, the best first."""
    mine = select(GUIDE).where(GUIDE.c.provider_pk == provider_pk)
    return await reader.rows(mine.order_by(GUIDE.c.named.desc(), GUIDE.c.position, GUIDE.c.pk))


async def shown_guides(reader: Reader) -> Sequence[Row[Any]]:
    """The guides of all providers that show something."""
    return await reader.rows(select(GUIDE).where(GUIDE.c.generation.is_not(None)).order_by(GUIDE.c.pk))


async def add_guide(writer: Writer, values: Mapping[str, Any]) -> int:
    return int(await writer.scalar(insert(GUIDE).values(**values).returning(GUIDE.c.pk)))


async def change_guide(writer: Writer, guide_pk: int, values: Mapping[str, Any]) -> None:
    await writer.execute(update(GUIDE).where(GUIDE.c.pk == guide_pk).values(**values))


async def remove_guides(writer: Writer, guide_pks: Sequence[int]) -> None:
    """Their programmes are swept like those of an old generation."""
    await writer.execute(delete(GUIDE).where(GUIDE.c.pk.in_(guide_pks)))


async def new_generation(writer: Writer, *, provider_pk: int, guide_pk: int) -> int:
    """A number under which nothing is stored yet."""
    values = {"provider_pk": provider_pk, "guide_pk": guide_pk, "created_at": now_ms()}
    return int(await writer.scalar(insert(GENERATION).values(**values).returning(GENERATION.c.pk)))


async def stale_generations(reader: Reader, provider_pk: int | None = None) -> list[int]:
    """Generations that no guide shows, of one provider or of providers that are gone."""
    shown = select(GUIDE.c.generation).where(GUIDE.c.generation.is_not(None))
    stale = select(GENERATION.c.pk).where(GENERATION.c.pk.not_in(shown))
    if provider_pk is None:
        stale = stale.where(GENERATION.c.provider_pk.not_in(select(PROVIDER.c.pk)))
    else:
        stale = stale.where(GENERATION.c.provider_pk == provider_pk)
    return [row.pk for row in await reader.rows(stale)]


async def bite_generation(writer: Writer, generation: int, *, limit: int) -> bool:
    """Deletes some of its programmes; True when none is left, and then the number goes too."""
    keys = (PROGRAMME.c.generation, PROGRAMME.c.number, PROGRAMME.c.start_ms)
    bite = select(PROGRAMME.c.number, PROGRAMME.c.start_ms).where(PROGRAMME.c.generation == generation)
    found = await writer.rows(bite.order_by(*keys).limit(limit))
    if found:
        # One span of the key: a list of keys would be looked up one by one.
        last = found[-1]
        span = or_(
            PROGRAMME.c.number < last.number,
            and_(PROGRAMME.c.number == last.number, PROGRAMME.c.start_ms <= last.start_ms),
        )
        await writer.execute(delete(PROGRAMME).where(PROGRAMME.c.generation == generation, span))
    if len(found) < limit:
        await writer.execute(delete(GENERATION).where(GENERATION.c.pk == generation))
        return True
    return False


async def insert_programmes(writer: Writer, rows: Sequence[ProgrammeValues]) -> None:
    """Programmes that are known to be new."""
    await insert_rows(writer, "programme", PROGRAMME_COLUMNS, rows)


async def merge_programmes(writer: Writer, rows: Sequence[ProgrammeValues]) -> None:
    """Programmes of which some may be there: the first one of a channel and a moment stays."""
    if not rows:
        return
    columns = ",".join(PROGRAMME_COLUMNS)
    if writer.sqlite:
        driver = await writer.driver()
        await driver.executemany(f"INSERT OR IGNORE INTO programme ({columns}) VALUES (?,?,?,?,?)", rows)  # noqa: S608
        return
    await writer.rows(select(GENERATION.c.pk).limit(1))  # SQLAlchemy begins on its own first statement
    driver = await writer.driver()
    await driver.execute(
        f"INSERT INTO programme ({columns}) SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[], "  # noqa: S608
        "$5::bytea[]) ON CONFLICT DO NOTHING",
        *(list(column) for column in zip(*rows, strict=True)),
    )


class Settled(NamedTuple):
    """What is stored of a channel of a generation."""

    number: int
    programmes: int
    to_come: int
    first_ms: int
    last_ms: int


async def settle_stops(
    writer: Writer, generation: int, numbers: Sequence[int], *, last_length_ms: int, at_ms: int
) -> list[Settled]:
    """Ends each show of these channels when the next one begins: where its end is not told, and where both overlap.

    Answers what there is of each, `to_come` = what begins later than `at_ms`.
    """
    columns = (PROGRAMME.c.number, PROGRAMME.c.start_ms, PROGRAMME.c.stop_ms)
    mine = select(*columns).where(PROGRAMME.c.generation == generation, PROGRAMME.c.number.in_(numbers))
    rows = await writer.rows(mine.order_by(PROGRAMME.c.number, PROGRAMME.c.start_ms))
    fixed: list[tuple[Any, ...]] = []
    settled: list[Settled] = []
    for number, group in groupby(rows, key=attrgetter("number")):
        shows = list(group)
        starts = [show.start_ms for show in shows]
        last = shows[-1].stop_ms or starts[-1] + last_length_ms
        for show, begins in zip(shows, [*starts[1:], last], strict=True):
            stop = min(begins, show.stop_ms or show.start_ms + MOST * last_length_ms)
            if stop != show.stop_ms:
                fixed.append((stop, generation, number, show.start_ms))
        to_come = sum(start > at_ms for start in starts)
        settled.append(Settled(number, len(shows), to_come, starts[0], last))
    await update_rows(writer, "programme", ("stop_ms",), ("generation", "number", "start_ms"), fixed)
    return settled


async def carry_over(writer: Writer, old: int, new: int, *, since_ms: int, until_ms: int) -> int:
    """Copies what was over before a channel's first show in the new generation: many guides begin with the present."""
    first = select(func.min(NEWER.c.start_ms)).where(NEWER.c.generation == new, NEWER.c.number == PROGRAMME.c.number)
    past = (PROGRAMME.c.generation == old, PROGRAMME.c.start_ms < until_ms, PROGRAMME.c.stop_ms > since_ms)
    columns = [PROGRAMME.c[name] for name in PROGRAMME_COLUMNS[1:]]
    chosen = select(literal(new), *columns).where(*past, PROGRAMME.c.stop_ms <= first.scalar_subquery())
    return await writer.execute(PROGRAMME.insert().from_select(PROGRAMME_COLUMNS, chosen))


async def count_to_come(reader: Reader, generation: int | None, at_ms: int) -> tuple[int, int]:
    """How many programmes of a generation begin later than a moment, and of how many channels."""
    if generation is None:
        return 0, 0
    count = select(func.count(), func.count(PROGRAMME.c.number.distinct()))
    row = await reader.row(count.where(PROGRAMME.c.generation == generation, PROGRAMME.c.start_ms > at_ms))
    return (int(row[0]), int(row[1])) if row is not None else (0, 0)


async def channel_numbers(reader: Reader, guide_pk: int) -> dict[str, int]:
    """The numbers of a guide's channels by the guide's own ids."""
    query = select(CHANNEL.c.channel_id, CHANNEL.c.number).where(CHANNEL.c.guide_pk == guide_pk)
    return {row.channel_id: row.number for row in await reader.rows(query)}


async def store_channels(writer: Writer, guide_pk: int, channels: Sequence[ChannelValues]) -> None:
    """Replaces a guide's channels, whose numbers are the caller's; matches of those that are gone go with them."""
    await writer.execute(delete(CHANNEL).where(CHANNEL.c.guide_pk == guide_pk))
    columns = ("guide_pk", "number", "channel_id", "names", "icon", "programmes", "last_ms")
    await insert_rows(writer, "guide_channel", columns, [(guide_pk, *one) for one in channels])
    left = select(CHANNEL.c.number).where(CHANNEL.c.guide_pk == guide_pk)
    await writer.execute(delete(MATCH).where(MATCH.c.guide_pk == guide_pk, MATCH.c.number.not_in(left)))


async def stored_channels(reader: Reader, guide_pk: int) -> list[ChannelValues]:
    """A guide's channels."""
    columns = (CHANNEL.c.number, CHANNEL.c.channel_id, CHANNEL.c.names, CHANNEL.c.icon, CHANNEL.c.programmes)
    query = select(*columns, CHANNEL.c.last_ms).where(CHANNEL.c.guide_pk == guide_pk)
    return [tuple(row) for row in await reader.rows(query.order_by(CHANNEL.c.number))]


async def wanted_channels(reader: Reader, provider_pk: int) -> Sequence[Row[Any]]:
    """What the active channels of a provider are found by, and what a person decided about them."""
    columns = (ITEM.c.ordinal, ITEM.c.id, ITEM.c.external_id, ITEM.c.name, ITEM.c.epg_id, ITEM.c.extra)
    pin = (PIN.c.item_id.label("pinned"), PIN.c.guide_id, PIN.c.channel_id)
    query = select(*columns, *pin).outerjoin(PIN, PIN.c.item_id == ITEM.c.id)
    return await reader.rows(query.where(ITEM.c.provider_pk == provider_pk, ITEM.c.is_active))


async def external_ids(reader: Reader, provider_pk: int) -> list[str]:
    """The provider's own ids of its active channels."""
    query = select(ITEM.c.external_id).where(ITEM.c.provider_pk == provider_pk, ITEM.c.is_active)
    return [row.external_id for row in await reader.rows(query.order_by(ITEM.c.ordinal))]


async def matches_of(reader: Reader, provider_pk: int) -> dict[int, MatchValues]:
    """The matches of a provider by ordinal."""
    columns = [MATCH.c[name] for name in MATCH_COLUMNS[1:]]
    rows = await reader.rows(select(*columns).where(MATCH.c.provider_pk == provider_pk))
    return {row.ordinal: tuple(row) for row in rows}


async def write_matches(writer: Writer, provider_pk: int, *, gone: Sequence[int], found: Sequence[MatchValues]) -> None:
    """Deletes the matches of `gone` ordinals, then adds those that were `found`."""
    await delete_rows(writer, "epg_match", ("provider_pk", "ordinal"), [(provider_pk, ordinal) for ordinal in gone])
    await insert_rows(writer, "epg_match", MATCH_COLUMNS, [(provider_pk, *one) for one in found])


async def prune_before(writer: Writer, generation: int, number: int, before_ms: int) -> int:
    """Deletes the programmes of one channel that were over by then."""
    old = (PROGRAMME.c.generation == generation, PROGRAMME.c.number == number, PROGRAMME.c.stop_ms <= before_ms)
    return await writer.execute(delete(PROGRAMME).where(*old))


async def find_pinned(reader: Reader, guide_id: str, channel_id: str) -> Row[Any] | None:
    """Key and number of a guide channel, of whatever provider."""
    query = select(GUIDE.c.pk, CHANNEL.c.number).join(CHANNEL, CHANNEL.c.guide_pk == GUIDE.c.pk)
    return await reader.row(query.where(GUIDE.c.id == guide_id, CHANNEL.c.channel_id == channel_id))


async def mark_epg(writer: Writer, provider_pk: int, now: int, *, synced: bool) -> None:
    """Remembers that the guides were looked at, and whether that came to anything."""
    values = {"epg_tried_at": now} | ({"epg_synced_at": now} if synced else {})
    await writer.execute(update(PROVIDER).where(PROVIDER.c.pk == provider_pk).values(**values))


def names_of(packed: bytes) -> list[str]:
    found: list[str] = jsonio.loads(packed)
    return found
