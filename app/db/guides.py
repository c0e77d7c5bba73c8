"""Programmes as readers see them: of the generation that is shown, with each channel's time shift applied."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from app.core import jsonio
from app.db.engine import Reader

# Written as cross joins: SQLite then reads the tables in this order, Postgres in whatever order is best.
_MATCHED: Final = "epg_match m CROSS JOIN guide g CROSS JOIN programme p"
_SAME: Final = "g.pk = m.guide_pk AND p.generation = g.generation AND p.number = m.number"
_SHOWN: Final = "m.ordinal, p.start_ms + m.shift_ms, p.stop_ms + m.shift_ms, p.body"


class ProgrammeRow(NamedTuple):
    """A show of the channel at `ordinal`; `body` is its document, as `app.domain.programmes` tells of it."""

    ordinal: int
    start_ms: int
    stop_ms: int
    body: bytes


class MatchedChannel(NamedTuple):
    """The guide channel that the channel at `ordinal` shows; `names` as the guide has them, the first one preferred."""

    ordinal: int
    guide_id: str
    channel_id: str
    names: list[str]
    icon: str | None
    shift_ms: int
    method: str
    score: float


async def programmes(
    reader: Reader, provider_pk: int, ordinals: Sequence[int], start_ms: int, stop_ms: int
) -> list[ProgrammeRow]:
    """The shows of these channels that run at any moment of [start, stop), by ordinal and start."""
    where = (
        f"m.provider_pk = {provider_pk:d} AND {_among(reader, 'm.ordinal')} AND {_SAME} "
        f"AND p.start_ms < {stop_ms:d} - m.shift_ms AND p.stop_ms > {start_ms:d} - m.shift_ms"
    )
    query = f"SELECT {_SHOWN} FROM {_MATCHED} WHERE {where} ORDER BY m.ordinal, p.start_ms"  # noqa: S608 - numbers
    return [ProgrammeRow(*row) for row in await _fetched(reader, query, ordinals)]


async def now_and_next(reader: Reader, provider_pk: int, ordinals: Sequence[int], at_ms: int) -> list[ProgrammeRow]:
    """What these channels show at a moment and after it, at most two rows per channel, by ordinal and start.

    The first of two, or the only one, may be over by then, or not have begun: compare its times.
    """
    of_channel = (
        "SELECT {} FROM programme q WHERE q.generation = g.generation AND q.number = m.number AND q.start_ms {}"
    )
    moment = f"{at_ms:d} - m.shift_ms"
    last = of_channel.format("MAX(q.start_ms)", f"<= {moment}")
    following = of_channel.format("MIN(q.start_ms)", f"> {moment}")
    where = (
        f"m.provider_pk = {provider_pk:d} AND {_among(reader, 'm.ordinal')} AND {_SAME} "
        f"AND p.start_ms >= COALESCE(({last}), 0) AND p.start_ms <= COALESCE(({following}), {moment})"
    )
    query = f"SELECT {_SHOWN} FROM {_MATCHED} WHERE {where} ORDER BY m.ordinal, p.start_ms"  # noqa: S608 - numbers
    return [ProgrammeRow(*row) for row in await _fetched(reader, query, ordinals)]


async def matched(reader: Reader, provider_pk: int, ordinals: Sequence[int]) -> dict[int, MatchedChannel]:
    """The guide channels of these channels, by ordinal; channels without one are missing."""
    where = (
        f"m.provider_pk = {provider_pk:d} AND {_among(reader, 'm.ordinal')} AND g.pk = m.guide_pk "
        "AND c.guide_pk = m.guide_pk AND c.number = m.number"
    )
    columns = "m.ordinal, g.id, c.channel_id, c.names, c.icon, m.shift_ms, m.method, m.score"
    tables = "epg_match m CROSS JOIN guide g CROSS JOIN guide_channel c"
    query = f"SELECT {columns} FROM {tables} WHERE {where}"  # noqa: S608 - numbers
    rows = await _fetched(reader, query, ordinals)
    return {row[0]: MatchedChannel(row[0], row[1], row[2], jsonio.loads(row[3]), *tuple(row)[4:]) for row in rows}


def _among(reader: Reader, column: str) -> str:
    return f"{column} IN (SELECT value FROM json_each(?))" if reader.sqlite else f"{column} = ANY($1::int[])"  # noqa: S608


async def _fetched(reader: Reader, query: str, ordinals: Sequence[int]) -> Any:
    driver = await reader.driver()
    if reader.sqlite:
        return await driver.execute_fetchall(query, (jsonio.dumps(list(ordinals)).decode(),))
    return await driver.fetch(query, list(ordinals))
