"""A playlist of 12,000 channels as players fetch it, and the movies of a panel: made for the first time, anew, kept."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from app.simulator.spec import CatalogueSpec
from bench.measure import Cost
from bench.result import Result
from bench.serve import finished, serving
from bench.sync import LOGIN, portal

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
    """Syncs a catalogue into a server, saves playlists of it and fetches them."""
    few = replace(spec, series=20)
    with portal("xtream", few) as process, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(process.url, folder, spec))


async def _bench(portal_url: str, folder: str, spec: CatalogueSpec) -> list[Result]:
    async with serving(folder) as client:
        body = {"name": "bench", "kind": "xtream", "url": portal_url, "credentials": LOGIN}
        added = (await client.post("/api/providers", json=body)).raise_for_status().json()
        await finished(client, added["jobId"])
        return [*await _channels(client, spec.channels), *await _movies(client, spec.movies)]


async def _channels(client: httpx.AsyncClient, channels: int) -> list[Result]:
    one = await _saved(client, adult=True)
    cold, warm, plain, same = Fetched(), Fetched(), Fetched(), Fetched()
    url = one["links"]["m3uShort"]
    for number in range(COLD_ROUNDS):
        await _changed(client, one, number)
        await _fetch(client, url, cold, gzip=True)
    for _ in range(ROUNDS):
        await _fetch(client, url, warm, gzip=True)
        await _fetch(client, url, plain, gzip=False)
    tag = (await client.head(url, headers={"Accept-Encoding": "gzip"})).headers["etag"]
    for _ in range(ROUNDS):
        await _fetch(client, url, same, gzip=True, tag=tag)
    lines = (await client.get(url)).text.count("#EXTINF")
    _check(lines, channels)
    return [
        warm.result("playlist, kept", lines, AIM),
        plain.result("the same without gzip", lines),
        cold.result("the same, made anew", lines),
        same.result("the same, 304", lines),
    ]


async def _movies(client: httpx.AsyncClient, movies: int) -> list[Result]:
    one = await _saved(client, adult=True, kinds=["movie"])
    user = {"username": "bench", "password": "fake-pass-1"}
    (await client.post(f"/api/playlists/{one['id']}/users", json=user)).raise_for_status()
    first, anew, kept = Fetched(), Fetched(), Fetched()
    url = f"/player_api.php?username={user['username']}&password={user['password']}&action=get_vod_streams"
    await _fetch(client, url, first, gzip=True)
    for number in range(COLD_ROUNDS):
        await _changed(client, one, number)
        await _fetch(client, url, anew, gzip=True)
    for _ in range(ROUNDS):
        await _fetch(client, url, kept, gzip=True)
    rows = len((await client.get(url)).json())
    _check(rows, movies)
    return [
        first.result("get_vod_streams, for the first time", rows),
        anew.result("the same, made anew", rows),
        kept.result("the same, kept", rows),
    ]


async def _saved(client: httpx.AsyncClient, **definition: Any) -> dict[str, Any]:
    body = {"name": "bench", "definition": definition}
    found: dict[str, Any] = (await client.post("/api/playlists", json=body)).raise_for_status().json()
    return found


async def _changed(client: httpx.AsyncClient, playlist: dict[str, Any], number: int) -> None:
    """Nothing that was kept of it is good any more."""
    change = {"name": f"bench {number}"}
    (await client.patch(f"/api/playlists/{playlist['id']}", json=change)).raise_for_status()


def _check(found: int, expected: int) -> None:
    if not found > expected * 0.9:
        raise SystemExit(f"the list holds {found} of {expected}")


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
