"""The real command as a process of its own, an installation in a folder of the test's own, and simulated portals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Inside:
    """Runs commands of an installation within this process: most need none of their own."""

    def __init__(
        self, installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._installation = installation
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str, **settings: str) -> Answer:
        self._installation.environment.update(settings)
        return self._installation.run_inside(self._monkeypatch, self._capsys, *words)

    def json(self, *words: str, **settings: str) -> Any:
        """What a command that has to succeed says to a program."""
        answer = self(*words, "--json", **settings)
        assert (answer.code, answer.err) == (0, ""), answer
        return answer.json


@pytest.fixture
def inside(installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Commands of the installation."""
    return Inside(installation, monkeypatch, capsys)


@pytest.fixture
def any_installation(tmp_path: Path, database_url: str) -> Installation:
    """The same on each database."""
    return Installation(tmp_path, LINEUP_DATABASE_URL=database_url)


@pytest.fixture
def inside_any(
    any_installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Inside:
    """The same on each database."""
    return Inside(any_installation, monkeypatch, capsys)


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
