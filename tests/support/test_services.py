from pathlib import Path

import pytest
from redis import Redis

from tests.support.postgres import PostgresServer, running_postgres
from tests.support.services import give_up
from tests.support.valkey import running_valkey


def test_a_missing_service_skips_at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="TEST_REDIS_URL"):
        give_up("queue server", "TEST_REDIS_URL", ["no build"])


def test_a_missing_service_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no build"):
        give_up("queue server", "TEST_REDIS_URL", ["no build"])


def test_a_given_postgres_is_used(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = postgres_server.url()
    monkeypatch.setenv("TEST_POSTGRES_URL", given.replace("postgresql://", "postgresql+asyncpg://"))
    with running_postgres() as server, server.database() as url:
        assert url.startswith(given.rsplit("/", 1)[0])


def test_a_given_queue_server_is_shared_by_database_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    with running_valkey(tmp_path) as url:
        assert url == "redis://127.0.0.1:6379/1"


@pytest.mark.parametrize("round_", [1, 2])
def test_every_test_finds_an_empty_queue(redis_url: str, round_: int) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("round", round_)
