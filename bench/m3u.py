"""Lists: how fast 500,000 entries are parsed, sorted and made into records, and what that takes of memory."""

import io
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.core.memory import calm_collector
from app.domain.kinds import Kind
from app.providers.m3u.catalogue import read_list
from app.providers.m3u.home import Home
from app.providers.m3u.lines import PIECE, texts
from app.providers.m3u.parse import ListParser
from app.providers.m3u.records import Maker
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, measure
from bench.result import Result

ENTRIES: Final = 500_000
PANEL: Final = "http://panel.example.test:8080"
ACCOUNT: Final = "fake-user/fake-pass"
ADDRESS: Final = f"{PANEL}/get.php?username=fake-user&password=fake-pass&type=m3u_plus"
LEAST_RATE: Final = 150_000  # entries a second, of the issue
KINDS: Final = (("live", "ts"), ("movie", "mkv"), ("live", "ts"), ("movie", "mp4"))


def write_list(file: Path, entries: int) -> None:
    """What a panel sends: half channels, half movies, five attributes each, some 240 bytes."""
    with file.open("w") as out:
        out.write(f'#EXTM3U x-tvg-url="{PANEL}/xmltv.php?username=fake-user&password=fake-pass"\n')
        for number in range(entries):
            folder, ending = KINDS[number % len(KINDS)]
            name = f"US: Channel {number} ᴴᴰ" if folder == "live" else f"EN - The Silent Harbour {number} (2019)"
            out.write(
                f'#EXTINF:-1 tvg-id="channel{number}.example" tvg-name="{name}" '
                f'tvg-logo="http://images.example.test/{folder}/{number}_0.png" '
                f'group-title="{folder} | {number % 200}",{name}\n{PANEL}/{folder}/{ACCOUNT}/{number}.{ending}\n'
            )


def opened(given: dict[str, Any]) -> BinaryIO:
    """The list; that it blocks is part of what is measured."""
    return Path(given["file"]).open("rb", PIECE)


async def read_lines(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The floor: the same bytes as lines of text, nothing done with them."""
    with opened(given) as raw, clock:
        count = sum(1 for _ in io.TextIOWrapper(raw, "utf-8"))
    return {"lines": count}


async def parse(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """From the bytes of a file to entries with all their attributes."""
    parser, count = ListParser(), 0
    calm_collector()  # as every worker does
    with opened(given) as file, clock:
        for text in texts(file):
            count += len(parser.feed(text))
    return {"entries": count}


async def index(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The same, and every entry sorted by kind, with its id, and kept on disk: what a sync does after its download."""
    calm_collector()
    with opened(given) as file, clock:
        catalogue = await read_list(file, Home.of(ADDRESS))
    return {"entries": len(catalogue)}


async def records(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """From the sorted list to the records of all its items."""
    calm_collector()
    count = 0
    with opened(given) as file:
        catalogue = await read_list(file, Home.of(ADDRESS))
    maker = Maker(catalogue)
    with clock:
        for kind in (Kind.CHANNEL, Kind.MOVIE):
            made = (maker.record(kind, row, own, groups) for row, own, groups in catalogue.shelves[kind].items())
            while page := list(islice(made, 500)):
                count += len(page)
    return {"entries": count}


def bench(spec: CatalogueSpec) -> list[Result]:
    """A list of 500,000 entries, or a tenth of it beside a small catalogue."""
    entries = ENTRIES if spec == CatalogueSpec() else ENTRIES // 10
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.m3u"
        write_list(file, entries)
        floor = measure("bench.m3u", "read_lines", file=str(file)).wall
        results = []
        for name, aim in (("parse", f"≥ {LEAST_RATE:,} entries/s, ≤ 120 MB"), ("index", ""), ("records", "")):
            cost = measure("bench.m3u", name, file=str(file))
            if cost.told["entries"] != entries:
                raise SystemExit(f"{name}: {cost.told['entries']} of {entries} entries")
            results.append(Result(name=f"M3U, {name}", items=entries, cost=cost, floor=floor, aim=aim))
        return results
