"""Which state of the world a file shows: while it stays the same, the file does."""

from hashlib import sha256
from typing import Any, Final, NamedTuple

from app.core import jsonio
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.playlists.sources import Source

_HEADS: Final = (
    "SELECT p.pk, p.name, p.kind, h.epoch, h.version, h.pending FROM provider p "
    "JOIN catalogue_head h ON h.provider_pk = p.pk"
)


class State(NamedTuple):
    """`settled` is False while a sync writes: then two readings of the same state may differ."""

    text: str
    settled: bool


async def state_of(reader: Reader, source: Source, *, guides: bool = False, episodes: bool = False) -> State:
    """The state of everything that a file of this source is made of.

    What people decide without a sync (rules, filters, matches of guides) is seen by the rows that it writes.
    """
    wanted = source.line_up.definition.providers
    marks = Marks(sqlite=reader.sqlite)
    where = f" WHERE p.id {marks.one_of(wanted, 'text')}" if wanted else ""
    heads = [list(row) for row in await fetch(reader, f"{_HEADS}{where} ORDER BY p.pk", marks)]
    among = [row[0] for row in heads]
    parts: list[Any] = [source.identity, source.revision, source.sealed, heads]
    parts.append(await _rows(reader, "SELECT provider_pk, kind, digest, processed_at FROM tag_state", among))
    if guides:
        parts.append(await _rows(reader, "SELECT provider_pk, pk, generation, changed_at FROM guide", among))
        matches = (
            "SELECT provider_pk, count(*), sum(guide_pk), sum(CAST(ordinal + 1 AS bigint) * (number + 1)), "
            "sum(shift_ms) FROM epg_match"
        )
        parts.append(await _rows(reader, matches, among, " GROUP BY provider_pk"))
    if episodes and Kind.SERIES in source.line_up.definition.kinds:
        stored = "SELECT provider_pk, count(*), max(fetched_at) FROM episode"
        parts.append(await _rows(reader, stored, among, " GROUP BY provider_pk"))
    settled = not any(row[-1] for row in heads)
    return State(sha256(jsonio.canonical(parts)).hexdigest()[:32], settled)


async def _rows(reader: Reader, query: str, provider_pks: list[int], ending: str = "") -> list[list[Any]]:
    marks = Marks(sqlite=reader.sqlite)
    where = f" WHERE provider_pk {marks.one_of(provider_pks, 'int')}"
    order = ending or " ORDER BY 1, 2"
    rows = await fetch(reader, f"{query}{where}{order}{' ORDER BY 1' if ending else ''}", marks)
    return [[_plain(value) for value in row] for row in rows]


def _plain(value: Any) -> Any:
    """Postgres sums whole numbers into decimals."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
