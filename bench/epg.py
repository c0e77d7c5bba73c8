"""XMLTV of a million programmes: downloaded, parsed, stored and shown, against a floor.

The floor is expat with empty Python handlers over the same file, and the same rows loaded in bulk into an empty table.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.request import urlopen
from xml.parsers import expat

from sqlalchemy import func, select, text

from app.core.memory import calm_collector
from app.db import migrate
from app.db.engine import Database
from app.db.guide_rows import CHANNEL, PROGRAMME, PROGRAMME_COLUMNS, insert_programmes
from app.domain.kinds import Kind
from bench.measure import Clock, measure
from bench.result import Result
from tests.support.postgres import PostgresServer
from tests.support.scripted import ScriptedProvider, add_job, add_provider, record, sync

MILLION: Final = 1_000_000
GUIDE: Final = "xmltv.php"  # as panels name it
CHANNELS: Final = 5_000
MINUTES: Final = 60  # of a show: two hundred of them are eight days
PIECE: Final = 256 * 1024
TOGETHER: Final = 25  # channels whose rows are loaded in one transaction: about as many as a refresh stores in one
COLUMNS: Final = [PROGRAMME.c[name] for name in PROGRAMME_COLUMNS]
SHOW: Final = """  <programme start="{start}" stop="{stop}" channel="{channel}.example">
    <title lang="en">The long way home {number} &amp; back</title>
    <desc lang="en">Somebody leaves a house at the edge of a town and meets, one after the other, all whom they once \
owed an answer; this time, in part {number}, it is an old friend of the family.</desc>
    <category lang="en">Drama</category>
    <episode-num system="xmltv_ns">0.{number}.0/1</episode-num>
  </programme>
"""


def bench(server: PostgresServer | None = None, *, small: bool = False) -> list[Result]:
    """One line: the whole refresh of a guide, from its download until it is shown."""
    programmes = MILLION // 10 if small else MILLION
    with TemporaryDirectory() as folder, databases(Path(folder), server) as (filled, empty):
        write(Path(folder) / GUIDE, programmes)
        job = measure("bench.epg", "prepare", database=filled).told["job"]
        with served(Path(folder)) as url:
            cost = measure("bench.epg_refresh", "refresh", database=filled, url=url, job=job)
        floor = measure("bench.epg", "floor", folder=folder, source=filled, target=empty)
    name = f"XMLTV of programmes, {'Postgres' if server else 'SQLite'}"
    seconds = floor.told["parsed"] + floor.told["loaded"]
    told = {"items": cost.told["programmes"], "cost": cost, "floor": seconds, "rate": True}
    return [Result(name=name, aim="≥ 0.5 ×, ≤ 150 MB", **told)]


@contextmanager
def databases(folder: Path, server: PostgresServer | None) -> Iterator[tuple[str, str]]:
    """The URLs of two databases without tables."""
    if server is None:
        yield f"sqlite:///{folder}/guide.db", f"sqlite:///{folder}/floor.db"
        return
    with server.database() as one, server.database() as other:
        yield one, other


def write(file: Path, programmes: int) -> None:
    """A guide of an hour per show from an hour ago on; grouped by channel, as most are."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    per_channel = min(190, programmes)
    times = [(begin + timedelta(minutes=MINUTES * n)).strftime("%Y%m%d%H%M%S +0000") for n in range(per_channel + 1)]
    channels = -(-programmes // per_channel)
    with file.open("w") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv>\n')
        for channel in range(channels):
            out.write(f'<channel id="c{channel}.example"><display-name>Channel {channel}</display-name></channel>\n')
        for channel in range(channels):
            for number in range(min(per_channel, programmes - channel * per_channel)):
                start, stop = times[number : number + 2]
                out.write(SHOW.format(start=start, stop=stop, channel=f"c{channel}", number=number))
        out.write("</tv>\n")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a panel that has nothing but the file, from a process of its own."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().split(" port ")[1].split()[0]
            urlopen(f"http://127.0.0.1:{port}/").close()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def prepare(_: Clock, arguments: dict[str, Any]) -> dict[str, Any]:
    """A provider with channels, and a job that is about to refresh their guides."""
    await migrate.upgrade(arguments["database"])
    database = Database(arguments["database"])
    pk = await add_provider(database)
    channels = [record(Kind.CHANNEL, place, epg_id=f"c{place}.example") for place in range(CHANNELS)]
    await sync(database, pk, ScriptedProvider(lists={Kind.CHANNEL: channels}, size=1000), only=["channels"])
    job = await add_job(database, pk, only=["epg"])
    await database.close()
    return {"job": job}


async def floor(clock: Clock, arguments: dict[str, Any]) -> dict[str, Any]:
    """What no reader of this file can do without."""
    calm_collector()
    with clock:
        parsed = await asyncio.to_thread(_parse, Path(arguments["folder"]) / GUIDE)
        loaded = await _load(arguments["source"], arguments["target"])
    return {"parsed": parsed, "loaded": loaded}


def _parse(file: Path) -> float:
    began = time.perf_counter()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda _, __: None
    parser.EndElementHandler = parser.CharacterDataHandler = lambda _: None
    with file.open("rb") as source:
        while piece := source.read(PIECE):
            parser.Parse(piece)
    parser.Parse(b"", True)  # noqa: FBT003 - positional in C
    return time.perf_counter() - began


async def _load(source_url: str, target_url: str) -> float:
    """The rows that were stored, read outside the clock, in batches as they were stored."""
    await migrate.upgrade(target_url)
    source, target = Database(source_url), Database(target_url)
    seconds = 0.0
    async with source.reader() as reader:
        for number in range(0, await reader.scalar(select(func.count()).select_from(CHANNEL)), TOGETHER):
            some = PROGRAMME.c.number.between(number, number + TOGETHER - 1)
            rows = [tuple(row) for row in await reader.rows(select(*COLUMNS).where(some).order_by(*COLUMNS[:3]))]
            began = time.perf_counter()
            async with target.writer() as writer:
                await writer.execute(text("SELECT 1"))
                await insert_programmes(writer, rows)
            seconds += time.perf_counter() - began
    await source.close()
    await target.close()
    return seconds
