"""What is asked for again when the process that syncs is killed, over what it had stored."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from bench import sync
from bench.floor import MAC
from bench.measure import Cost
from bench.result import Result

KILLS = 5
LONGEST_SECONDS = 180.0
LISTED = "vod.get_ordered_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One sync: pages stored and asked for until it was killed, asked for in all; seconds until it went on."""

    stored: int
    before: int
    asked: int
    outcome: str
    recovered: float
    items: int


@dataclass(slots=True)
class House:
    """A whole installation in one folder: `lineup serve` with its worker, its queue and SQLite."""

    folder: Path
    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LINEUP_")}
        own = {"LINEUP_DATA_DIR": str(self.folder), "LINEUP_PORT": "0", "LINEUP_LOG_FORMAT": "json"}
        self.environment = kept | own

    def say(self, *words: str) -> Any:
        """What a command answers."""
        command = [sys.executable, "-m", "app.cli", *words, "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """The server; killed, and not asked, at the end."""
        command = [sys.executable, "-m", "app.cli", "serve"]
        log = self.folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        try:
            _until(lambda: b'"serving"' in log.read_bytes())
            line = next(line for line in log.read_text().splitlines() if '"serving"' in line)
            self.url = json.loads(line)["url"]
            yield process
        finally:
            process.kill()
            process.wait()

    def ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.url}/api{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stored(self) -> int:
        """Pages of titles that a checkpoint knows."""
        with closing(sqlite3.connect(self.folder / "lineup.db")) as database:
            rows = database.execute("SELECT pages FROM sync_checkpoint WHERE scope LIKE 'vod:%'").fetchall()
        return sum(len(json.loads(pages)) for (pages,) in rows)


def bench(spec: CatalogueSpec) -> list[Result]:
    """Kills at random moments of a first sync: what of the pages done, and what of those under way, is asked for again.

    A page is done when the checkpoint knows it, in the transaction that stored its rows. What was fetched and not yet
    stored is lost with the process: at most about three batches, and what was under way.
    """
    chance = random.Random(1)
    with sync.portal("stock", spec) as portal:
        whole = _one(portal, None)
        found = [_one(portal, chance.uniform(0.15, 0.85) * whole.asked) for _ in range(KILLS)]
    if any((one.outcome, one.items) != ("completed", whole.items) for one in (whole, *found)):
        raise SystemExit(f"a sync that was killed did not end as an undisturbed one: {[whole, *found]}")
    again = [max(0, one.asked - one.before - (whole.asked - one.stored)) for one in found]
    worst = max(range(KILLS), key=lambda place: again[place] / max(found[place].stored, 1))
    lost = max(one.before - one.stored for one in found)
    return [
        Result(
            name=f"Resume: pages done that are asked for again, worst of {KILLS} kills",
            items=found[worst].stored,
            cost=_cost(again[worst]),
            floor=found[worst].stored,
            aim="≤ 0.03",
        ),
        Result(
            name=f"Resume: pages fetched and not yet stored, of the whole walk, worst of {KILLS} kills",
            items=whole.asked,
            cost=_cost(lost),
            floor=whole.asked,
            aim="",
        ),
        Result(
            name="Resume: until the job runs again, median",
            items=KILLS,
            cost=_cost(median(one.recovered for one in found)),
            floor=45.0,
            aim="≤ 1.0 (of 45 s)",
        ),
    ]


def _one(portal: PortalProcess, kill_at: float | None) -> Told:
    began = _asked(portal)
    with tempfile.TemporaryDirectory() as name:
        house = House(Path(name))
        url = f"{portal.url}/stalker_portal/c/"
        pasted = ("bench", url, "--kind", "stalker", "--mac", MAC, "--every-hours", "0", "--no-sync")
        provider = house.say("provider", "add", *pasted)["id"]
        with house.serving():
            job = house.ask(f"/providers/{provider}/sync?mode=full", "POST")["jobId"]
            if kill_at is not None:
                _until(lambda: _asked(portal) - began >= kill_at)
            else:
                _until(lambda: _ended(house, job))
                return _told(house, portal, job, began=began)
        stored, before, killed = house.stored(), _asked(portal) - began, time.monotonic()
        with house.serving():
            _until(lambda: house.ask(f"/jobs/{job}")["attempt"] > 1)
            recovered = time.monotonic() - killed
            _until(lambda: _ended(house, job))
            told = _told(house, portal, job, began=began)
            return replace(told, stored=stored, before=before, recovered=recovered)


def _told(house: House, portal: PortalProcess, job: str, *, began: int) -> Told:
    view: Mapping[str, Any] = house.ask(f"/jobs/{job}")
    asked, items = _asked(portal) - began, int(view["totalItems"])
    return Told(stored=0, before=0, asked=asked, outcome=str(view["status"]), recovered=0.0, items=items)


def _asked(portal: PortalProcess) -> int:
    return int(portal.stats()["actions"].get(LISTED, 0))


def _ended(house: House, job: str) -> bool:
    return house.ask(f"/jobs/{job}")["status"] not in ("queued", "running")


def _until(there: Any) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise SystemExit("nothing came of it in time")
        time.sleep(0.05)


def _cost(value: float) -> Cost:
    return Cost(wall=max(value, 1e-9), cpu=0.0, peak_mb=0.0, idle_mb=0.0, told={})
