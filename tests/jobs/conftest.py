from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from app.core.errors import NotReady
from app.db.engine import Database
from app.db.tables import CatalogueHead, Provider
from app.jobs.history import JobHistory
from app.jobs.requests import JobRequests


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


@pytest.fixture
async def provider_pk(database: Database) -> int:
    return await add_provider(database, 1)


async def add_provider(database: Database, number: int, **values: object) -> int:
    row = {
        "pk": number,
        "id": f"provider-{number}",
        "name": f"Provider {number}",
        "kind": "stalker",
        "url": b"",
        "address": "http://portal.example",
        "credentials": b"",
        "credential_names": [],
        "options": {},
        "created_at": 0,
        "updated_at": 0,
    }
    async with database.writer() as writer:
        await writer.execute(insert(Provider).values(**{**row, **values}))
        await writer.execute(insert(CatalogueHead).values(provider_pk=number, epoch="e1"))
    return number


class Bell:
    """A queue that remembers what it was told; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.away = False

    async def enqueue(self, task: str, *args: str | int, job_id: str, delay_ms: int = 0) -> bool:
        return await self.requeue(task, *args, job_id=job_id)

    async def requeue(self, task: str, *args: str | int, job_id: str) -> bool:
        await self.ping()
        if job_id in self.waiting:
            return False
        self.waiting.append(job_id)
        return True

    async def ping(self) -> None:
        if self.away:
            raise NotReady("no queue", code="queue_unavailable")

    async def workers_alive(self) -> bool:
        return not self.away


@pytest.fixture
def queue() -> Bell:
    return Bell()


@pytest.fixture
def requests(database: Database, queue: Bell) -> JobRequests:
    return JobRequests(database, queue)


@pytest.fixture
def history(database: Database) -> JobHistory:
    return JobHistory(database)
