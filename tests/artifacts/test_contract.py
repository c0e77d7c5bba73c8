"""What every store promises (`app.core.ports.ArtifactStore`)."""

import asyncio
import hashlib
import os

import pytest

from app.core.errors import NotFound
from app.core.ports import ArtifactStore, ArtifactWriter
from tests.artifacts.conftest import OLD_SECONDS, Stored

MEGABYTE = 1 << 20


async def test_an_artifact_is_named_by_its_content_and_read_in_ranges(stored: Stored) -> None:
    data = os.urandom(2 * MEGABYTE + 77)
    name = await stored.put(data[:5], data[5:])
    assert name == hashlib.sha256(data).hexdigest()
    assert await stored.store.read(name, 3, 10) == data[3:13]
    chunks = [chunk async for chunk in stored.store.stream(name, 1, len(data) - 1)]
    assert b"".join(chunks) == data[1:]
    assert max(map(len, chunks)) <= MEGABYTE
    assert [chunk async for chunk in stored.store.stream(name, 5, 0)] == []
    assert await stored.everything() == [name]


async def test_what_is_larger_than_any_buffer_is_stored_as_it_was_written(stored: Stored) -> None:
    data = os.urandom(20 * MEGABYTE + 1)
    async with stored.store.create() as writer:
        for start in range(0, len(data), 3 * MEGABYTE):
            await writer.write(data[start : start + 3 * MEGABYTE])
        info = await writer.commit()
    assert (info.sha256, info.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    parts = [chunk async for chunk in stored.store.stream(info.sha256, 0, len(data))]
    assert b"".join(parts) == data
    assert await stored.everything() == [info.sha256]


@pytest.mark.parametrize("parts", [(), (b"",), (b"x" * 8 * MEGABYTE,), (b"x" * 8 * MEGABYTE, b"")])
async def test_the_ends_of_buffers_are_no_ends_of_artifacts(stored: Stored, parts: tuple[bytes, ...]) -> None:
    data = b"".join(parts)
    name = await stored.put(*parts)
    assert name == hashlib.sha256(data).hexdigest()
    assert await stored.store.read(name, 0, len(data)) == data
    assert await stored.everything() == [name]


@pytest.mark.parametrize("size", [4, 9 * MEGABYTE])
async def test_the_same_content_is_stored_once_and_gets_young_again(stored: Stored, size: int) -> None:
    data = b"a" * size
    name = await stored.put(data)
    await stored.age(name)
    assert await stored.store.aged(OLD_SECONDS) == [name]
    assert await stored.put(data[:2], data[2:]) == name
    assert await stored.store.aged(OLD_SECONDS) == []
    assert await stored.everything() == [name]


async def test_writers_of_the_same_content_at_once_do_not_disturb_each_other(stored: Stored) -> None:
    data = os.urandom(9 * MEGABYTE)
    names = await asyncio.gather(*(stored.put(data[:number], data[number:]) for number in range(1, 5)))
    assert set(names) == {hashlib.sha256(data).hexdigest()}
    assert await stored.store.read(names[0], 0, len(data)) == data
    assert await stored.everything() == [names[0]]


@pytest.mark.parametrize("size", [4, 20 * MEGABYTE])
async def test_what_is_not_committed_leaves_nothing(stored: Stored, size: int) -> None:
    with pytest.raises(ZeroDivisionError):
        await _write_and_break(stored.store, size)
    begun = asyncio.Event()
    task = asyncio.create_task(_write_forever(stored.store, size, begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stored.everything() == []


async def _write_and_break(store: ArtifactStore, size: int) -> float:
    async with store.create() as writer:
        await writer.write(b"h" * size)
        return 1 / 0


async def _write_forever(store: ArtifactStore, size: int, begun: asyncio.Event) -> None:
    async with store.create() as writer:
        await writer.write(b"m" * size)
        begun.set()
        await asyncio.Event().wait()


async def test_a_missing_or_short_artifact_is_not_found(stored: Stored) -> None:
    name, store = await stored.put(b"12345"), stored.store
    for offset, length in ((0, 0), (0, 1)):
        with pytest.raises(NotFound):
            await store.read("0" * 64, offset, length)
        with pytest.raises(NotFound):
            [chunk async for chunk in store.stream("0" * 64, offset, length)]
    for offset, length in ((3, 3), (5, 1), (9, 1)):
        with pytest.raises(NotFound):
            await store.read(name, offset, length)
    with pytest.raises(NotFound):
        [chunk async for chunk in store.stream(name, 0, 6)]


async def test_a_young_artifact_outlives_a_sweep(stored: Stored) -> None:
    name, store = await stored.put(b"12345"), stored.store
    await store.delete(name, min_age=60)
    assert await store.read(name, 0, 5) == b"12345"
    await stored.age(name)
    await store.delete(name, min_age=OLD_SECONDS)
    assert await stored.everything() == []
    await store.delete(name)
    await store.delete(name, min_age=OLD_SECONDS)
    with pytest.raises(NotFound):
        await store.read(name, 0, 5)


async def test_a_live_writer_is_left_alone(stored: Stored) -> None:
    async with stored.store.create() as writer:
        await _fill(writer)
        assert await stored.store.drop_unfinished() == 0
        await writer.write(b"whole")
        name = (await writer.commit()).sha256
    assert await stored.everything() == [name]


async def _fill(writer: ArtifactWriter) -> None:
    for _ in range(3):
        await writer.write(b"part" * (MEGABYTE * 2))
