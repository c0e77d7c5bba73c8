"""A playlist of 12,000 channels as a player fetches it, over HTTP from a server of its own: made anew, and kept."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace

import httpx

from app.simulator.spec import CatalogueSpec
from bench.measure import Cost
from bench.serve import finished, serving
from bench.sync import LOGIN, Result, portal

ROUNDS = 40
COLD_ROUNDS = 5
AIM = "first byte ≤ 50 ms, whole ≤ 150 ms"


@dataclass(slots=True)
class Fetched:
    """Seconds until the first byte of the body, and until the last one, of each round."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    bytes: int = 0

    def result(self, name: str, items: int, aim: str = "") -> Result:
        """Medians as a line of the table."""
        first, whole = statistics.median(self.first), statistics.median(self.whole)
        cost = Cost(wall=whole, cpu=0, peak_mb=0, idle_mb=0, told={})
        told = f"{name}, {self.bytes // 1000} kB: first byte {first * 1000:.1f} ms, whole {whole * 1000:.1f} ms"
        return Result(name=f"{told}, slowest {max(self.whole) * 1000:.1f} ms", items=items, cost=cost, aim=aim)


def bench(spec: CatalogueSpec) -> list[Result]:
    """Syncs channels into a server, saves a playlist of all of them and fetches it."""
    few = replace(spec, movies=100, series=20)
    with portal("xtream", few) as process, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(process.url, folder, spec.channels))


async def _bench(portal_url: str, folder: str, channels: int) -> list[Result]:
    async with serving(folder) as client:
        body = {"name": "bench", "kind": "xtream", "url": portal_url, "credentials": LOGIN}
        added = (await client.post("/api/providers", json=body)).raise_for_status().json()
        await finished(client, added["jobId"])
        saved = {"name": "bench", "definition": {"adult": True}}
        one = (await client.post("/api/playlists", json=saved)).raise_for_status().json()
        cold, warm, plain, same = Fetched(), Fetched(), Fetched(), Fetched()
        url = one["links"]["m3uShort"]
        for number in range(COLD_ROUNDS):
            change = {"name": f"bench {number}"}
            (await client.patch(f"/api/playlists/{one['id']}", json=change)).raise_for_status()
            await _fetch(client, url, cold, gzip=True)
        for _ in range(ROUNDS):
            await _fetch(client, url, warm, gzip=True)
            await _fetch(client, url, plain, gzip=False)
        tag = (await client.head(url, headers={"Accept-Encoding": "gzip"})).headers["etag"]
        for _ in range(ROUNDS):
            await _fetch(client, url, same, gzip=True, tag=tag)
        lines = (await client.get(url)).text.count("#EXTINF")
        if not lines > channels * 0.9:
            raise SystemExit(f"the list holds {lines} of {channels} channels")
    return [
        warm.result("playlist, kept", lines, AIM),
        plain.result("the same without gzip", lines),
        cold.result("the same, made anew", lines),
        same.result("the same, 304", lines),
    ]


async def _fetch(client: httpx.AsyncClient, url: str, fetched: Fetched, *, gzip: bool, tag: str | None = None) -> None:
    headers = {"Accept-Encoding": "gzip" if gzip else "identity"} | ({"If-None-Match": tag} if tag else {})
    start, first, size = time.perf_counter(), 0.0, 0
    async with client.stream("GET", url, headers=headers) as answer:
        async for piece in answer.aiter_raw():
            first = first or time.perf_counter()
            size += len(piece)
        if answer.status_code != (httpx.codes.NOT_MODIFIED if tag else httpx.codes.OK):
            raise SystemExit(f"the list was answered with {answer.status_code}")
    end = time.perf_counter()
    fetched.first.append((first or end) - start)
    fetched.whole.append(end - start)
    fetched.bytes = size
