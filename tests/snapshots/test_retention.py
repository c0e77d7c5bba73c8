"""Versions are kept long enough, and no longer."""

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import Change, Publication, Snapshot
from app.snapshots.errors import Reset
from app.snapshots.publish import Publisher
from app.snapshots.read import Snapshots
from app.snapshots.retention import DAY_MS, HOUR_MS, Keep, Published, kept, left_at, log_floor, sweep
from tests.snapshots.catalogue import PROVIDER, check_document, simple, take_lease, write
from tests.snapshots.conftest import Stand, named, rows_of, stored


async def test_old_versions_go_when_there_are_too_many_and_their_time_is_over(stand: Stand) -> None:
    keep = Keep(versions=2, hours=1, grace_hours=1)
    publisher = Publisher(stand.database, stand.artifacts, keep=keep)
    for count in range(1, 5):
        await write(stand.database, stand.pk, simple(count, 0, 0))
        await publisher.publish(stand.pk, await take_lease(stand.database, stand.pk))
    assert await rows_of(stand.database) == 4
    await _shift(stand.database, 1.5)
    readers = Stand(**{**vars(stand), "snapshots": Snapshots(stand.database, stand.artifacts, keep=keep)})
    for version in ("k7f2.1", "k7f2.2"):
        with pytest.raises(Reset) as caught:
            await readers.document(version)
        assert caught.value.members["reason"] == "version_pruned"
    check_document(await readers.document("k7f2.3", gzip=False), simple(3, 0, 0), "k7f2.3")
    await _shift(stand.database, 1)
    await write(stand.database, stand.pk, simple(9, 0, 0))
    await publisher.publish(stand.pk, await take_lease(stand.database, stand.pk))
    assert await rows_of(stand.database) == 3  # 3 was pushed out just now: its grace begins
    before = stored(stand)
    assert set(before) > set(await named(stand))
    assert await sweep(stand.database, stand.artifacts, seconds=keep.orphan_seconds) == 0
    assert await sweep(stand.database, stand.artifacts, seconds=-1) == len(before) - len(await named(stand))
    assert stored(stand) == await named(stand)
    check_document(await readers.document("k7f2.4", gzip=False), simple(4, 0, 0), "k7f2.4")


async def _shift(database: Database, hours: float) -> None:
    async with database.writer() as writer:
        moved = col(Snapshot.published_at) - int(hours * HOUR_MS)
        await writer.execute(update(Snapshot).values(published_at=moved))


def test_a_version_stays_until_it_is_both_surplus_and_old() -> None:
    keep = Keep(versions=2, hours=24)
    hour = HOUR_MS
    versions = [Published(4, 100 * hour), Published(3, 99 * hour), Published(2, 98 * hour), Published(1, 10 * hour)]
    assert left_at(versions, keep) == [float("inf"), float("inf"), 122 * hour, 99 * hour]
    assert kept(versions, keep, 100 * hour) == {4, 3, 2}
    assert kept(versions, keep, 122 * hour) == {4, 3}
    assert kept(versions, keep, 98 * hour) == {4, 3, 2, 1}
    assert kept([], keep, 0) == frozenset()


def test_the_log_tells_of_thirty_days_and_of_half_of_what_is_there() -> None:
    keep, day = Keep(log_days=30), DAY_MS
    versions = [Published(4, 100 * day, 10), Published(3, 90 * day, 20), Published(2, 75 * day, 30)]
    assert log_floor(versions, keep, 1000, 100 * day) == 0
    assert log_floor(versions, keep, 1000, 105 * day) == 2
    assert log_floor(versions, keep, 119, 100 * day) == 2  # 60 lines are more than half
    assert log_floor(versions, keep, 59, 100 * day) == 3
    assert log_floor(versions, keep, 19, 100 * day) == 4  # the newest alone changed more than half
    assert log_floor([], keep, 0, 0) == 0


async def test_a_log_that_is_too_long_is_shortened_and_the_head_says_so(stand: Stand) -> None:
    for count in range(4, 25):
        await stand.publish(simple(0, count, 0))
    head = await stand.snapshots.head(PROVIDER)
    async with stand.database.reader() as reader:
        lines = [row.version for row in await reader.rows(select(col(Change.version)))]
        told = [row.version for row in await reader.rows(select(col(Publication.version)))]
    oldest = int(head["minSince"].split(".")[1])
    assert head["version"] == "k7f2.21"
    half, longest = (24 + 6) / 2, 3  # a version has a line of its item and one of each category that counts it
    assert half - longest < len(lines) <= half
    assert min(lines) == oldest + 1
    assert min(told) == oldest > 1
