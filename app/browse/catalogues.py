"""The catalogues a question is about, the categories it names, and how many items they hold."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.browse.pages import Filter, count
from app.core.errors import NotFound
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind

PENDING_SECONDS: Final = 2.0  # while a sync writes, a total may be as old as this
_HEADS: Final = (
    "SELECT p.pk, p.id, h.epoch, h.version, h.pending FROM provider p JOIN catalogue_head h ON h.provider_pk = p.pk"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One provider's catalogue and the state it is in; two equal states hold the same items."""

    provider_pk: int
    provider_id: str
    epoch: str
    version: int
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCategory:
    """A category that a filter names; `count` = its active items."""

    id: str
    provider_pk: int
    count: int


async def catalogues(reader: Reader, provider_id: str | None = None) -> list[Catalogue]:
    """One provider's catalogue, or all of them in the order of their keys; `NotFound` for an unknown provider."""
    marks = Marks(sqlite=reader.sqlite)
    condition = f" WHERE p.id = {marks(provider_id)}" if provider_id is not None else " ORDER BY p.pk"
    rows = await fetch(reader, _HEADS + condition, marks)
    if provider_id is not None and not rows:
        raise NotFound("There is no such provider.")
    return [
        Catalogue(provider_pk=row[0], provider_id=row[1], epoch=row[2], version=row[3], pending=bool(row[4]))
        for row in rows
    ]


async def named(reader: Reader, kind: Kind, provider_pks: Sequence[int], name: str) -> list[NamedCategory]:
    """The categories meant by a public id, else by a name in any case, else by the provider's own id."""
    marks = Marks(sqlite=reader.sqlite)
    columns = "SELECT c.id, c.provider_pk, c.count, c.name, c.external_id FROM category c"
    among = f"WHERE c.kind = '{kind.value}' AND c.provider_pk {marks.one_of(list(provider_pks), 'int')}"
    by_id = await fetch(reader, f"{columns} {among} AND c.id = {marks(name)}", marks)
    if not by_id:
        marks.values.pop()
        rows = await fetch(reader, f"{columns} {among}", marks)
        wanted = name.strip().casefold()
        by_id = [row for row in rows if row[3].casefold() == wanted] or [row for row in rows if row[4] == name]
    return [NamedCategory(id=row[0], provider_pk=row[1], count=row[2]) for row in by_id]


@dataclass(slots=True)
class _Known:
    state: tuple[str, int, bool]
    counted: int
    at: float = field(default_factory=time.monotonic)


class Totals:
    """How many active items a kind has, counted once per state of a catalogue."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Kind], _Known] = {}

    async def of_kind(self, reader: Reader, catalogue: Catalogue, kind: Kind) -> int:
        key, state = (catalogue.provider_pk, kind), (catalogue.epoch, catalogue.version, catalogue.pending)
        known = self._known.get(key)
        fresh = known and (not catalogue.pending or time.monotonic() - known.at < PENDING_SECONDS)
        if known is None or known.state != state or not fresh:
            counted = await count(reader, Filter(provider_pk=catalogue.provider_pk, kind=kind))
            known = self._known[key] = _Known(state=state, counted=counted)
        return known.counted

    async def of(self, reader: Reader, catalogue: Catalogue, wanted: Filter, stored: int | None) -> int:
        """The total of a list: stored or cached where the filter allows; `stored` is its one category's count."""
        if wanted.words or wanted.tags or wanted.visible is not None or wanted.active is not True:
            return await count(reader, wanted)
        if wanted.categories is None:
            return await self.of_kind(reader, catalogue, wanted.kind)
        return await count(reader, wanted) if stored is None else stored
