"""Real services for every test that asks. Each test gets a database of its own, a copy of a migrated one."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.config import Settings
from app.core import redaction
from app.db import migrate
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.services import run_apart
from tests.support.valkey import running_valkey


@pytest.fixture(autouse=True)
def secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test hides in its texts what another one called secret: a process never forgets by itself."""
    monkeypatch.setattr(redaction, "_known", redaction._Known())


def pytest_configure() -> None:
    """Started in the background, a shell has us ignore Ctrl-C, and every process of a test would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server; `with postgres_server.database() as url` makes an empty database."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a migrated database without rows, for `postgres_server.database(template)`."""
    name = postgres_server.create()
    run_apart(lambda: migrate.upgrade(postgres_server.url(name)))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A migrated Postgres database of the test's own."""
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows, to be copied."""
    file = tmp_path_factory.mktemp("template") / "lineup.db"
    run_apart(lambda: migrate.upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    file = shutil.copyfile(sqlite_template, tmp_path / "lineup.db")
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own; the test runs on both dialects."""
    # Asked for by name, so that a run on SQLite alone starts no server.
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; the test runs on both dialects."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a queue server that all tests of this process share; use `redis_url`."""
    with running_valkey(tmp_path_factory.mktemp("queue")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty queue server."""
    with Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """An installation of the test's own, on each database; what fails is not tried again."""
    return Settings(
        database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path, retry_attempts=0
    )
