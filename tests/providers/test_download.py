"""Downloads: whole or an error, unpacked by what they are, never more than is accepted."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.errors import Malformed, Rejected, Unavailable
from app.providers import unpack
from app.providers.download import Download, downloaded, opened
from app.providers.transport import Transport
from tests.providers.raw_server import RawServer, reply, unmeasured

PLAIN = b"".join(b"line %d of the file\n" % number for number in range(5_000))


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("_", "."), body)
    return packed.getvalue()


def tarred(body: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("guide.xml")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


SHAPES = {
    "plain": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "two members": gzip.compress(PLAIN[:1000]) + gzip.compress(PLAIN[1000:]),
    "double gzip": gzip.compress(gzip.compress(PLAIN)),
    "zeros behind": gzip.compress(PLAIN) + bytes(64),
    "xz": lzma.compress(PLAIN),
    "two xz streams": lzma.compress(PLAIN[:1000]) + lzma.compress(PLAIN[1000:]),
    "zip": zipped(list_m3u=PLAIN),
    "zip with others": zipped(readme_txt=b"hello", list_xml=PLAIN),
    "gzip in zip": zipped(list_gz=gzip.compress(PLAIN)),
    "zip in gzip": gzip.compress(zipped(list_m3u=PLAIN)),
    "tar.gz": gzip.compress(tarred(PLAIN)),
}


@asynccontextmanager
async def got(answer: bytes, **options: Any) -> AsyncIterator[Download]:
    transport = Transport()
    try:
        async with RawServer(lambda _: answer, close=True) as server:
            client = transport.client(url=server.url)
            async with downloaded(client, f"{server.url}/list", base_seconds=0.001, **options) as download:
                yield download
    finally:
        await transport.close()


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
async def test_reads_every_packing_by_its_first_bytes(body: bytes) -> None:
    async with got(reply(body, headers={"Content-Type": "text/html"})) as download:
        assert download.size == len(body)
        for _ in range(2):
            with opened(download.file, endings=(".xml", ".m3u")) as plain:
                assert plain.read() == PLAIN


async def test_a_label_is_taken_off_before_the_first_bytes_are_looked_at() -> None:
    twice = gzip.compress(gzip.compress(PLAIN))
    async with got(reply(twice, headers={"Content-Encoding": "gzip"})) as download:
        assert opened(download.file).read() == PLAIN


@pytest.mark.parametrize("name", ["gzip", "double gzip", "xz", "zip", "tar.gz", "zip in gzip"])
async def test_a_cut_file_is_unavailable_when_it_is_read(name: str) -> None:
    body = SHAPES[name]
    async with got(reply(body[: len(body) * 2 // 3])) as download:
        with pytest.raises(Unavailable):
            opened(download.file).read()


async def test_a_cut_body_is_asked_for_again_and_then_unavailable() -> None:
    cut = unmeasured(PLAIN[:1000], headers={"Content-Length": str(len(PLAIN))})
    answers = [cut, reply(PLAIN)]
    transport = Transport()
    async with RawServer(lambda _: answers.pop(0), close=True) as server:
        client = transport.client(url=server.url)
        async with downloaded(client, server.url, base_seconds=0.001) as download:
            assert download.file.read() == PLAIN
    await transport.close()
    with pytest.raises(Unavailable):
        async with got(cut):
            pass
    with pytest.raises(Unavailable):
        async with got(reply(b"")):
            pass


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Rejected), (403, Rejected), (404, Rejected), (884, Rejected), (512, Rejected), (204, Malformed),
     (304, Malformed), (429, Unavailable), (458, Unavailable), (509, Unavailable), (503, Unavailable)],
)  # fmt: skip
async def test_statuses_become_the_three_errors(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        async with got(reply(b"" if status in (204, 304) else b"no", status), attempts=1):
            pass


async def test_neither_a_large_body_nor_a_bomb_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed):
        async with got(reply(PLAIN), max_bytes=1000):
            pass
    for bomb in (gzip.compress(bytes(2_000_000)), lzma.compress(bytes(2_000_000)), zipped(a_b=bytes(2_000_000))):
        assert len(unpack.opened(io.BytesIO(bomb)).read()) == 2_000_000
        with pytest.raises(Malformed):
            opened(io.BytesIO(bomb), max_bytes=1_000_000).read()
        monkeypatch.setattr(unpack, "FREE", 1000)
        with pytest.raises(Malformed):
            opened(io.BytesIO(bomb)).read()
        monkeypatch.undo()
    matryoshka = PLAIN
    for _ in range(unpack.MAX_LAYERS + 1):
        matryoshka = gzip.compress(matryoshka)
    with pytest.raises(Malformed):
        opened(io.BytesIO(matryoshka))
