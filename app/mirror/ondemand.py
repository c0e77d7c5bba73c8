"""Rows that were asked for by their ids: fetched when they are missing or stale, and written through."""

from collections.abc import Sequence
from typing import Any

from app.core import jsonio
from app.core.clock import now_ms
from app.domain.schemas import TableSchema
from app.mirror import content, tables
from app.mirror.homes import Home
from app.mirror.layout import Layout, fit, laid_out
from app.mirror.records import (
    TableRecord,
    changed,
    forget_seen,
    mark_seen,
    put_mappings,
    put_record,
    records,
    seen_since,
)
from app.mirror.remote import Facts, Portal, RemoteTable, plain
from app.mirror.values import Kind


class OnDemand:
    """One table of one provider."""

    def __init__(self, home: Home, portal: Portal, schema: TableSchema) -> None:
        self._home = home
        self._schema = schema
        self._remote = RemoteTable(portal, schema)

    async def ensure(self, ids: Sequence[Any], *, young_ms: int | None = None) -> int:
        """Sees to it that these rows are here and young (the table's `ttl`, else `young_ms`); how many were fetched.

        Ids that the portal does not have are remembered too, and their rows removed.
        """
        now = now_ms()
        young = self._schema.sync.ttl * 1000 if young_ms is None else young_ms
        wanted = {str(one): plain(one) for one in ids}
        async with self._home.reader() as reader:
            known = await seen_since(reader, self._schema.name, list(wanted), now - young)
        due = [own for name, own in wanted.items() if name not in known]
        if due:
            await self.fetch(due)
        return len(due)

    async def fetch(self, ids: Sequence[Any]) -> None:
        """Fetches rows by their ids and writes them through."""
        ids = [plain(one) for one in ids]
        layout, came = await self._layout(), set[str]()
        async for rows in self._remote.by_ids(ids):
            layout = await self._store(layout, rows, came)
        await self._finish(layout, ids, came)

    async def _layout(self) -> Layout:
        """The table as it is, made when it is not there."""
        name = self._schema.name
        async with self._home.reader() as reader:
            record = (await records(reader, [name])).get(name)
            there = await tables.exists(reader, name)
        if record is not None and there and record.kinds and record.schema_hash == self._schema.hash:
            kinds = record.known_kinds
            return laid_out(self._schema, len(kinds), key=record.key_position, kinds=kinds)
        facts = await self._remote.facts()
        layout = self._first(facts)
        async with self._home.writer() as writer:
            await tables.drop_view(writer, layout)
            await tables.create(writer, name, layout)
            await tables.make_view(writer, layout)
            await register(writer, self._schema, record)
            anew = {"last_sync_at": now_ms(), "next_sync_at": None, "last_sync_rows": None, "staging_job": None}
            await put_record(writer, name, self._shape(layout) | anew)
            await forget_seen(writer, name)
            await put_mappings(writer, layout, None)
        return layout

    def _first(self, facts: Facts) -> Layout:
        width = max(facts.width, self._schema.width or 0, 1 + (facts.key or 0))
        return fit(laid_out(self._schema, width, key=facts.key), self._schema, facts.sample).layout

    async def _store(self, layout: Layout, rows: Sequence[Any], came: set[str]) -> Layout:
        made = fit(layout, self._schema, rows)
        async with self._home.writer() as writer:
            if made.layout != layout:
                await tables.drop_view(writer, layout)
                await tables.reshape(writer, layout.table, layout, made.layout)
                await put_record(writer, layout.table, self._shape(made.layout))
                await put_mappings(writer, made.layout, None)
            await content.insert(writer, layout.table, made.layout, made.rows)
            if made.layout != layout:
                await tables.settle(writer, made.layout)
            if made.layout.key is not None:
                place = made.layout.key
                fetched = [str(row[place]) for row in made.rows]
                came.update(fetched)
                await mark_seen(writer, layout.table, fetched, now_ms())
        return made.layout

    async def _finish(self, layout: Layout, ids: Sequence[Any], came: set[str]) -> None:
        """What was asked for and did not come is gone."""
        now = now_ms()
        integers = layout.id_kind is Kind.INTEGER
        async with self._home.writer() as writer:
            gone = [one for one in ids if str(one) not in came]
            own = [one if integers else str(one) for one in gone if not integers or isinstance(one, int)]
            await content.delete_ids(writer, layout, own)
            await mark_seen(writer, layout.table, [str(one) for one in gone], now)
            stored = await content.count(writer, layout.table)
            await put_record(writer, layout.table, {"local_row_count": stored})
            await changed(writer, layout.table)

    def _shape(self, layout: Layout) -> dict[str, Any]:
        return {
            "schema_hash": self._schema.hash,
            "total_fields": len(layout.columns),
            "key_position": layout.key,
            "kinds": jsonio.dumps(layout.kinds()).decode(),
        }


async def register(writer: Any, schema: TableSchema, record: TableRecord | None) -> None:
    """Makes a table known to the mirror, or what its schema says of it as new as the schema."""
    values: dict[str, Any] = {
        "strategy": schema.sync.strategy.value,
        "ttl": schema.sync.ttl,
        "incremental_field": schema.sync.incremental_field,
    }
    if record is None:
        # Whoever remembers answers of a table of that name that was cleared must not take this one for it.
        values |= {"created_at": now_ms(), "version": now_ms()}
    await put_record(writer, schema.name, values)
