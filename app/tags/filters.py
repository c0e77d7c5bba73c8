"""The filters of providers: what people keep and check. Nothing here judges an item."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlmodel import col

from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.db.engine import Database, Reader
from app.db.policies import FILTER
from app.db.tables import ProviderFilter
from app.domain.filters import Action, Filter, Subject, checked
from app.domain.kinds import Kind
from app.domain.patterns import BadPattern
from app.domain.tagging import tag_name
from app.tags.rulesets import FRESH
from app.tags.views import FilterView

MAX_FILTERS: Final = 500  # of one provider


class Filters:
    """By provider; `position` orders them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def every(self, provider_pk: int) -> list[FilterView]:
        """In the order in which they are asked, those that are switched off too."""
        async with self._database.reader() as reader:
            return await _all(reader, provider_pk)

    async def add(self, provider_pk: int, wanted: FilterView, *, position: int | None = None) -> FilterView:
        """Adds a filter, behind the others unless it has a position."""
        async with self._database.writer() as writer:
            last = await writer.scalar(select(func.max(FILTER.c.position)).where(FILTER.c.provider_pk == provider_pk))
            if len(await _all(writer, provider_pk)) >= MAX_FILTERS:
                raise Conflict(f"A provider has at most {MAX_FILTERS} filters.", code="too_many_filters")
            place = position if position is not None else (0 if last is None else last + 1)
            made = replace(sound(wanted), id=new_id(), position=place)
            await writer.execute(insert(ProviderFilter), [_values(made) | {"provider_pk": provider_pk}])
        return made

    async def change(self, provider_pk: int, filter_id: str, change: Mapping[str, Any]) -> FilterView:
        """Changes the fields that are given."""
        async with self._database.writer() as writer:
            made = sound(replace(await _find(writer, provider_pk, filter_id), **change, **FRESH))
            await writer.execute(
                update(ProviderFilter).where(col(ProviderFilter.id) == filter_id).values(**_values(made))
            )
        return made

    async def remove(self, provider_pk: int, filter_id: str) -> None:
        async with self._database.writer() as writer:
            await _find(writer, provider_pk, filter_id)
            await writer.execute(delete(ProviderFilter).where(col(ProviderFilter.id) == filter_id))


def sound(wanted: FilterView) -> FilterView:
    """The filter with its value tidied; `Invalid` names the field that cannot be used."""
    value = tag_name(wanted.value) if wanted.field is Subject.TAG else wanted.value
    if not value.strip():
        raise Invalid([("value", "A filter needs something to look for.")])
    made = replace(wanted, value=value)
    try:
        checked(filter_of(made))
    except BadPattern as error:
        raise Invalid([("value", str(error))]) from None
    return made


def filter_of(view: FilterView) -> Filter:
    """The filter as it is applied."""
    left = ("position", "enabled", "trouble", "trouble_at")
    return Filter(**{name: value for name, value in asdict(view).items() if name not in left})


def _stored(row: Row[Any]) -> FilterView:
    values = {name: value for name, value in row._mapping.items() if name != "provider_pk"}  # noqa: SLF001 - its interface
    values |= {"action": Action(values["action"]), "field": Subject(values["field"])}
    return FilterView(**values | {"kinds": tuple(map(Kind, values["kinds"]))})


def _values(wanted: FilterView) -> dict[str, Any]:
    return asdict(wanted) | {"kinds": [kind.value for kind in wanted.kinds]}


async def _all(reader: Reader, provider_pk: int) -> list[FilterView]:
    mine = select(*FILTER.c).where(FILTER.c.provider_pk == provider_pk)
    return [_stored(row) for row in await reader.rows(mine.order_by(FILTER.c.position, FILTER.c.id))]


async def _find(reader: Reader, provider_pk: int, filter_id: str) -> FilterView:
    row = await reader.row(select(*FILTER.c).where(FILTER.c.provider_pk == provider_pk, FILTER.c.id == filter_id))
    if row is None:
        raise NotFound("There is no such filter.")
    return _stored(row)
