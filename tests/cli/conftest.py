"""The real command as a process of its own, an installation in a folder of the test's own, and simulated portals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from tests.cli.installation import Answer, Installation, running
from tests.cli.published import large, publish

SPEC = CatalogueSpec(channels=30, movies=60, series=20, categories=12)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An empty one, with SQLite and the embedded queue."""
    return Installation(tmp_path)


class Inside(Protocol):
    """Runs a command within this process."""

    def __call__(self, *words: str, **settings: str) -> Answer: ...


@pytest.fixture
def inside(installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Commands of the installation that need no process of their own."""

    def run(*words: str, **settings: str) -> Answer:
        installation.environment.update(settings)
        return installation.run_inside(monkeypatch, capsys, *words)

    return run


@pytest.fixture
def any_installation(tmp_path: Path, database_url: str) -> Installation:
    """The same on each database."""
    return Installation(tmp_path, LINEUP_DATABASE_URL=database_url)


@pytest.fixture
def server(installation: Installation) -> Iterator[str]:
    """The URL of a server of the installation."""
    with running(installation, "serve", "--port", "0") as process:
        yield process.url


@pytest.fixture
def served(installation: Installation) -> Iterator[str]:
    """The URL of a server with 5 MB of movies in several parts."""
    installation.data.mkdir()
    with running(installation, "serve", "--port", "0") as process:
        url = process.url
        publish(installation, large())
        yield url


@pytest.fixture(scope="session")
def portal() -> Iterator[PortalProcess]:
    """A Stalker panel and an Xtream panel of 110 items."""
    with PortalProcess(["panel", "xtream"], SPEC) as process:
        yield process
