"""Publishing: nothing half, nothing twice, nothing lost."""

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from app.artifacts.local import LocalStore, LocalWriter
from app.core.errors import LeaseLost, NotReady
from app.core.ports import ArtifactInfo
from app.db.tables import CatalogueHead, Change, Provider
from app.domain.kinds import Kind
from app.snapshots import retention
from app.snapshots.makers import Role
from app.snapshots.pages import PageRequest
from app.snapshots.publish import Publisher
from app.snapshots.read import Snapshots
from app.snapshots.retention import sweep
from app.snapshots.segment import Segment, press
from app.snapshots.views import View
from tests.snapshots.catalogue import PROVIDER, Item, check_document, simple, take_lease, write
from tests.snapshots.conftest import Stand, content, named, rows_of, stored

OLD = simple(1100, 40, 1)
NEW = simple(1101, 50, 3)


class Crash(Exception):
    """What a test throws where a process would have died."""


class BreakingStore(LocalStore):
    """Fails at the n-th thing that is asked of it."""

    def __init__(self, root: Path, fail_at: int) -> None:
        super().__init__(root)
        self.left = fail_at

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash

    @asynccontextmanager
    async def create(self) -> AsyncIterator[LocalWriter]:
        self.count()
        async with super().create() as writer:
            yield BreakingWriter(writer, self.count)  # type: ignore[misc]

    async def read(self, sha256: str, offset: int, length: int) -> bytes:
        self.count()
        return await super().read(sha256, offset, length)

    async def stream(self, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
        self.count()
        async for chunk in super().stream(sha256, offset, length):
            yield chunk


class BreakingWriter:
    def __init__(self, writer: LocalWriter, count: Callable[[], None]) -> None:
        self._writer = writer
        self._count = count

    async def write(self, data: bytes) -> None:
        self._count()
        await self._writer.write(data)

    async def commit(self) -> ArtifactInfo:
        self._count()
        info = await self._writer.commit()
        self._count()
        return info


async def test_an_unchanged_catalogue_makes_no_version(stand: Stand) -> None:
    assert await stand.publish() is None
    with pytest.raises(NotReady):
        await stand.document()
    assert await stand.publish(OLD) == "k7f2.1"
    before = stored(stand)
    assert await stand.publish() is None
    assert await rows_of(stand.database) == 1
    assert stored(stand) == before


async def test_a_crash_at_any_step_leaves_the_version_before(stand: Stand) -> None:
    await stand.publish(OLD)
    before = await stand.document()
    await write(stand.database, stand.pk, NEW)
    step, done = 0, None
    while done is None:
        step += 1
        store = BreakingStore(stand.folder, step)
        publisher = Publisher(stand.database, store, published=stand.snapshots.forget)
        fence = await take_lease(stand.database, stand.pk)
        try:
            done = await publisher.publish(stand.pk, fence)
        except Crash:
            assert await stand.document() == before
            assert await Snapshots(stand.database, stand.artifacts).head(PROVIDER) == await stand.snapshots.head(
                PROVIDER
            )
            assert await stand.artifacts.drop_unfinished() == 0
    assert step > 12
    assert done == "k7f2.2"
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")
    await sweep(stand.database, stand.artifacts, seconds=-1)
    assert stored(stand) == await named(stand)


async def test_a_crash_before_the_commit_of_the_flip_changes_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.publish(OLD)
    before = await stand.document()
    await write(stand.database, stand.pk, NEW)

    async def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(retention, "drop_rows", crash)
        with pytest.raises(Crash):
            await stand.publish()
    stand.snapshots.forget(stand.pk)
    assert await stand.document() == before
    assert await rows_of(stand.database) == 1
    assert await stand.publish() == "k7f2.2"
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")


KILLED = """
import asyncio, os, sys
from pathlib import Path
from app.artifacts.local import LocalStore, LocalWriter
from app.db.engine import Database
from app.snapshots import retention
from app.snapshots.publish import Publisher
place, left = sys.argv[4], int(sys.argv[5])
owner = LocalWriter if hasattr(LocalWriter, place) else retention
real = getattr(owner, place)
def killed(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
    return real(*arguments)
setattr(owner, place, killed)
asyncio.run(Publisher(Database(sys.argv[1]), LocalStore(Path(sys.argv[2]))).publish(1, int(sys.argv[3])))
"""


async def kill_at(stand: Stand, place: str, turn: int) -> None:
    """Publishes in a process that dies when it comes there."""
    fence = await take_lease(stand.database, stand.pk)
    url = stand.database.url.set(drivername=stand.database.url.get_backend_name())
    command = [sys.executable, "-c", KILLED, url.render_as_string(hide_password=False)]
    process = await asyncio.create_subprocess_exec(*command, str(stand.folder), str(fence), place, str(turn))
    assert await process.wait() == -9


@pytest.mark.parametrize(("place", "turn"), [("_write", 1), ("_commit", 1), ("_commit", 4), ("drop_rows", 1)])
async def test_a_killed_publisher_is_repaired_by_the_next(stand: Stand, place: str, turn: int) -> None:
    await stand.publish(OLD)
    before = await stand.document()
    await write(stand.database, stand.pk, NEW)
    await kill_at(stand, place, turn)
    assert set(stored(stand)) > set(await named(stand))  # the rest of the dead one
    assert await stand.document() == before
    assert await stand.publish() == "k7f2.2"
    await sweep(stand.database, stand.artifacts, seconds=-1)
    assert stored(stand) == await named(stand)
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")


async def test_a_publisher_killed_behind_the_pointer_has_published(stand: Stand) -> None:
    await stand.publish(OLD)
    await write(stand.database, stand.pk, NEW)
    await kill_at(stand, "shorten_log", 1)
    stand.snapshots.forget(stand.pk)
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")
    assert await stand.publish() is None


async def test_a_publisher_without_the_lease_publishes_nothing(stand: Stand) -> None:
    await write(stand.database, stand.pk, OLD)
    stale = await take_lease(stand.database, stand.pk)
    await take_lease(stand.database, stand.pk)
    with pytest.raises(LeaseLost):
        await stand.publisher.publish(stand.pk, stale)
    assert await rows_of(stand.database) == 0
    assert await stand.publish() == "k7f2.1"


async def test_two_publishers_with_one_lease_make_one_version(stand: Stand) -> None:
    await write(stand.database, stand.pk, OLD)
    fence = await take_lease(stand.database, stand.pk)
    results = await asyncio.gather(
        *(stand.publisher.publish(stand.pk, fence) for _ in range(3)), return_exceptions=True
    )
    assert results.count("k7f2.1") == 1
    assert all(isinstance(one, LeaseLost) or one is None for one in results if one != "k7f2.1")
    check_document(await stand.document(gzip=False), OLD, "k7f2.1")


async def test_pinned_bytes_never_change(stand: Stand) -> None:
    version = await stand.publish(OLD)
    wanted = [PageRequest(number=2), PageRequest(number=3, limit=250), PageRequest(kind=Kind.MOVIE, limit=5000)]

    async def everything(snapshots: Snapshots) -> list[bytes]:
        seen = Stand(**{**vars(stand), "snapshots": snapshots})
        return [
            await read
            for gzip in (True, False)
            for read in (seen.document(version, gzip=gzip), *(seen.page(version, one, gzip=gzip) for one in wanted))
        ]

    before = await everything(stand.snapshots)
    async with stand.database.writer() as writer:
        await writer.execute(update(Provider).values(name="Renamed"))
    for count in (3, 1200):
        await stand.publish(simple(count, count, count))
    assert await everything(stand.snapshots) == before
    assert await everything(Snapshots(stand.database, stand.artifacts)) == before


async def test_what_did_not_change_is_copied_not_compressed(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.publish(OLD)
    await write(stand.database, stand.pk, changed := simple(1100, 40, 1))
    changed.items[1105] = Item(Kind.MOVIE, 5, "changed")
    await write(stand.database, stand.pk, changed)
    pressed: list[Segment] = []

    def noted(lines: Sequence[bytes]) -> Segment:
        pressed.append(press(lines))
        return pressed[-1]

    monkeypatch.setattr("app.snapshots.build.press", noted)
    assert await stand.publish() == "k7f2.2"
    check_document(await stand.document(gzip=False), changed, "k7f2.2")
    assert [b"changed" in one.raw for one in pressed] == [True, True]  # one segment, in both views


async def test_what_was_lost_comes_back_with_the_next_publish(stand: Stand) -> None:
    await stand.publish(OLD)
    before, files = await stand.document(), stored(stand)
    fresh = Stand(**{**vars(stand), "snapshots": Snapshots(stand.database, stand.artifacts)})
    for name in await named(stand, Role.PART, Role.INDEX):
        await stand.artifacts.delete(name)
    for read in (fresh.document(), fresh.page(None, PageRequest(number=2))):
        with pytest.raises(NotReady):
            await read
    assert await stand.publish() is None
    assert stored(stand) == files
    assert await fresh.document() == before


async def test_a_lost_database_is_made_again_with_a_version_of_its_own(stand: Stand) -> None:
    await stand.publish(OLD)
    [name] = await named(stand, Role.ESSENTIALS)
    await stand.artifacts.delete(name)
    assert await stand.publish() == "k7f2.2"
    assert await stand.publish() is None


async def test_readers_meet_whole_versions_while_others_are_published(stand: Stand) -> None:
    catalogues = [simple(count, 1000 - count, 7) for count in (900, 500, 1)]
    versions = {await stand.publish(catalogues[0]): catalogues[0]}
    done = asyncio.Event()

    async def read() -> int:
        count = 0
        while not done.is_set():
            file = await stand.snapshots.document(PROVIDER, None)
            raw = await stand.document(file.version, gzip=False)
            await asyncio.sleep(0)
            seen.append((file.version, raw))
            count += 1
        return count

    seen: list[tuple[str, bytes]] = []
    readers = [asyncio.create_task(read()) for _ in range(2)]
    for catalogue in catalogues[1:]:
        versions[await stand.publish(catalogue)] = catalogue
    await asyncio.sleep(0.05)
    done.set()
    assert all(await asyncio.gather(*readers))
    assert len({version for version, _ in seen}) > 1
    for version, raw in seen[:: max(1, len(seen) // 20)]:
        check_document(raw, versions[version], version)


async def test_no_credential_is_in_any_artifact(stand: Stand) -> None:
    await stand.publish(OLD)
    await content(await stand.snapshots.document(PROVIDER, None, View.LITE), gzip=False)
    for file in stand.folder.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        data += gzip.decompress(data) if data.startswith(b"\x1f\x8b") else b""
        for secret in (b"sealed", b"password", b"portal.test"):
            assert secret not in data


async def test_what_the_log_does_not_tell_is_read_from_the_rows(stand: Stand) -> None:
    await stand.publish(OLD)
    await write(stand.database, stand.pk, NEW)
    async with stand.database.writer() as writer:
        await writer.execute(delete(Change))
        await writer.execute(update(CatalogueHead).values(floor=2))
    assert await stand.publish() == "k7f2.2"
    check_document(await stand.document(gzip=False), NEW, "k7f2.2")
