import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.artifacts.s3 import PART_BYTES, PIECE_BYTES, UNFINISHED_SECONDS, Bucket, S3Store
from app.artifacts.s3_client import ATTEMPTS, connected
from app.core.errors import NotReady
from app.core.logs import configure_logs
from tests.artifacts.conftest import Stored, objects
from tests.support.s3 import Wire, use_s3, wired


@asynccontextmanager
async def opened(bucket: str, *, unfinished_seconds: float = UNFINISHED_SECONDS) -> AsyncIterator[S3Store]:
    async with connected(bucket) as client:
        yield S3Store(Bucket(client, bucket, ""), unfinished_seconds=unfinished_seconds)


@pytest.fixture
async def wire(s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """A wire to the server; whoever opens a store now goes over it."""
    async with wired(s3_server) as wire:
        use_s3(monkeypatch, wire.url)
        yield wire


async def put(store: S3Store, data: bytes) -> str:
    async with store.create() as writer:
        await writer.write(data)
        return (await writer.commit()).sha256


async def test_a_server_that_goes_away_within_an_upload_shows_nothing(s3_server: str, bucket: str, wire: Wire) -> None:
    async with opened(bucket, unfinished_seconds=-1) as store:
        with pytest.raises(NotReady, match=r"^The artifact store failed to store an artifact \(") as told:
            await _lose(store, wire)
        assert told.value.code == "artifacts_unavailable"
        assert [key[:4] for key in await objects(s3_server, bucket)] == ["tmp/"]
        wire.mend()
        assert await store.aged(-1) == []
        assert await store.drop_unfinished() == 1
        assert await objects(s3_server, bucket) == []


async def _lose(store: S3Store, wire: Wire) -> None:
    async with store.create() as writer:
        await writer.write(os.urandom(PART_BYTES + 1))
        while wire.sent < PART_BYTES:  # noqa: ASYNC110 - a wire tells nobody
            await asyncio.sleep(0)
        wire.cut()
        await writer.write(os.urandom(2 * PART_BYTES))
        await writer.commit()


async def test_a_server_that_goes_away_before_the_name_shows_nothing(s3_server: str, bucket: str, wire: Wire) -> None:
    async with opened(bucket, unfinished_seconds=-1) as store:
        with pytest.raises(NotReady, match="failed to name an artifact"):
            await _lose_the_name(store, wire)
        left = await objects(s3_server, bucket)
        assert [key[:4] for key in left] == ["tmp/"]
        wire.mend()
        assert await store.drop_unfinished() == 1
        assert await objects(s3_server, bucket) == []


async def _lose_the_name(store: S3Store, wire: Wire) -> None:
    class Cutting(Bucket):
        async def copy(self, key: str, target: str) -> None:
            wire.cut()
            await super().copy(key, target)

    async with store.create() as writer:
        await writer.write(b"x" * (PART_BYTES + 1))
        writer._bucket.__class__ = Cutting
        await writer.commit()


async def test_a_server_that_goes_away_within_a_read_is_told(bucket: str, wire: Wire) -> None:
    async with opened(bucket) as store:
        name = await put(store, os.urandom(2 * PIECE_BYTES))
        stream = store.stream(name, 0, 2 * PIECE_BYTES)
        assert len(await anext(stream)) == PIECE_BYTES
        wire.cut()
        with pytest.raises(NotReady, match="failed to read an artifact"):
            await anext(stream)


async def test_an_answer_that_is_cut_is_asked_for_again_and_never_taken_for_whole(bucket: str, wire: Wire) -> None:
    async with opened(bucket) as store:
        data = os.urandom(PIECE_BYTES)
        name = await put(store, data)
        wire.spare, wire.breaks = PIECE_BYTES // 2, 1
        assert await store.read(name, 0, PIECE_BYTES) == data
        assert wire.breaks == 0
        wire.spare, wire.breaks = PIECE_BYTES // 2, ATTEMPTS * ATTEMPTS
        with pytest.raises(NotReady, match="failed to read an artifact"):
            await store.read(name, 0, PIECE_BYTES)


WRITER = """
import asyncio, sys
from app.artifacts.s3 import PART_BYTES, open_s3
async def main():
    async with open_s3(sys.argv[1], "") as store, store.create() as writer:
        await writer.write(b"h" * (2 * PART_BYTES + 1))
        await writer._sent()
        print("writing", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_what_a_killed_writer_sent_is_dropped_when_its_time_is_over(
    s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - a few ms
        [sys.executable, "-c", WRITER, bucket], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"writing\n"
        process.send_signal(signal.SIGKILL)
    async with opened(bucket) as store:
        assert await store.drop_unfinished() == 0
        later = time.time() + UNFINISHED_SECONDS + 10
        monkeypatch.setattr("app.artifacts.s3.time.time", lambda: later)
        assert await store.drop_unfinished() == 1
    assert await objects(s3_server, bucket) == []


async def test_a_writer_that_goes_on_sending_lives_as_long_as_it_likes(bucket: str) -> None:
    seconds = 2.0
    async with opened(bucket, unfinished_seconds=seconds) as store, store.create() as writer:
        until = time.monotonic() + 2 * seconds
        while time.monotonic() < until:
            await writer.write(b"x" * PART_BYTES)
            await writer._sent()  # this server says of every upload that it began in 2010
            assert await store.drop_unfinished() == 0
            await asyncio.sleep(seconds / 8)
        size = (await writer.commit()).bytes
    assert size >= 2 * PART_BYTES


async def test_an_upload_holds_a_few_parts_whatever_its_size(bucket: str) -> None:
    block = os.urandom(1 << 20)
    async with opened(bucket) as store, store.create() as writer:
        tracemalloc.start()
        try:
            for _ in range(64):
                await writer.write(block)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5 * PART_BYTES


async def test_nothing_but_artifacts_counts_as_one(s3_server: str, bucket: str) -> None:
    async with connected(bucket) as client:
        for key in ("notes.txt", "other/" + "0" * 64, "A" * 64):
            await client.put_object(Bucket=bucket, Key=key, Body=b"somebody else's")
        assert await S3Store(Bucket(client, bucket, "")).aged(-10) == []


async def test_keys_stand_in_no_log(s3: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logs(form="json", level="debug")
        await s3.put(b"content-of-an-artifact" * 1000)
    finally:
        root.handlers = handlers
        root.setLevel(level)
    said = capsys.readouterr().err
    assert "fake-secret-access-key" not in said
    assert "content-of-an-artifact" not in said
