"""A table as the portal has it: how large it is, where its id stands, and its rows, page after page."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from app.core.errors import Malformed, ProviderError
from app.domain.schemas import ID, TableSchema
from app.domain.values import integer
from app.providers.iptvportal.client import Row
from app.providers.iptvportal.errors import QueryRefused

SAMPLE: Final = 20  # rows by which the place of a column is told
IDS: Final = 10_000  # ids of one page, where nothing else is asked for
BY_ID: Final = 500  # rows asked for by their ids at once
Range = tuple[Any, Any]  # ids above the first, up to the second; None = open


class Portal(Protocol):
    """What is asked: `GatedClient`."""

    @property
    def limit(self) -> int: ...

    async def select(self, params: Mapping[str, Any]) -> Sequence[Row]: ...

    async def selects(self, several: Sequence[Mapping[str, Any]]) -> Sequence[Any]: ...

    def prepare(self, params: Mapping[str, Any]) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A table at the portal: `key` is the place of its id in a row of `*`, `width` how long such a row is.

    Counts are those of the rows that the schema's condition lets through; None = the portal does not say.
    """

    count: int | None
    min_id: Any
    max_id: Any
    key: int | None
    width: int
    sample: Sequence[Row]


class RemoteTable:
    """Asks for one table, always for all of its columns."""

    def __init__(self, portal: Portal, schema: TableSchema) -> None:
        self._portal = portal
        self._schema = schema
        self._name = schema.name
        self._chunk = max(1, schema.sync.chunk_size)

    async def facts(self) -> Facts:
        """Raises `TableForbidden`, and what the portal has against the table."""
        spans = [{"function": name, "args": ID} for name in ("min", "max")]
        asked = [
            self._params({"data": [{"function": "count", "args": ["*"]}]}),
            self._params({"data": spans}),
            self._params({"data": ["*"], "order_by": ID, "limit": SAMPLE}),
            self._params({"data": [ID], "order_by": ID, "limit": SAMPLE}),
            self._params({"data": ["*"], "limit": SAMPLE}),
        ]
        counted, span, rows, ids, any_rows = await self._portal.selects(asked)
        for one in (counted, any_rows):
            if isinstance(one, ProviderError):
                raise one
        keyed = not any(isinstance(one, ProviderError) for one in (span, rows, ids))
        sample = [row for row in ((rows if keyed else any_rows) or ()) if isinstance(row, list)]
        key = _place(sample, ids or ()) if keyed else None
        if keyed and key is None:
            told = self._schema.field(ID)
            key = told.position if told else 0
        low, high = span[0] if keyed and span and len(span[0]) == len(spans) else (None, None)
        return Facts(
            count=integer(counted[0][0]) if counted and counted[0] else None,
            min_id=plain(low),
            max_id=plain(high),
            key=key,
            width=max((len(row) for row in sample), default=self._schema.width or 0),
            sample=sample,
        )

    async def place_of(self, column: str, key: int) -> int:
        """Where a column stands in a row of `*`; `Malformed` when that cannot be told."""
        told = self._schema.field(column)
        if told is not None:
            return told.position
        wanted = {"order_by": ID, "limit": SAMPLE}
        asked = [self._params({"data": ["*"], **wanted}), self._params({"data": [column], **wanted})]
        rows, values = await self._portal.selects(asked)
        for one in (rows, values):
            if isinstance(one, ProviderError):
                raise one
        found = _place([row for row in rows or () if isinstance(row, list)], values or (), but=key)
        if found is None:
            raise Malformed(f"Where {column} stands in a row of {self._name} cannot be told: name it in the schema.")
        return found

    async def by_range(self, span: Range, key: int, *, after: Any = None) -> AsyncGenerator[Sequence[Row], None]:
        """Rows in the order of their ids; `after` is the last id that is there already.

        The end is the page with the last id of the span, or an empty one: a portal may give fewer rows than asked for.
        """
        low, high = span
        last = low if after is None else after
        while True:
            bounds = [{"gt": [ID, last]}] if last is not None else []
            bounds += [{"lte": [ID, high]}] if high is not None else []
            params = {"data": ["*"], "order_by": ID, "limit": self._chunk}
            rows = await self._portal.select(self._params(params, *bounds))
            if not rows:
                return
            found = last_id(rows, key)
            if found is None or not _rises(last, found):
                raise Malformed(f"{self._name} cannot be read: the portal repeats itself behind {last}.")
            yield rows
            last = found
            if high is not None and last == high:
                return

    async def by_offset(self, order: Sequence[str], *, after: int = 0) -> AsyncGenerator[Sequence[Row], None]:
        """Rows of a table without an id, in an order that leaves nothing open."""
        offset = after
        while True:
            params: dict[str, Any] = {"data": ["*"], "order_by": list(order), "limit": self._chunk}
            rows = await self._portal.select(self._params(params | ({"offset": offset} if offset else {})))
            if not rows:
                return
            yield rows
            offset += len(rows)

    async def changed_since(
        self, column: str, since: Any, *, place: int, key: int
    ) -> AsyncGenerator[Sequence[Row], None]:
        """Rows whose `column` is `since` or later, in the order of it and of their ids."""
        bound: Any = {"gte": [column, since]}
        before: tuple[Any, Any] | None = None
        while True:
            params = {"data": ["*"], "order_by": [column, ID], "limit": self._chunk}
            rows = await self._portal.select(self._params(params, bound))
            if not rows:
                return
            yield rows
            whole = [row for row in rows if isinstance(row, list) and len(row) > max(place, key)]
            if not whole:
                raise Malformed(f"{self._name} cannot be read: there is no row behind {before or since}.")
            last = (whole[-1][place], plain(whole[-1][key]))
            if last == before:
                raise Malformed(f"{self._name} cannot be read: the portal repeats itself behind {last[0]}.")
            before = last
            behind = {"and": [{"eq": [column, last[0]]}, {"gt": [ID, last[1]]}]}
            bound = {"or": [{"gt": [column, last[0]]}, behind]}

    async def ids(self) -> AsyncGenerator[Sequence[Any], None]:
        """All ids, in order."""
        last: Any = None
        while True:
            bounds = [{"gt": [ID, last]}] if last is not None else []
            rows = await self._portal.select(self._params({"data": [ID], "order_by": ID, "limit": IDS}, *bounds))
            found = [plain(row[0]) for row in rows if isinstance(row, list) and row and row[0] is not None]
            if not found:
                if rows:
                    raise Malformed(f"The ids of {self._name} cannot be read.")
                return
            if not _rises(last, found[-1]):
                raise Malformed(f"{self._name} cannot be read: the portal repeats itself behind {last}.")
            yield found
            last = found[-1]

    async def by_ids(self, ids: Sequence[Any]) -> AsyncGenerator[Sequence[Row], None]:
        """The rows of these ids, whatever the schema's condition: those that are missing are gone."""
        step = min(BY_ID, self._chunk)
        for start in range(0, len(ids), step):
            wanted = [plain(one) for one in ids[start : start + step]]
            where = {"eq": [ID, wanted[0]]} if len(wanted) == 1 else {"in": [ID, *wanted]}
            params = {"data": ["*"], "from": self._name, "order_by": ID, "limit": len(wanted), "where": where}
            rows: Sequence[Row] = []
            try:
                rows = await self._portal.select(params)
            except QueryRefused:
                if len(wanted) == 1:
                    raise
                for one in wanted:  # a portal that takes no lists
                    rows = [*rows, *await self._portal.select({**params, "where": {"eq": [ID, one]}, "limit": 1})]
            yield rows

    def _params(self, params: dict[str, Any], *conditions: Any) -> dict[str, Any]:
        wanted = [one for one in (*conditions, self._schema.sync.where) if one is not None]
        found = {**params, "from": self._name}
        if wanted:
            found["where"] = wanted[0] if len(wanted) == 1 else {"and": wanted}
        return found


def ranges(low: Any, high: Any, parts: int, *, least: int) -> list[Range]:
    """Ids cut into parts of at least `least`, the last one open: rows that come meanwhile have higher ids."""
    if not isinstance(low, int) or not isinstance(high, int) or high < low:
        return [(None, None)]
    parts = max(1, min(parts, (high - low + 1) // max(1, least)))
    cuts = [low - 1 + (high - low + 1) * part // parts for part in range(1, parts)]
    return list(zip([None, *cuts], [*cuts, None], strict=True))


def plain(value: Any) -> Any:
    """An id as its column has it: numbers may come as text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def last_id(rows: Sequence[Row], key: int) -> Any:
    """The id of the last row that has one."""
    for row in reversed(rows):
        if isinstance(row, list) and len(row) > key and row[key] is not None:
            return plain(row[key])
    return None


def _place(rows: Sequence[Row], values: Sequence[Row], *, but: int | None = None) -> int | None:
    """The first column that has these very values; None for none, or where nothing can be told."""
    wanted = [row[0] for row in values if isinstance(row, list) and row]
    if not wanted or len(wanted) != len(rows):
        return None
    width = min(len(row) for row in rows)
    return next((at for at in range(width) if at != but and [row[at] for row in rows] == wanted), None)


def _rises(last: Any, found: Any) -> bool:
    return found > last if isinstance(found, int) and isinstance(last, int) else found != last
