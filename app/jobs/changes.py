"""What a job did to the catalogue, item by item: places folded from bitmaps, then one look-up for a page of them."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlmodel import col

from app.core import jsonio
from app.db.engine import Database, Reader
from app.db.marks import Marks, fetch
from app.db.tables import JobChange
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet
from app.jobs.history import owner_of

CATEGORY: Final = "category"
REMEMBERED: Final = 8  # jobs; a million places each cost at most 1 MB


class Op(StrEnum):
    """What happened to an item."""

    ADDED = "added"
    UPDATED = "updated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """`kind` is singular, or `category`; `name` the one that the item has now."""

    kind: str
    op: Op
    id: str
    name: str


@dataclass(slots=True)
class Places:
    """The places of one kind by what became of them, told in the order in which it happened."""

    of: dict[Op, OrdinalSet] = field(default_factory=lambda: {op: OrdinalSet() for op in Op})

    def tell(self, op: Op, places: OrdinalSet) -> None:
        """What was added and then updated is added; what is removed is nothing else any more."""
        if op is Op.UPDATED:
            places = places - self.of[Op.ADDED]
        for other in Op:
            if other is not op:
                self.of[other] = self.of[other] - places
        self.of[op].update(places)

    def chosen(self, op: Op | None) -> OrdinalSet:
        """Those of one op, or all."""
        if op is not None:
            return self.of[op]
        found = OrdinalSet()
        for places in self.of.values():
            found.update(places)
        return found

    def op_of(self, place: int) -> Op:
        return next(op for op, places in self.of.items() if place in places)


Folded = Mapping[Kind, Places]


class JobChanges:
    """Reads what jobs changed. The fold of a job is kept while its rows stay the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folded: OrderedDict[str, tuple[tuple[int, int], Folded]] = OrderedDict()

    async def page(
        self, job_id: str, *, kind: str | None = None, op: Op | None = None, page: int = 1, limit: int = 100
    ) -> tuple[list[ItemChange], int]:
        """A page and how many there are: channels, movies, series by place, then categories; `NotFound` without job."""
        async with self._database.reader() as reader:
            provider_pk = await owner_of(reader, job_id)
            folded = await self._fold(reader, job_id)
            found: list[ItemChange] = []
            total, skip, left = 0, (page - 1) * limit, limit
            for one in Kind:
                if kind in (None, one.value):
                    places = folded[one].chosen(op)
                    part = places.part(skip, left)
                    found += await _items(reader, provider_pk, one, folded[one], part)
                    total, skip, left = total + len(places), max(0, skip - len(places)), left - len(part)
            if kind in (None, CATEGORY):
                categories = await _categories(reader, job_id, op)
                found += await _named(reader, categories[skip : skip + left])
                total += len(categories)
        return found, total

    async def _fold(self, reader: Reader, job_id: str) -> Folded:
        mine = col(JobChange.job_id) == job_id
        row = await reader.row(select(func.count(), func.max(col(JobChange.pk))).where(mine))
        stamp = (row[0], row[1] or 0) if row else (0, 0)
        known = self._folded.pop(job_id, None)
        if known is None or known[0] != stamp:
            known = stamp, await _folded(reader, job_id)
        self._folded[job_id] = known
        while len(self._folded) > REMEMBERED:
            self._folded.popitem(last=False)
        return known[1]


async def _folded(reader: Reader, job_id: str) -> Folded:
    found = {kind: Places() for kind in Kind}
    kinds = {kind.number: kind for kind in Kind}
    columns = (col(JobChange.kind), col(JobChange.op), col(JobChange.ordinals))
    for row in await reader.rows(select(*columns).where(col(JobChange.job_id) == job_id).order_by(col(JobChange.pk))):
        found[kinds[row.kind]].tell(Op(row.op), OrdinalSet.unpack(row.ordinals))
    return found


async def _items(reader: Reader, provider_pk: int, kind: Kind, places: Places, part: Sequence[int]) -> list[ItemChange]:
    if not part:
        return []
    marks = Marks(sqlite=reader.sqlite)
    statement = (
        f"SELECT ordinal, id, name FROM {kind.value} "  # noqa: S608 - our names, marks
        f"WHERE provider_pk = {provider_pk:d} AND ordinal {marks.one_of(part, 'int')}"
    )
    rows = {row[0]: row for row in await fetch(reader, statement, marks)}
    chosen = [rows[place] for place in part if place in rows]
    return [ItemChange(kind=kind.value, op=places.op_of(row[0]), id=row[1], name=row[2]) for row in chosen]


async def _categories(reader: Reader, job_id: str, op: Op | None) -> list[tuple[str, Op, bytes | None]]:
    """Id, op and document of each category that the job changed, in the order in which it did; the last op counts."""
    marks = Marks(sqlite=reader.sqlite)
    statement = (
        "SELECT item_id, op, document FROM change "  # noqa: S608 - our names, marks
        f"WHERE job_id = {marks(job_id)} AND kind = '{CATEGORY}' ORDER BY pk"
    )
    found: dict[str, tuple[str, Op, bytes | None]] = {}
    for row in await fetch(reader, statement, marks):
        was_added = row[0] in found and found[row[0]][1] is Op.ADDED and row[1] == Op.UPDATED
        found[row[0]] = (row[0], Op.ADDED if was_added else Op(row[1]), row[2])
    return [one for one in found.values() if op in (None, one[1])]


async def _named(reader: Reader, chosen: Sequence[tuple[str, Op, bytes | None]]) -> list[ItemChange]:
    marks = Marks(sqlite=reader.sqlite)
    among = marks.one_of([public for public, _, _ in chosen], "text")
    rows = await fetch(reader, f"SELECT id, name FROM category WHERE id {among}", marks) if chosen else []  # noqa: S608
    names = {row[0]: row[1] for row in rows}
    told = {public: jsonio.loads(document)["name"] for public, _, document in chosen if document}
    return [
        ItemChange(kind=CATEGORY, op=op, id=public, name=names.get(public) or told.get(public, public))
        for public, op, _ in chosen
    ]
