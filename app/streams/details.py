"""Seasons and episodes: asked of the provider once, then served from the stored copy, which is renewed behind it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import LineupError, NotFound
from app.db.engine import Database, Writer
from app.db.tables import Episode, Season, Series
from app.domain.identity import episode_id
from app.domain.records import EpisodeRecord, SeasonRecord
from app.streams.documents import episode_document, season_document
from app.streams.flight import Flights
from app.streams.sessions import Sessions

FRESH_MS: Final = 24 * 3_600_000
NO_SERIES: Final = "There is no such series."

log = structlog.get_logger(__name__)
_record = msgspec.json.Decoder(SeasonRecord)


class Details:
    """Lists are pairs of the documents of one page and how many there are."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions
        self._flights = Flights()

    async def seasons(self, series_id: str, *, page: int, limit: int) -> tuple[list[bytes], int]:
        """The seasons of a series, in the provider's order."""
        provider_pk, locator = await self._series(series_id)
        mine = col(Season.series_id) == series_id

        async def renew() -> None:
            await self._fetch_seasons(provider_pk, series_id, locator)

        async with self._database.reader() as reader:
            fetched_at = await reader.scalar(select(func.min(Season.fetched_at)).where(mine))
        await self._ensure(("seasons", series_id), fetched_at, renew)
        documents = select(col(Season.document)).where(mine).order_by(col(Season.position))
        return await self._page(documents, page=page, limit=limit)

    async def episodes(self, series_id: str, number: int, *, page: int, limit: int) -> tuple[list[bytes], int]:
        """The episodes of a season, in the provider's order."""
        provider_pk, locator = await self._series(series_id)
        season = await self._season(series_id, number)
        if season is None:
            await self._flights.join(
                ("seasons", series_id), lambda: self._fetch_seasons(provider_pk, series_id, locator)
            )
            season = await self._season(series_id, number)
        if season is None:
            raise NotFound("There is no such season.")
        record = _record.decode(season.record)

        async def renew() -> None:
            await self._fetch_episodes(provider_pk, series_id, locator, record)

        await self._ensure(("episodes", series_id, number), season.episodes_fetched_at, renew)
        mine = (col(Episode.series_id) == series_id, col(Episode.season) == number)
        documents = select(col(Episode.document)).where(*mine).order_by(col(Episode.position))
        return await self._page(documents, page=page, limit=limit)

    async def close(self) -> None:
        await self._flights.close()

    async def _ensure(self, key: tuple[Any, ...], fetched_at: int | None, renew: Callable[[], Awaitable[None]]) -> None:
        """Waits for what was never fetched; what is merely old is renewed while the old copy is served."""
        if fetched_at is None:
            await self._flights.join(key, renew)
        elif fetched_at < now_ms() - FRESH_MS:
            self._flights.launch(key, lambda: _quietly(renew, key))

    async def _series(self, series_id: str) -> tuple[int, dict[str, Any]]:
        columns = select(col(Series.provider_pk), col(Series.locator))
        async with self._database.reader() as reader:
            row = await reader.row(columns.where(col(Series.id) == series_id))
        if row is None:
            raise NotFound(NO_SERIES)
        return row.provider_pk, jsonio.loads(row.locator)

    async def _season(self, series_id: str, number: int) -> Any:
        columns = select(col(Season.record), col(Season.episodes_fetched_at))
        mine = (col(Season.series_id) == series_id, col(Season.number) == number)
        async with self._database.reader() as reader:
            return await reader.row(columns.where(*mine))

    async def _page(self, documents: Any, *, page: int, limit: int) -> tuple[list[bytes], int]:
        async with self._database.reader() as reader:
            total = await reader.scalar(select(func.count()).select_from(documents.order_by(None).subquery()))
            rows = await reader.rows(documents.limit(limit).offset((page - 1) * limit))
        return [row.document for row in rows], int(total)

    async def _fetch_seasons(self, provider_pk: int, series_id: str, locator: dict[str, Any]) -> None:
        async with self._sessions.provider(provider_pk) as provider:
            records = list({one.number: one for one in reversed(await provider.seasons(locator))}.values())[::-1]
        async with self._database.writer() as writer:
            await _store_seasons(writer, provider_pk, series_id, records)

    async def _fetch_episodes(
        self, provider_pk: int, series_id: str, locator: dict[str, Any], season: SeasonRecord
    ) -> None:
        async with self._sessions.provider(provider_pk) as provider:
            records = await provider.episodes(locator, season)
        async with self._database.writer() as writer:
            await _store_episodes(writer, provider_pk, series_id, season.number, records)


async def _quietly(renew: Callable[[], Awaitable[None]], key: tuple[Any, ...]) -> None:
    try:
        await renew()
    except LineupError as error:
        log.warning("details_not_renewed", what=key[0], series_id=key[1], reason=error.detail)


async def _store_seasons(writer: Writer, provider_pk: int, series_id: str, records: Sequence[SeasonRecord]) -> None:
    mine = col(Season.series_id) == series_id
    known = {
        row.number: row.episodes_fetched_at
        for row in await writer.rows(select(col(Season.number), col(Season.episodes_fetched_at)).where(mine))
    }
    now = now_ms()
    rows = [
        {
            "series_id": series_id,
            "number": record.number,
            "provider_pk": provider_pk,
            "position": position,
            "document": season_document(series_id, record),
            "record": msgspec.json.encode(record),
            "fetched_at": now,
            "episodes_fetched_at": known.get(record.number),
        }
        for position, record in enumerate(records)
    ]
    await writer.execute(delete(Season).where(mine))
    await _insert(writer, Season, rows)


async def _store_episodes(
    writer: Writer, provider_pk: int, series_id: str, number: int, records: Sequence[EpisodeRecord]
) -> None:
    now = now_ms()
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        public = episode_id(series_id, str(number), record.external_id)
        row = {
            "id": public,
            "provider_pk": provider_pk,
            "series_id": series_id,
            "season": number,
            "position": len(rows),
            "document": episode_document(series_id, public, record),
            "locator": jsonio.canonical(record.locator),
            "fetched_at": now,
        }
        rows.setdefault(public, row)
    await writer.execute(delete(Episode).where(col(Episode.series_id) == series_id, col(Episode.season) == number))
    await _insert(writer, Episode, list(rows.values()))
    mine = (col(Season.series_id) == series_id, col(Season.number) == number)
    await writer.execute(update(Season).where(*mine).values(episodes_fetched_at=now))


async def _insert(writer: Writer, table: type[Season | Episode], rows: Sequence[dict[str, Any]]) -> None:
    dialect = sqlite if writer.sqlite else postgresql
    try:
        if rows:
            # Another process may fetch the same list: what it stored is as good.
            await writer.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
    except IntegrityError:
        # The provider was removed while it answered.
        raise NotFound(NO_SERIES) from None
