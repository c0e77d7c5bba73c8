import asyncio
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.artifacts.local import CHUNK_BYTES, LocalStore
from app.artifacts.registry import open_artifacts
from app.core.errors import Misconfigured, NotFound


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "artifacts")


async def put(store: LocalStore, *parts: bytes) -> str:
    async with store.create() as writer:
        for part in parts:
            await writer.write(part)
        return (await writer.commit()).sha256


def files(store: LocalStore) -> list[Path]:
    return [file for file in store._root.rglob("*") if file.is_file()]


async def test_an_artifact_is_named_by_its_content_and_read_in_ranges(store: LocalStore) -> None:
    data = os.urandom(CHUNK_BYTES * 2 + 77)
    name = await put(store, data[:5], data[5:])
    assert name == hashlib.sha256(data).hexdigest()
    assert await store.read(name, 3, 10) == data[3:13]
    chunks = [chunk async for chunk in store.stream(name, 1, len(data) - 1)]
    assert b"".join(chunks) == data[1:]
    assert max(map(len, chunks)) <= CHUNK_BYTES
    assert [chunk async for chunk in store.stream(name, 5, 0)] == []


async def test_the_same_content_is_stored_once_and_gets_young_again(store: LocalStore) -> None:
    name = await put(store, b"same")
    os.utime(files(store)[0], (0, 0))
    assert await store.aged(60) == [name]
    assert await put(store, b"sa", b"me") == name
    assert len(files(store)) == 1
    assert await store.aged(60) == []


async def test_what_is_not_committed_leaves_nothing(store: LocalStore) -> None:
    with pytest.raises(ZeroDivisionError):
        await _write_and_break(store)
    task = asyncio.create_task(_write_forever(store))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(store) == []


async def _write_and_break(store: LocalStore) -> float:
    async with store.create() as writer:
        await writer.write(b"half")
        return 1 / 0


async def _write_forever(store: LocalStore) -> None:
    async with store.create() as writer:
        while True:
            await writer.write(b"more" * 1000)


async def test_a_missing_or_short_artifact_is_not_found(store: LocalStore) -> None:
    name = await put(store, b"12345")
    with pytest.raises(NotFound):
        await store.read("0" * 64, 0, 1)
    with pytest.raises(NotFound):
        await store.read(name, 3, 3)
    with pytest.raises(NotFound):
        [chunk async for chunk in store.stream(name, 0, 6)]
    await store.delete(name, min_age=60)
    assert await store.read(name, 0, 5) == b"12345"
    await store.delete(name)
    await store.delete(name)
    with pytest.raises(NotFound):
        await store.read(name, 0, 5)


WRITER = """
import asyncio, sys
from pathlib import Path
from app.artifacts.local import LocalStore
async def main():
    async with LocalStore(Path(sys.argv[1])).create() as writer:
        await writer.write(b"half")
        print("writing", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_the_rest_of_a_killed_writer_is_dropped_and_a_live_one_left_alone(store: LocalStore) -> None:
    command = [sys.executable, "-c", WRITER, str(store._root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220 - a few ms
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"writing\n"
        async with store.create() as writer:
            assert await store.drop_unfinished() == 0
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            assert await store.drop_unfinished() == 1
            await writer.write(b"whole")
            name = (await writer.commit()).sha256
    assert await store.read(name, 0, 5) == b"whole"


async def test_writers_and_sweeps_at_once_lose_nothing(store: LocalStore) -> None:
    stop = time.monotonic() + 0.5

    async def write(number: int) -> None:
        while time.monotonic() < stop:
            content = f"{number} {time.monotonic_ns()}".encode()
            assert await store.read(await put(store, content), 0, len(content)) == content

    async def sweep() -> None:
        while time.monotonic() < stop:
            await store.drop_unfinished()

    await asyncio.gather(write(1), write(2), write(3), sweep(), sweep())


def test_a_url_names_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_artifacts(None, tmp_path), LocalStore)
    assert (tmp_path / "artifacts").stat().st_mode & 0o777 == 0o700
    open_artifacts(f"file://{tmp_path}/with%20space", tmp_path)
    assert (tmp_path / "with space").is_dir()
    for url in ("s3://bucket/prefix", "file://host/folder", "file://", "/plain"):
        with pytest.raises(Misconfigured, match="LINEUP_ARTIFACTS_URL"):
            open_artifacts(url, tmp_path)


def test_locks_are_per_open_file(tmp_path: Path) -> None:
    """What `drop_unfinished` relies on: a lock of this very process counts too."""
    file = tmp_path / "file"
    with file.open("w") as first, file.open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
