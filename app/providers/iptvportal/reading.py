"""Rows of one table, page after page by id: what was deleted or added meanwhile shifts nothing."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.core.errors import Malformed, ProviderError
from app.domain.values import integer
from app.providers.iptvportal.client import IptvPortalClient
from app.providers.iptvportal.envelope import Request
from app.providers.iptvportal.errors import QueryRefused, TableForbidden
from app.providers.iptvportal.mapping import TableMap

PAGE: Final = 500  # rows: what one transaction likes, and little enough to lose
MOST_UNREADABLE: Final = 2 * PAGE  # rows one after the other that are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A table when its reading began; None = the portal did not say."""

    count: int | None
    top: Any


class TableReader:
    """Reads what a map says; columns that the portal does not know are found out once and left out."""

    def __init__(self, client: IptvPortalClient, table: TableMap) -> None:
        self._client = client
        self._map = table
        self._checked = False

    @property
    def map(self) -> TableMap:
        """The map as far as it is known to be right."""
        return self._map

    async def span(self, where: Any = None) -> Span:
        """How many rows there are, and the last id."""
        wanted = [{"function": "count", "args": ["*"]}, {"function": "max", "args": self._map.fields["id"]}]
        rows = await self._select({"data": wanted}, where)
        row = rows[0] if rows and isinstance(rows[0], list) and len(rows[0]) == len(wanted) else (None, None)
        return Span(count=integer(row[0]), top=_plain(row[1]))

    async def pages(self, span: Span, where: Any = None) -> AsyncGenerator[Sequence[Any], None]:
        """All rows in the order of their ids, each in the order of `map.fields`; some may be no rows at all.

        The end is the page with the id that was the last of `span`, else an empty one: a portal may give fewer rows
        than it is asked for, and a table may grow as fast as it is read.
        """
        last, skip = None, 0
        while rows := await self.page(last, skip, where):
            yield rows
            behind = next((at for at, row in enumerate(reversed(rows)) if _id(row) is not None), None)
            if behind is None:
                # Nothing in it says where to go on.
                skip += len(rows)
            else:
                found = _id(rows[-1 - behind])
                if not _rises(last, found):
                    raise Malformed(f"{self._map.table} cannot be read: the portal repeats itself behind {last}.")
                last, skip = found, behind
                if _reached(span.top, last):
                    return
            if skip > MOST_UNREADABLE:
                raise Malformed(f"{self._map.table} cannot be read: no row behind {last} has an id.")

    async def page(self, last: Any, skip: int = 0, where: Any = None) -> Sequence[Any]:
        """The rows behind the id `last`, None = from the beginning, without the first `skip` of them."""
        column = self._map.fields["id"]
        behind = None if last is None else {"gt": [column, last]}
        params = {"data": None, "order_by": column, "limit": PAGE} | ({"offset": skip} if skip else {})
        return await self._select(params, both(behind, where))

    async def one(self, external_id: str) -> Mapping[str, Any] | None:
        """The row of an id by the names of its fields."""
        where = {"eq": [self._map.fields["id"], _plain(external_id)]}
        rows = await self._select({"data": None, "limit": 1}, where, bare=True)
        return self.named(rows[0]) if rows else None

    def named(self, row: Any) -> Mapping[str, Any] | None:
        """A row by the names of its fields; None when it is no row of this table."""
        if not isinstance(row, list) or len(row) != len(self._map.fields):
            return None
        return dict(zip(self._map.fields, row, strict=True))

    async def _select(self, params: Mapping[str, Any], where: Any, *, bare: bool = False) -> Sequence[Any]:
        """`data` None stands for the fields of the map; `bare` leaves the map's own condition out."""
        try:
            return await self._client.select(self._params(params, where, bare=bare))
        except TableForbidden:
            raise
        except QueryRefused:
            if self._checked or not await self._check():
                raise
        return await self._client.select(self._params(params, where, bare=bare))

    def _params(self, params: Mapping[str, Any], where: Any, *, bare: bool) -> dict[str, Any]:
        found = {**params, "from": self._map.table}
        if found["data"] is None:
            found["data"] = list(self._map.fields.values())
        condition = where if bare else both(self._map.where, where)
        return found if condition is None else {**found, "where": condition}

    async def _check(self) -> bool:
        """Asks for each column alone; whether something was left out."""
        self._checked = True
        old = self._map
        fields = dict(old.fields)
        guesses = [name for name in fields if name not in old.needed]
        wanted: list[dict[str, Any]] = [{"data": [fields[name]]} for name in guesses]
        if old.guessed:
            wanted.append({"data": [fields["id"]], "where": old.where})
        found = await self._client.batch(
            [Request(method="select", params={**one, "from": old.table, "limit": 1}) for one in wanted]
        )
        unknown = [isinstance(one, QueryRefused) for one in found]
        missing = {name for name, gone in zip(guesses, unknown, strict=False) if gone}
        kept = {name: column for name, column in fields.items() if name not in missing}
        odd = old.guessed and unknown[-1]
        self._map = replace(old, fields=kept, where=None if odd else old.where, guessed=old.guessed and not odd)
        return self._map != old


def both(first: Any, second: Any) -> Any:
    """Two conditions as one."""
    if first is None or second is None:
        return second if first is None else first
    return {"and": [first, second]}


def told(error: ProviderError) -> Malformed:
    """The same words without a say about the account."""
    return Malformed(error.detail)


def _id(row: Any) -> Any:
    """The id of a row as its column has it; None for what is no row."""
    return _plain(row[0]) if isinstance(row, list) and row else None


def _rises(last: Any, found: Any) -> bool:
    """Whether an id comes after another, as far as their kind has an order."""
    return found > last if isinstance(found, int) and isinstance(last, int) else found != last


def _reached(top: Any, last: Any) -> bool:
    return last >= top if isinstance(top, int) and isinstance(last, int) else False


def _plain(value: Any) -> Any:
    """An id as its column has it: numbers may come as text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
