"""How long a version takes to build, and how much memory, beside the floor: encoding and compressing the same rows.

`python -m bench.snapshot [--items 95182] [--database postgresql://…]`
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert, select, text
from sqlmodel import col
from zlib_ng import zlib_ng

from app.artifacts.local import LocalStore
from app.core.clock import now_ms
from app.core.jsonio import canonical, loads
from app.db import migrate
from app.db.bulk import insert_rows
from app.db.engine import Database
from app.db.tables import CatalogueHead, Category, Document, Provider
from app.domain.kinds import Kind
from app.jobs import lease
from app.simulator.spec import CatalogueSpec
from app.snapshots.publish import Publisher
from bench.measure import Cost, resident_mb
from bench.sync import Result

SHARES = {Kind.CHANNEL: 0.126, Kind.MOVIE: 0.674, Kind.SERIES: 0.2}
CATEGORIES = 120  # of each kind
BATCH = 5_000
PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One publish in a process of its own; memory in MB on top of the idle process."""

    wall: float
    cpu: float
    idle_mb: float
    peak_mb: float
    pack_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """CPU seconds for the same rows in memory, in one thread."""

    encode: float
    pages: float
    document: float

    @property
    def once(self) -> float:
        return self.encode + self.pages

    @property
    def both(self) -> float:
        return self.encode + self.pages + self.document


class Words:
    """Text that compresses as catalogues do: common words often, rare ones seldom."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        letters = "etaoinshrdlucmfwygpbvk"
        self._words = ["".join(self.random.choices(letters, k=self.random.randint(2, 9))) for _ in range(6000)]
        self._weights = list(accumulate(1 / (place + 3) for place in range(6000)))

    def some(self, count: int) -> list[str]:
        return self.random.choices(self._words, cum_weights=self._weights, k=count)


def documents(kind: Kind, count: int, words: Words) -> Iterator[dict[str, Any]]:
    """Items of about 1.5 kB (channels 0.6 kB), their fields as the API names them."""
    chance = words.random
    for number in range(count):
        category = f"{kind.value}{number * CATEGORIES // max(count, 1):03d}"
        public = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz234567", k=16))
        yield {
            "actors": [" ".join(words.some(2)).title() for _ in range(0 if kind is Kind.CHANNEL else 10)],
            "addedAt": f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T10:{chance.randint(10, 59)}:00Z",
            "categoryId": category,
            "categoryIds": [category],
            "censored": False,
            "cleanedName": " ".join(words.some(3)).title(),
            "description": " ".join(words.some(20 if kind is Kind.CHANNEL else 140)),
            "director": " ".join(words.some(2)).title(),
            "externalId": str(100_000 + number),
            "genres": [word.title() for word in words.some(3)],
            "id": public,
            "isActive": True,
            "kind": kind.value,
            "name": " ".join(words.some(4)).title(),
            "poster": f"http://images.test/{chance.getrandbits(64):016x}/{number}.jpg",
            "providerId": "benchprovider000",
            "rating": round(chance.uniform(1, 10), 1),
            "stream": f"/api/{kind.plural}/{public}/stream",
            "year": chance.randint(1950, 2026),
        }


async def seed(url: str, items: int) -> None:
    """A migrated database with one provider and a pending catalogue."""
    await migrate.upgrade(url)
    database, words = Database(url), Words(1)
    now = now_ms()
    provider = {
        "id": "benchprovider000",
        "name": "Bench",
        "kind": "xtream",
        "url": b"",
        "address": "http://portal.test",
    }
    sealed = {"credentials": b"", "credential_names": [], "options": {}, "created_at": now, "updated_at": now}
    async with database.writer() as writer:
        pk = await writer.scalar(insert(Provider).values(**provider, **sealed).returning(col(Provider.pk)))
        await writer.execute(insert(CatalogueHead).values(provider_pk=pk, epoch="bench", pending=True))
    for kind, share in SHARES.items():
        await _seed_kind(database, pk, kind, round(items * share), words)
    async with database.writer() as writer:
        await writer.execute(text("ANALYZE"))
    await database.close()


async def _seed_kind(database: Database, pk: int, kind: Kind, count: int, words: Words) -> None:
    columns = ["provider_pk", "ordinal", "id", "external_id", "fingerprint", "is_active", "category_id", "name"]
    columns += ["sort_name", "search_text", "updated_at", "locator"]
    columns += ["sort_number"] if kind is Kind.CHANNEL else []
    async with database.writer() as writer:
        rows = [
            {
                "id": f"{kind.value}{n:03d}",
                "provider_pk": pk,
                "kind": kind.value,
                "external_id": str(n),
                "name": f"C{n}",
            }
            | {"position": n, "count": count // CATEGORIES, "updated_at": 1}
            for n in range(CATEGORIES)
        ]
        await writer.execute(insert(Category), rows)
    batch: list[tuple[int, dict[str, Any]]] = []
    for ordinal, document in enumerate(documents(kind, count, words)):
        batch.append((ordinal, document))
        if len(batch) == BATCH or ordinal == count - 1:
            await _seed_batch(database, pk, kind, columns, batch)
            batch = []


async def _seed_batch(
    database: Database, pk: int, kind: Kind, columns: list[str], batch: list[tuple[int, dict[str, Any]]]
) -> None:
    rows = []
    for ordinal, one in batch:
        name, locator = one["name"], canonical({"cmd": one["externalId"], "fields": one["genres"]})
        fields = (one["id"], one["externalId"], 0, True, one["categoryId"], name, name, f"{name} {name}", 1, locator)
        rows.append((pk, ordinal, *fields, *([float(ordinal)] if kind is Kind.CHANNEL else [])))
    bodies = [(pk, kind.number, ordinal, canonical(one)) for ordinal, one in batch]
    async with database.writer() as writer:
        await insert_rows(writer, kind.value, columns, rows)
        await insert_rows(writer, "document", ("provider_pk", "kind", "ordinal", "body"), bodies)
        members = [(one["categoryId"], ordinal) for ordinal, one in batch]
        await insert_rows(writer, "item_category", ("category_id", "ordinal"), members)


async def build(url: str, folder: Path) -> Build:
    """Publishes in this process and measures it; run it in a fresh one."""
    database, artifacts = Database(url), LocalStore(folder)
    publisher = Publisher(database, artifacts)
    async with database.writer() as writer:
        pk = await writer.scalar(select(col(Provider.pk)))
        fence = await lease.acquire(writer, provider_pk=pk, job_id="bench", seconds=3600)
    idle = psutil.Process().memory_info().rss
    wall, cpu = time.perf_counter(), time.process_time()
    version = await publisher.publish(pk, fence)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resident_mb() * 1e6
    await database.close()
    if version is None:
        raise SystemExit("nothing was pending")
    return Build(wall=wall, cpu=cpu, idle_mb=idle / 1e6, peak_mb=(peak - idle) / 1e6, pack_mb=stored_mb(folder))


def stored_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def build_apart(url: str, folder: Path) -> Build:
    """`build` in a process of its own."""
    command = [sys.executable, "-m", "bench.snapshot", "--child", str(folder), "--database", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Build(**json.loads(done.stdout))


async def floor(url: str) -> Floor:
    """Encodes all documents, compresses them as pages, then as a document; level 6, one thread."""
    database = Database(url)
    async with database.reader() as reader:
        rows = await reader.rows(select(Document.body).order_by(col(Document.kind), col(Document.ordinal)))
    await database.close()
    values = [loads(row.body) for row in rows]
    del rows
    start = time.process_time()
    bodies = [canonical(value) for value in values]
    encoded = time.process_time()
    for first in range(0, len(bodies), PAGE):
        zlib_ng.compress(b",".join(bodies[first : first + PAGE]), 6, 31)
    paged = time.process_time()
    zlib_ng.compress(b",".join(bodies), 6, 31)
    return Floor(encode=encoded - start, pages=paged - encoded, document=time.process_time() - paged)


def bench(spec: CatalogueSpec) -> list[Result]:
    """A publish of as many items, beside encoding and one compression of the same rows."""
    items = spec.channels + spec.movies + spec.series
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        asyncio.run(seed(url, items))
        found = build_apart(url, Path(folder) / "artifacts")
        least = asyncio.run(floor(url))
    cost = Cost(wall=found.wall, cpu=found.cpu, peak_mb=found.peak_mb, idle_mb=0, told={})
    name = "snapshot build, document and all pages (MB over idle)"
    return [Result(name=name, items=items, cost=cost, floor=least.once, aim="≤ 1.5, ≤ 150 MB")]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=95_182)
    parser.add_argument("--database")
    parser.add_argument("--child", type=Path)
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(asdict(await build(arguments.database, arguments.child))))
        return
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite:///{folder}/bench.db"
        await seed(url, arguments.items)
        found = build_apart(url, Path(folder) / "artifacts")
        least = await floor(url)
    print(f"{arguments.items} items, pack {found.pack_mb:.1f} MB")
    print(
        f"build   {found.wall:6.2f} s wall  {found.cpu:6.2f} s CPU  "
        f"{found.peak_mb:6.0f} MB over {found.idle_mb:.0f} idle"
    )
    print(f"floor   {least.both:6.2f} s encode + pages + document; {least.once:.2f} s encode + one compression")
    print(
        f"ratio   {found.wall / least.both:6.2f} wall / floor; {found.cpu / least.both:.2f} CPU / floor; "
        f"against one compression {found.wall / least.once:.2f} and {found.cpu / least.once:.2f}"
    )


if __name__ == "__main__":
    asyncio.run(main())
