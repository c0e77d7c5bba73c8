"""The demo end to end: the smoke test of the whole."""

import shutil
import signal
import subprocess
import sys

import httpx
import psutil

from tests.cli.conftest import Inside
from tests.cli.installation import Installation, running
from tests.support.effort import beyond_ci
from tests.support.repository import ROOT

# Proxies of the machine must not come between; a machine without curl takes the stand-in.
STAND_IN = f'curl() {{ "{sys.executable}" "{ROOT / "tests" / "cli" / "curl.py"}" "$@"; }}\n'
CURL = "export NO_PROXY='*'\n" + ("" if shutil.which("curl") else STAND_IN)
SMALL = ("--channels", "20", "--movies", "60", "--series", "20", "--port", "0")


def test_it_syncs_all_portals_and_what_is_kept_can_be_looked_at_later(
    installation: Installation, inside: Inside
) -> None:
    others = {"LINEUP_DATABASE_URL": "postgresql://not-to-be-used/x"}
    answer = installation.run("demo", "--exit", *SMALL, "--keep", "--json", **others)
    assert answer.code == 0, answer
    providers = {one["name"]: one for one in answer.json["providers"]}
    assert set(providers) == {"stalker", "xtream", "panel"}
    assert all(one["right"] and one["status"] == "completed" for one in providers.values())
    assert providers["stalker"]["counts"] | {"categories": 0} == {
        "channels": 20,
        "movies": 60,
        "series": 20,
        "categories": 0,
    }
    assert providers["panel"]["counts"]["movies"] == 6
    assert all(one["snapshotGzipBytes"] > 1000 for one in providers.values())
    versions = {one["version"] for one in providers.values()}
    jobs = inside.json("sync", "history", LINEUP_DATA_DIR="data/demo")["jobs"]
    assert {job["version"] for job in jobs} == versions


@beyond_ci
def test_people_get_a_table_and_nothing_is_left(installation: Installation) -> None:
    answer = installation.run("demo", "--exit", *SMALL)
    assert answer.code == 0
    rows = [line.split("\t") for line in answer.out.splitlines() if "\t" in line]
    assert rows[0][-1] == "check"
    assert [row[-1] for row in rows[1:]] == ["ok", "ok", "ok"]
    assert not list(installation.folder.iterdir())


def test_it_serves_until_it_is_stopped_and_leaves_nothing(installation: Installation) -> None:
    with running(installation, "demo", *SMALL) as demo:
        line = demo.until("curl -s --compressed").split()
        address = next(word for word in line if word.startswith("http"))
        document = httpx.get(address, trust_env=False).json()
        assert len(document["movies"]) == 60
        shown = installation.run("provider", "list", "--json", LINEUP_DATA_DIR="data/demo")
        assert [one["name"] for one in shown.json["providers"]] == ["stalker", "xtream", "panel"]
        demo.until("provider list")
        for example in [line for line in demo.lines if line.startswith("  curl ")]:
            copied = subprocess.run(
                ["bash", "-c", f"{CURL}{example}"],
                capture_output=True,
                cwd=installation.folder,
                timeout=30,
                check=False,
            )
            assert copied.returncode == 0, example
            assert b'"code"' not in copied.stdout, example
        (installation.folder / "catalogue.json").unlink()
        children = psutil.Process(demo.process.pid).children(recursive=True)
        assert len(children) >= 4
        assert demo.end(signal.SIGINT) == 0
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not list(installation.folder.iterdir())


@beyond_ci
def test_it_can_be_stopped_in_the_middle(installation: Installation) -> None:
    with running(installation, "demo", "--port", "0", "--size", "full") as demo:
        demo.until("channels completed")
        children = psutil.Process(demo.process.pid).children(recursive=True)
        assert demo.end(signal.SIGINT, 20) == 0
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not list(installation.folder.iterdir())


def test_it_never_empties_a_folder_of_somebody_else(installation: Installation) -> None:
    mine = installation.folder / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("42")
    answer = installation.run("demo", "--exit", *SMALL, "--data-dir", "mine")
    assert answer.code == 2
    assert "mine" in answer.err
    assert (mine / "thesis.txt").read_text() == "42"
