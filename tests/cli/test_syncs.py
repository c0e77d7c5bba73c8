"""Syncs with and without a running server, and what they publish."""

import gzip
import json
import signal
from collections.abc import Sequence

from app.simulator.process import PortalProcess
from tests.cli.conftest import Inside
from tests.cli.installation import Installation, running

STALKER = ("--kind", "stalker", "--mac", "00:1A:79:00:00:01")
XTREAM = ("--kind", "xtream", "--username", "demo", "--password", "fake-password")
STEPS = ["channel_categories", "channels", "movie_categories", "movies", "series_categories", "series"]


def add(inside: Inside, name: str, url: str, words: Sequence[str]) -> str:
    """Adds a provider; answers with its id."""
    return str(inside.json("provider", "add", name, url, *words, "--no-sync")["id"])


def test_without_a_server_the_job_runs_in_the_command(
    any_installation: Installation, inside_any: Inside, portal: PortalProcess
) -> None:
    add(inside_any, "home", f"{portal.url_of('panel')}/c/", STALKER)
    ran = any_installation.run("sync", "run", "home")
    assert (ran.code, ran.err) == (0, "")
    told = [line.split(": ")[1].split(",")[0] for line in ran.out.splitlines()[:-1]]
    assert sorted(told) == sorted(f"{step} completed" for step in STEPS)
    assert ran.out.splitlines()[-1].startswith("home: completed in ")
    expected = portal.expected("panel")
    (job,) = inside_any.json("sync", "history", "home")["jobs"]
    counted = {"channels": job["channelsSynced"], "movies": job["moviesSynced"], "series": job["seriesSynced"]}
    assert counted == {kind: expected[kind] for kind in counted}
    again = inside_any.json("sync", "run", "home")["jobs"][0]
    assert (again["status"], again["version"]) == ("completed", job["version"])


def test_the_published_version_is_shown_and_downloaded(
    installation: Installation, inside: Inside, portal: PortalProcess
) -> None:
    add(inside, "home", portal.url_of("xtream"), XTREAM)
    nothing = inside("snapshot", "download", "home", "nothing.json")
    assert nothing.code == 1
    assert not list(installation.folder.glob("*nothing*"))
    inside.json("sync", "run", "home")
    shown = inside.json("snapshot", "show", "home")
    assert inside("snapshot", "download", "home", "catalogue.json.gz").code == 0
    packed = (installation.folder / "catalogue.json.gz").read_bytes()
    plain = installation.run("snapshot", "download", "home", "-").out
    assert gzip.decompress(packed).decode() == plain
    assert len(plain.encode()) == shown["documentBytes"]
    document = json.loads(plain)
    assert document["version"] == shown["version"]
    assert len(document["movies"]) == portal.expected("xtream")["movies"]
    assert inside.json("snapshot", "build", "home")["built"] is False


def test_a_provider_that_cannot_be_reached_is_a_failure(inside: Inside) -> None:
    add(inside, "home", "http://127.0.0.1:1", XTREAM)
    answer = inside("sync", "run", "home", LINEUP_RETRY_ATTEMPTS="0")
    assert answer.code == 1
    assert "home: failed" in answer.out
    assert inside.json("sync", "status", "home")["providers"][0]["job"]["status"] == "failed"


def test_a_step_that_fails_makes_the_job_partial_and_the_code_1(inside: Inside, portal: PortalProcess) -> None:
    add(inside, "home", portal.url_of("xtream"), XTREAM)
    portal.behave("xtream", mute_kind="series")
    try:
        answer = inside("sync", "run", "home", LINEUP_RETRY_ATTEMPTS="0")
    finally:
        portal.behave("xtream", mute_kind=None)
    assert answer.code == 1
    assert "home: partial" in answer.out


def test_beside_a_server_the_job_goes_to_its_worker(
    installation: Installation, inside: Inside, portal: PortalProcess
) -> None:
    provider = add(inside, "home", portal.url_of("xtream"), XTREAM)
    with running(installation, "serve") as server:
        queue = installation.data / "queue" / "valkey.log"
        assert server.url
        began = queue.stat().st_ino, queue.read_text().count("Server initialized")
        answer = installation.run("sync", "run", provider)
        assert answer.code == 0
        assert answer.out.startswith("home: queued, job ")
        assert installation.run("sync", "run", provider, "--wait").out.splitlines()[-1].startswith("home: completed")
        assert (queue.stat().st_ino, queue.read_text().count("Server initialized")) == began
        jobs = inside.json("sync", "history")["jobs"]
        assert {job["status"] for job in jobs} == {"completed"}
        assert answer.out.split()[-1] in {job["id"] for job in jobs}


def test_a_sync_on_its_way_is_cancelled(installation: Installation, inside: Inside, portal: PortalProcess) -> None:
    provider = add(inside, "home", f"{portal.url_of('panel')}/c/", STALKER)
    portal.behave("panel", latency_ms=1000)
    try:
        with running(installation, "sync", "run", provider) as process:
            process.until("channel_categories completed")
            job = inside.json("sync", "status", provider)["providers"][0]["job"]
            assert job["status"] == "running"
            assert inside.json("sync", "cancel", provider)["jobId"] == job["id"]
            assert process.left() == 1
            assert "home: cancelled" in process.text
    finally:
        portal.behave("panel", latency_ms=0)
    assert inside("sync", "cancel", provider).code == 1


def test_an_interrupted_sync_goes_on_with_the_next(
    installation: Installation, inside: Inside, portal: PortalProcess
) -> None:
    provider = add(inside, "home", f"{portal.url_of('panel')}/c/", STALKER)
    portal.behave("panel", latency_ms=500)
    try:
        with running(installation, "sync", "run", provider) as process:
            process.until("channel_categories completed")
            assert process.end(signal.SIGINT, 20) == 130
            assert process.lines[-1] == "lineup: interrupted\n", process.text
    finally:
        portal.behave("panel", latency_ms=0)
    waiting = inside.json("sync", "status", provider)["providers"][0]["job"]
    assert waiting["status"] == "queued"
    done = inside.json("sync", "run", provider)["jobs"][0]
    assert (done["id"], done["status"]) == (waiting["id"], "completed")


def test_all_enabled_providers_are_synced(inside: Inside, portal: PortalProcess) -> None:
    add(inside, "one", portal.url_of("xtream"), XTREAM)
    add(inside, "two", f"{portal.url_of('panel')}/c/", STALKER)
    jobs = inside.json("sync", "all")["jobs"]
    assert [job["status"] for job in jobs] == ["completed", "completed"]
    lines = inside("sync", "status").out.splitlines()
    assert [line.split("\t")[:2] for line in lines[1:]] == [["one", "completed"], ["two", "completed"]]
