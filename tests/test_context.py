import os
import stat
from pathlib import Path

import pytest

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.errors import Misconfigured
from app.db.migrate import check
from app.domain.kinds import ProviderKind
from app.queue.embedded import join
from app.registry.views import NewProvider

KEY = "0123456789abcdef-not-a-secret"
PROVIDER = NewProvider(
    name="Home",
    kind=ProviderKind.XTREAM,
    url="http://portal.example:8080",
    credentials={"username": "bob", "password": "fake-password"},
)


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings(_env_file=None, **{"data_dir": tmp_path / "data", **values})  # type: ignore[arg-type, call-arg]


async def refusal(given: Settings) -> str:
    with pytest.raises(Misconfigured) as refused:
        async with open_context(given):
            pass
    return refused.value.detail


async def test_an_empty_folder_becomes_an_installation(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with open_context(settings(tmp_path)) as context:
        await context.queue.ping()
        assert await check(context.settings.resolved_database_url) == []
        assert join(data) == context.redis_url
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert join(data) is None


async def test_what_was_sealed_is_opened_by_the_next_process(tmp_path: Path) -> None:
    async with open_context(settings(tmp_path)) as context:
        view = await context.registry.add(PROVIDER)
    async with open_context(settings(tmp_path)) as context:
        account = await context.registry.account(view.pk)
        assert account.credentials["password"] == "fake-password"


async def test_a_second_process_joins_the_queue_of_the_first(tmp_path: Path) -> None:
    async with open_context(settings(tmp_path)) as first, open_context(settings(tmp_path)) as second:
        assert second.redis_url == first.redis_url
        await first.hints.put("a", {"b": 1}, ttl_seconds=60)
        assert await second.hints.get("a") == {"b": 1}


async def test_both_databases_with_a_server_of_the_operator(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    given = settings(tmp_path, database_url=empty_database_url, redis_url=redis_url, secret_key=KEY)
    async with open_context(given) as context:
        assert await check(empty_database_url) == []
        assert context.queue_server is None
        view = await context.registry.add(PROVIDER)
        started = await context.jobs.start(view.pk)
        assert (await context.history.get(started.job_id)).provider_id == view.id
    assert not (tmp_path / "data" / "secret.key").exists()
    assert not (tmp_path / "data" / "queue").exists()


async def test_nothing_of_the_context_tells_a_secret(redis_url: str, tmp_path: Path) -> None:
    async with open_context(settings(tmp_path, redis_url=redis_url, secret_key=KEY)) as context:
        assert isinstance(context, ProcessContext)
        assert KEY not in repr(context.settings)
        assert KEY not in repr(context)


async def test_a_key_is_required_with_a_server_of_the_operator(redis_url: str, tmp_path: Path) -> None:
    assert "LINEUP_SECRET_KEY" in await refusal(settings(tmp_path, redis_url=redis_url))


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock", "http://queue.example"])
async def test_a_queue_that_cannot_be_reached_names_its_variable(url: str, tmp_path: Path) -> None:
    assert "LINEUP_REDIS_URL" in await refusal(settings(tmp_path, redis_url=url, secret_key=KEY))


@pytest.mark.parametrize(
    "url", ["postgresql://bob:fake-password@127.0.0.1:1/lineup", "sqlite:////nowhere/at/all.db", "mysql://x/y"]
)
async def test_a_database_that_cannot_be_reached_names_its_variable(url: str, tmp_path: Path) -> None:
    detail = await refusal(settings(tmp_path, database_url=url))
    assert "LINEUP_DATABASE_URL" in detail
    assert "fake-password" not in detail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write to /proc, which refuses new folders to everybody")
async def test_a_folder_that_cannot_be_made_names_its_variable(tmp_path: Path) -> None:
    assert "LINEUP_DATA_DIR" in await refusal(settings(tmp_path, data_dir=Path("/proc/lineup")))


async def test_a_process_that_keeps_nothing_here_makes_no_folder(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    elsewhere = f"file://{tmp_path / 'artifacts'}"
    given = settings(tmp_path, database_url=postgres_url, redis_url=redis_url, secret_key=KEY, artifacts_url=elsewhere)
    async with open_context(given):
        pass
    assert not (tmp_path / "data").exists()
