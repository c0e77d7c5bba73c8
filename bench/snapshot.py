"""How long versions take to build, how much memory, how small they are, and how fast they are served.

Building stands beside its floor, encoding and compressing the same rows; a publish of few changes beside a full build;
serving beside the same bytes from a bare route. `python -m bench snapshot million-snapshot`
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, select, text, update
from sqlmodel import col
from zlib_ng import zlib_ng

from app.artifacts.local import LocalStore
from app.core.clock import now_ms
from app.core.jsonio import canonical, loads
from app.core.memory import calm_collector
from app.db import items as item_rows
from app.db import migrate, progress
from app.db.bulk import insert_rows
from app.db.engine import Database
from app.db.tables import CatalogueHead, Category, Document, Provider
from app.domain.kinds import Kind
from app.jobs import lease
from app.simulator.spec import CatalogueSpec
from app.snapshots.delta_files import ReadyDeltas
from app.snapshots.publish import Publisher
from app.snapshots.read import Snapshots
from bench.measure import Clock, Cost, measure
from bench.result import Result
from bench.serve import fetched, serving

PUBLIC_ID = "benchprovider000"
ASKED = 300  # requests for essentials, one after another
SHARES = {Kind.CHANNEL: 0.126, Kind.MOVIE: 0.674, Kind.SERIES: 0.2}
CATEGORIES = 120  # of each kind
BATCH = 5_000
PAGE = 1_000


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
            "providerId": PUBLIC_ID,
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
        "id": PUBLIC_ID,
        "enabled": False,
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


async def publish(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """Publishes what is pending; to be run in a process of its own."""
    database, artifacts = Database(given["database"]), LocalStore(Path(given["folder"]))
    publisher = Publisher(database, artifacts, makers=(ReadyDeltas(database, artifacts),))
    async with database.writer() as writer:
        pk = await writer.scalar(select(col(Provider.pk)))
        await writer.execute(update(CatalogueHead).values(lease_until=None))
        fence = await lease.acquire(writer, provider_pk=pk, job_id="bench", seconds=3600)
    calm_collector()  # as every worker does
    with clock:
        version = await publisher.publish(pk, fence)
    await database.close()
    if version is None:
        raise SystemExit("nothing was pending")
    return {"version": version}


async def change(url: str, chosen: Callable[[Kind, int], Sequence[int]]) -> None:
    """Rewrites items and logs it, as a sync does."""
    database, words = Database(url), Words(2)
    async with database.writer() as writer:
        pk = int(await writer.scalar(select(col(Provider.pk))))
        version = await progress.published_version(writer, pk) + 1
        for kind in Kind:
            places = chosen(kind, await item_rows.count_active(writer, kind, pk))
            found = await item_rows.documents(writer, kind, pk, places)
            made = {place: loads(body) | {"description": " ".join(words.some(140))} for place, body in found.items()}
            bodies = [(place, canonical(one)) for place, one in made.items()]
            await item_rows.rewrite_documents(writer, kind, pk, bodies)
            log = [(one["id"], "updated", canonical(one)) for one in made.values()]
            await progress.log_changes(
                writer, provider_pk=pk, version=version, job_id="bench", kind=kind.value, changes=log
            )
        await progress.mark_pending(writer, pk)
    await database.close()


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
    """A full build, publishes of 1 % changes, sizes and answers, for as many items."""
    count = spec.channels + spec.movies + spec.series
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/lineup.db"
        asyncio.run(seed(url, count))
        full = _publish(url, folder)
        least = asyncio.run(floor(url))
        results = [_built("snapshot: full build, everything in both views", count, full, least.once, "≤ 1.5, ≤ 200 MB")]
        movies = round(count * SHARES[Kind.MOVIE])
        chance = random.Random(3)
        few = chance.sample(range(movies), count // 100)
        for name, chosen, aim in (
            ("1 % of the items, spread evenly", lambda _, total: range(7, total, 100), "≤ 1.0"),
            ("1 % in a few categories that lie together", lambda kind, _: _together(kind, movies, count), "≤ 0.5"),
            ("1 % in a few categories that lie anywhere", lambda kind, _: few if kind is Kind.MOVIE else (), "≤ 0.5"),
        ):
            asyncio.run(change(url, chosen))
            results.append(_built(f"snapshot: {name}", count // 100, _publish(url, folder), full.wall, aim))
        results += asyncio.run(_sizes(url, folder, count))
        return results + asyncio.run(_served(folder))


def million(items: int = 1_000_000) -> list[Result]:
    """Memory of a build does not grow with the catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/lineup.db"
        asyncio.run(seed(url, items))
        full = _publish(url, folder)
        asyncio.run(change(url, lambda _, total: range(7, total, 100)))
        again = _publish(url, folder)
    return [
        _built("snapshot: a million items, full build", items, full, None, "≤ 200 MB"),
        _built("snapshot: a million items, 1 % spread evenly", items // 100, again, full.wall, "≤ 1.0, ≤ 200 MB"),
    ]


def _together(kind: Kind, movies: int, count: int) -> Sequence[int]:
    return range(movies // 3, movies // 3 + count // 100) if kind is Kind.MOVIE else ()


def _publish(url: str, folder: str) -> Cost:
    return measure("bench.snapshot", "publish", database=url, folder=f"{folder}/artifacts")


def _built(name: str, items: int, cost: Cost, floor_wall: float | None, aim: str) -> Result:
    over = cost.peak_mb - cost.idle_mb
    told = Cost(wall=cost.wall, cpu=cost.cpu, peak_mb=over, idle_mb=0, told={})
    return Result(name=f"{name} (MB over idle)", items=items, cost=told, floor=floor_wall, aim=aim)


async def _sizes(url: str, folder: str, count: int) -> list[Result]:
    database = Database(url)
    edition = await Snapshots(database, LocalStore(Path(folder) / "artifacts")).edition(PUBLIC_ID, None)
    await database.close()
    full, less = edition.document, edition.lite_document
    return [
        _share("lite view, bytes of the full one", count, less.raw_bytes, full.raw_bytes),
        _share("the same gzipped", count, less.gzip_bytes, full.gzip_bytes),
    ]


def _share(name: str, count: int, part: int, whole: int) -> Result:
    cost = Cost(wall=part / 1e6, cpu=0, peak_mb=part / 1e6, idle_mb=0, told={})
    return Result(name=f"snapshot: {name} (MB)", items=count, cost=cost, floor=whole / 1e6, aim="≤ 0.30")


async def _served(folder: str) -> list[Result]:
    async with serving(folder) as client:
        base = f"/api/providers/{PUBLIC_ID}"
        manifest = (await client.get(f"{base}/snapshot/manifest")).raise_for_status().json()
        version, parts = manifest["version"], manifest["kinds"]["movie"]["parts"]
        middle = sum(one["items"] for one in manifest["kinds"].values()) // (2 * PAGE) + 1
        part = parts[len(parts) // 2]
        results = []
        for name, path in (
            ("page of 1000", f"{base}/snapshot?page={middle}&limit=1000&version={version}"),
            ("lite page of 1000", f"{base}/snapshot?page={middle}&limit=1000&view=lite&version={version}"),
            ("blob", f"{base}/blobs/{part['sha256']}"),
            ("blob.gz", f"{base}/blobs/{part['sha256']}.gz"),
        ):
            results += await _beside_bare(client, name, path)
        return [*results, await _first_screen(client, f"{base}/snapshot/essentials")]


async def _beside_bare(client: httpx.AsyncClient, name: str, path: str) -> list[Result]:
    async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        size = len(b"".join([chunk async for chunk in answer.aiter_raw()]))
        tag = answer.headers["etag"]
    await client.put("/bare", content=os.urandom(size))
    ours, bare = await _asked(client, path), await _asked(client, "/bare")
    ours = min(ours, await _asked(client, path), key=lambda cost: cost.wall)
    known = await _asked(client, path, {"If-None-Match": tag})
    await client.put("/bare", content=b"")
    nothing = await _asked(client, "/bare")
    told = f"snapshot: {name}, {size // 1000} kB"
    return [
        Result(name=told, items=4_000, cost=ours, floor=bare.wall, aim="≥ 0.7 ×", rate=True),
        Result(name=f"{told}, 304", items=4_000, cost=known, floor=nothing.wall, aim="≥ 0.7 ×", rate=True),
    ]


async def _asked(client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None) -> Cost:
    return await asyncio.to_thread(fetched, client, path, headers)


async def _first_screen(client: httpx.AsyncClient, path: str) -> Result:
    times = []
    for _ in range(ASKED):
        start = time.perf_counter()
        answer = await client.get(path, headers={"Accept-Encoding": "gzip"})
        times.append(time.perf_counter() - start)
    size = answer.num_bytes_downloaded
    p99 = statistics.quantiles(times, n=100)[98] * 1000
    cost = Cost(wall=sum(times), cpu=0, peak_mb=0, idle_mb=0, told={})
    name = f"snapshot: essentials, {size / 1000:.0f} kB, p99 {p99:.1f} ms"
    return Result(name=name, items=ASKED, cost=cost, aim="≤ 100 kB, p99 ≤ 10 ms")
