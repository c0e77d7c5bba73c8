import os
import subprocess
import sys
from pathlib import Path

import httpx
import orjson
import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalProcess
from app.simulator.rowcache import RowCache
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from app.simulator.stalker.portal import StalkerPortal

TINY = CatalogueSpec(channels=20, movies=30, series=10, categories=10)
ROOT = Path(__file__).parents[2]


def test_a_site_in_a_process_of_its_own() -> None:
    with PortalProcess(["stock", "xtream"], TINY, Behaviour(page_size=5), prebuild=True) as portal:
        assert portal.expected("stock")["movies"] == 30
        assert portal.behave("xtream", latency_ms=1)["page_size"] == 5
        assert portal.set_version(2, "xtream")["version"] == 2
        assert portal.stats("stock")["version"] == 1
        login = {"username": "a", "password": "b"}
        answer = httpx.get(f"{portal.url_of('xtream')}/player_api.php", params=login, trust_env=False)
        assert answer.json()["user_info"]["auth"] == 1
        pid = portal.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_process_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", "app.simulator", "--stdin-options"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        process.stdin.write(orjson.dumps({"spec": {"channels": 1, "movies": 1, "series": 1}}) + b"\n")
        process.stdin.flush()
        assert orjson.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(5) == 0


def test_arguments_alone_are_enough() -> None:
    command = [sys.executable, "-m", "app.simulator", "--profile", "panel", "--movies", "9", "--series", "2"]
    command += ["--channels", "4", "--behaviour", '{"bom":true}', "--prebuild"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    with process.stdout:
        url = orjson.loads(process.stdout.readline())["url"]
        assert httpx.get(f"{url}/_sim/expected", trust_env=False).json()["movies"] == 9
        assert httpx.get(f"{url}/_sim/behaviour", trust_env=False).json()["bom"] is True
        process.terminate()
        process.wait(5)


def test_a_prebuilt_portal_prebuilds_its_next_version() -> None:
    portal = create_portal(TINY, "stock")
    portal.prebuild()
    portal.set_version(2)
    assert isinstance(portal, StalkerPortal)
    assert len(portal._pages._caches["vod"]._rows) == portal.expected().movies + portal.expected().series


def test_a_full_row_cache_forgets_its_oldest_rows() -> None:
    made: list[int] = []

    def make(number: int) -> dict[str, int]:
        made.append(number)
        return {"id": number}

    cache = RowCache(make, limit=3)
    assert cache.many([1, 2, 3, 4, 1]) == [b'{"id":%d}' % number for number in (1, 2, 3, 4, 1)]
    cache.fill([9])
    assert made == [1, 2, 3, 4, 1]
