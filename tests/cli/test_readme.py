"""What the README tells people to type works, line by line, beside a demo."""

import gzip
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.installation import Installation, Process, running
from tests.support.repository import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh demo\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:2005"
SECONDS = 240  # two dozen commands of two to four seconds each on a busy machine
pytestmark = pytest.mark.timeout(SECONDS + 60)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Process]]:
    """A demo that serves."""
    installation = Installation(tmp_path_factory.mktemp("readme"))
    with running(installation, "demo", "--size", "small", "--port", "0") as process:
        process.until("Stop with Ctrl-C")
        yield installation, process


@pytest.fixture(scope="module")
def finished(demo: tuple[Installation, Process]) -> subprocess.CompletedProcess[str]:
    """All blocks as one session of a shell."""
    installation, process = demo
    address = re.search(r"http://\S+:\d+", process.until("Serving"))
    assert address
    tools = installation.folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    _script(tools / "lineup", f'exec "{sys.executable}" -m app.cli "$@"')
    if not shutil.which("curl"):
        _script(tools / "curl", f'exec "{sys.executable}" "{ROOT / "tests" / "cli" / "curl.py"}" "$@"')
    script = "set -euo pipefail\n" + "".join(BLOCKS).replace(ADDRESS, address[0])
    environment = {name: value for name, value in installation.environment.items() if not name.startswith("LINEUP_")}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-x", "-c", script],
        cwd=installation.folder,
        env=environment | {"PATH": path, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_every_line_works_in_one_session(finished: subprocess.CompletedProcess[str]) -> None:
    assert len(BLOCKS) >= 6
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-2000:]


def test_the_files_that_are_downloaded_hold_the_catalogue(
    demo: tuple[Installation, Process], finished: subprocess.CompletedProcess[str]
) -> None:
    folder = demo[0].folder
    document = json.loads((folder / "catalogue.json").read_bytes())
    assert len(document["movies"]) == 400
    assert (folder / "catalogue.json.gz").read_bytes()[:2] == b"\x1f\x8b"
    page = json.loads((folder / "page1.json").read_bytes())
    assert page["version"] == document["version"]
    assert page["total"] == len(document["movies"]) + len(document["series"]) + len(document["channels"])
    movies = json.loads((folder / "movies1.json").read_bytes())["movies"]
    assert [movie["id"] for movie in movies] == [movie["id"] for movie in document["movies"]]
    assert (folder / "xtream.json.gz").stat().st_size > 1000
    channels = [json.loads(line) for line in (folder / "channels.ndjson").read_bytes().splitlines()]
    assert [channel["id"] for channel in channels[1:-1]] == [channel["id"] for channel in document["channels"]]
    assert gzip.decompress((folder / "catalogue.db.gz").read_bytes()).startswith(b"SQLite format 3")
    assert json.loads((folder / "first-screen.json").read_bytes())["version"] == document["version"]


def test_what_is_said_about_versions_and_compression_is_seen(finished: subprocess.CompletedProcess[str]) -> None:
    heads = finished.stdout.lower()
    for name in ("etag: ", "cache-control: public, max-age=60", "content-encoding: gzip", "x-catalog-version: "):
        assert name in heads
    assert "xtream: completed in" in heads


def test_where_there_is_no_curl_another_does_the_same(demo: tuple[Installation, Process]) -> None:
    address = demo[1].until("curl -s --compressed").split()[3]
    ask = [sys.executable, str(ROOT / "tests" / "cli" / "curl.py"), "-fsS", "--compressed"]
    document = subprocess.run([*ask, address], capture_output=True, check=True, timeout=60).stdout
    assert len(json.loads(document)["movies"]) == 400
    missing = subprocess.run([*ask, f"{address}/nothing"], capture_output=True, check=False, timeout=60)
    assert missing.returncode == 22
    assert missing.stdout == b""


def test_no_invented_figures_stand_between_the_marks_of_the_benchmark() -> None:
    assert README.index("<!-- bench:start -->") < README.index("<!-- bench:end -->")


@pytest.mark.parametrize(
    "file", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda file: file.name
)
def test_every_link_leads_somewhere(file: Path) -> None:
    links = LINK.findall(file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []


def _script(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
