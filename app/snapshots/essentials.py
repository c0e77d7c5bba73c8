"""What a first screen shows: counts, categories and some items to begin with; small enough for any connection."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlmodel import col

from app.core.jsonio import dumps, loads
from app.db.engine import Database
from app.db.tables import Document, Movie, Series
from app.domain.kinds import Kind
from app.snapshots.member import member
from app.snapshots.versions import Version
from app.snapshots.views import lite

FEATURED: Final = 50
LOOK: Final = 200  # documents read at once
LOOKED_AT: Final = 5_000  # of each kind: where no title has a poster, not all of them are read to find out
MOST_BYTES: Final = 100_000  # gzipped
TITLES: Final[dict[Kind, type[Movie | Series]]] = {Kind.MOVIE: Movie, Kind.SERIES: Series}

Dated = tuple[int, bytes]  # added at (-1 = unknown), document


async def featured(database: Database, provider_pk: int) -> list[bytes]:
    """Documents of the newest titles with a poster, the best rated first."""
    found: list[Dated] = []
    for kind in TITLES:
        found += await _newest(database, provider_pk, kind)
    found.sort(key=lambda one: one[0], reverse=True)
    return [body for _, body in sorted(found[:FEATURED], key=lambda one: -_rating(one[1]))]


def write_essentials(
    version: Version, stats: Mapping[str, int], categories: Sequence[bytes], titles: Sequence[bytes]
) -> bytes:
    """The file; where it would be too large, titles are told in the lite view, then the smallest categories go."""
    chosen, told = list(categories), list(titles)
    made = _joined(version, stats, chosen, told)
    if len(member(made)) > MOST_BYTES:
        told = [lite(loads(title)["kind"], title) for title in titles]
        made = _joined(version, stats, chosen, told)
    while len(member(made)) > MOST_BYTES and chosen:
        share = MOST_BYTES / len(member(made))
        chosen = _largest(chosen, min(int(len(chosen) * share * 0.95), len(chosen) - 1))
        made = _joined(version, stats, chosen, told)
    return made


def _joined(version: Version, stats: Mapping[str, int], categories: Sequence[bytes], titles: Sequence[bytes]) -> bytes:
    head = dumps({"version": str(version), "stats": stats})[:-1]
    return b'%b,"categories":[%b],"featured":[%b]}' % (head, b",".join(categories), b",".join(titles))


def _largest(categories: Sequence[bytes], count: int) -> list[bytes]:
    """Those with the most items, in the order in which they stood."""
    sizes = sorted(range(len(categories)), key=lambda place: -int(loads(categories[place])["count"]))
    return [categories[place] for place in sorted(sizes[:count])]


async def _newest(database: Database, provider_pk: int, kind: Kind) -> list[Dated]:
    found: list[Dated] = []
    seen = 0
    async for dated in _by_age(database, provider_pk, kind):
        seen += 1
        if _told(dated[1], "poster"):
            found.append(dated)
        if len(found) == FEATURED or seen == LOOKED_AT:
            break
    return found


async def _by_age(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[Dated]:
    """Titles, the newest first; those whose age is unknown behind them, by their place."""
    values = {"pk": provider_pk, "number": kind.number, "limit": LOOK}
    for query in (_dated(kind), _undated(kind)):
        offset = 0
        while True:
            async with database.reader() as reader:
                rows = await reader.rows(query, {**values, "offset": offset})
            for row in rows:
                yield row.added_at if row.added_at is not None else -1, row.body
            if len(rows) < LOOK:
                break
            offset += LOOK


def _dated(kind: Kind) -> Select[Any]:
    item = TITLES[kind]
    return _titles(kind).where(col(item.added_at).is_not(None)).order_by(col(item.added_at).desc(), item.ordinal.desc())  # type: ignore[attr-defined]


def _undated(kind: Kind) -> Select[Any]:
    item = TITLES[kind]
    return _titles(kind).where(col(item.added_at).is_(None)).order_by(col(item.ordinal).desc())


def _titles(kind: Kind) -> Select[Any]:
    item = TITLES[kind]
    query: Select[Any] = (
        select(item.added_at, Document.body)  # type: ignore[call-overload]
        .join(Document, col(Document.ordinal) == col(item.ordinal))
        .where(
            col(item.provider_pk) == bindparam("pk"),
            col(item.is_active).is_(True),
            col(Document.provider_pk) == bindparam("pk"),
            col(Document.kind) == bindparam("number"),
        )
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return query


def _rating(body: bytes) -> float:
    return float(_told(body, "rating") or 0)


def _told(body: bytes, name: str) -> Any:
    return loads(body).get(name)
