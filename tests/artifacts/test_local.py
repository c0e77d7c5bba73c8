import asyncio
import fcntl
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.artifacts.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "artifacts")


async def put(store: LocalStore, *parts: bytes) -> str:
    async with store.create() as writer:
        for part in parts:
            await writer.write(part)
        return (await writer.commit()).sha256


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


def test_locks_are_per_open_file(tmp_path: Path) -> None:
    """What `drop_unfinished` relies on: a lock of this very process counts too."""
    file = tmp_path / "file"
    with file.open("w") as first, file.open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
