"""Dumps of a Postgres database through our own driver: each table as COPY writes it, in one archive.

The archive is a zip file: `manifest.json`, then `<table>.copy` (COPY's binary format) for each table, in an order in
which foreign keys hold. All of it is one state: everything is read in one transaction.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from app.core import jsonio
from app.core.errors import Conflict, Invalid
from app.db.copies import CopyFailed
from app.db.engine import async_url

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
LEVEL: Final = 1  # documents shrink to a quarter; more would take longer than the disk
LOOKS: Final = 10
LOOK_SECONDS: Final = 0.1
_TABLES: Final = text(
    "SELECT table_name, array_agg(CAST(column_name AS text) ORDER BY ordinal_position) FROM information_schema.columns "
    "JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version' "
    "AND is_generated = 'NEVER' GROUP BY table_name ORDER BY table_name"
)
_REFERENCES: Final = text(
    "SELECT child.relname, parent.relname FROM pg_constraint "
    "JOIN pg_class child ON child.oid = conrelid JOIN pg_class parent ON parent.oid = confrelid "
    "JOIN pg_namespace space ON space.oid = connamespace "
    "WHERE contype = 'f' AND space.nspname = current_schema() AND conrelid <> confrelid"
)
_COUNTERS: Final = text(
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%' ORDER BY 1, 2"
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)


async def dump(url: str, file: Path) -> Mapping[str, int]:
    """Writes all tables; answers how many rows each had."""
    async with _connected(url) as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        manifest = await _manifest(connection)
        driver = await _driver(connection)
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            for table in manifest["tables"]:
                with archive.open(f"{table['name']}.copy", "w", force_zip64=True) as entry:
                    done = await driver.copy_from_table(
                        table["name"], columns=table["columns"], format="binary", output=_written(entry)
                    )
                table["rows"] = int(done.rpartition(" ")[2])
            archive.writestr(MANIFEST, jsonio.dumps(manifest))
    return {table["name"]: table["rows"] for table in manifest["tables"]}


def manifest_of(file: Path) -> dict[str, Any]:
    """What a dump holds; `Invalid` when it is none, or of a form that is not known here."""
    try:
        with ZipFile(file) as archive:
            manifest: dict[str, Any] = jsonio.loads(archive.read(MANIFEST))
    except (BadZipFile, KeyError, ValueError):
        raise Invalid([("FILE", f"{file} is no backup of a Postgres database.")]) from None
    if manifest.get("format") != FORMAT:
        raise Invalid([("FILE", f"{file} was made by another release of Lineup.")])
    if not all(NAME.fullmatch(table["name"]) for table in manifest["tables"]):
        raise Invalid([("FILE", f"{file} names tables that no release has.")])  # the names become SQL
    return manifest


async def check_alone(connection: AsyncConnection) -> None:
    """`Conflict` while others are connected: they would go on with what is not there any more."""
    others = 0
    for _ in range(LOOKS):  # who has just left is seen for a moment still
        await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        others = await connection.scalar(_OTHERS)
        if not others:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise Conflict(
        f"{others} other connections use the database: stop servers and workers, or say --force.",
        code="database_in_use",
    )


async def load(connection: AsyncConnection, file: Path, manifest: Mapping[str, Any]) -> None:
    """Fills the tables, which have to be those of the dump's revision, within the connection's transaction."""
    names = ", ".join(f'"{table["name"]}"' for table in manifest["tables"])
    await connection.execute(text(f"TRUNCATE {names} CASCADE"))
    driver = await _driver(connection)
    try:
        with ZipFile(file) as archive:
            for table in manifest["tables"]:
                with archive.open(f"{table['name']}.copy") as entry:
                    await driver.copy_to_table(table["name"], columns=table["columns"], format="binary", source=entry)
    except (BadZipFile, EOFError, zlib.error, PostgresError) as error:
        raise CopyFailed(f"{file} is damaged: {error}.") from error
    counted = text("SELECT setval(CAST(pg_get_serial_sequence(:table, :column) AS regclass), :value, :called)")
    for table, column, value, called in manifest["counters"]:
        await connection.execute(counted, {"table": table, "column": column, "value": value, "called": called})
    await connection.execute(text("ANALYZE"))


async def _manifest(connection: AsyncConnection) -> dict[str, Any]:
    tables = {name: columns for name, columns in (await connection.execute(_TABLES)).all()}
    order: TopologicalSorter[str] = TopologicalSorter({name: () for name in tables})
    for child, parent in (await connection.execute(_REFERENCES)).all():
        order.add(child, parent)
    return {
        "format": FORMAT,
        "revision": await connection.scalar(text("SELECT version_num FROM alembic_version")),
        "server": await connection.scalar(text("SHOW server_version")),
        "tables": [{"name": name, "columns": tables[name]} for name in order.static_order() if name in tables],
        "counters": [await _counter(connection, *row) for row in (await connection.execute(_COUNTERS)).all()],
    }


async def _counter(connection: AsyncConnection, table: str, column: str) -> list[Any]:
    sequence = await connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table, "column": column}
    )
    row = (await connection.execute(text(f"SELECT last_value, is_called FROM {sequence}"))).one()  # noqa: S608
    return [table, column, *row]


def _written(entry: IO[bytes]) -> Any:
    async def write(data: bytes) -> None:
        entry.write(data)

    return write


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _driver(connection: AsyncConnection) -> Any:
    """The driver's own connection, inside the transaction that was begun by a statement before."""
    return (await connection.get_raw_connection()).driver_connection
