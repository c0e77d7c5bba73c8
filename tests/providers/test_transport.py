import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.providers import transport as module
from app.providers.transport import ProviderClient, Transport
from tests.providers.raw_server import Answer, Asked, RawServer, reply, unmeasured

MiB = 1024 * 1024
SECRET = "s3cret-word"


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport()
    yield made
    await made.close()


def client(transport: Transport, server: RawServer, **given: Any) -> ProviderClient:
    return transport.client(url=server.url, **given)


def always(answer: bytes) -> Answer:
    return lambda _: answer


async def streamed(asking: ProviderClient, url: str, *, keep: bool = True, **given: Any) -> bytes:
    found = bytearray()
    async with asking.stream(url, **given) as answer:
        async for piece in answer.chunks():
            assert len(piece) <= MiB
            found += piece if keep else b""
    return bytes(found)


async def test_brings_a_whole_answer_of_any_status(transport: Transport) -> None:
    async with RawServer(lambda _: reply("blocked", 884, {"X-Why": "agent"})) as server:
        found = await client(transport, server).get(f"{server.url}/a")
    assert (found.status, found.body, found.headers["x-why"]) == (884, b"blocked", "agent")
    assert found.url == f"{server.url}/a"


async def test_its_repr_tells_no_secret(transport: Transport) -> None:
    async with RawServer(lambda _: reply(SECRET)) as server:
        found = await client(transport, server).get(f"{server.url}/a", params={"password": SECRET})
    assert SECRET not in repr(found)


async def test_encodes_parameters_exactly_once_and_keeps_a_query(transport: Transport) -> None:
    given = {"password": "a+b c/%20&=#é", "empty": ""}
    async with RawServer(lambda _: reply("")) as server:
        await client(transport, server).get(f"{server.url}/p?type=vod&cmd=a%20b", params=given)
        [asked] = server.asked
    assert asked.target == "/p?type=vod&cmd=a%20b&password=a%2Bb%20c%2F%2520%26%3D%23%C3%A9&empty="
    assert asked.query == {"type": "vod", "cmd": "a b", **given}


async def test_a_body_without_length_ends_with_the_connection(transport: Transport) -> None:
    async with RawServer(lambda _: unmeasured(b'{"a":1}'), close=True) as server:
        assert (await client(transport, server).get(server.url)).body == b'{"a":1}'


CUT = {
    "shorter than its length": unmeasured(b"12345", headers={"Content-Length": "10"}),
    "chunks without an end": unmeasured(b"5\r\n12345\r\n", headers={"Transfer-Encoding": "chunked"}),
    "no answer": b"",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "gzip cut in the middle": reply(gzip.compress(bytes(range(256)) * 50)[:-20], headers={"Content-Encoding": "gzip"}),
    "gzip with wrong bytes": reply(b"\x1f\x8b\x08\0\0\0\0\0\0\0garbage", headers={"Content-Encoding": "gzip"}),
    "no HTTP": b"\x15\x03\x01\0\x02\x02\x50",
    "a reset": None,
}


@pytest.mark.parametrize("how", CUT)
async def test_whatever_is_cut_is_unavailable_and_narrows_the_window(transport: Transport, how: str) -> None:
    async with RawServer(lambda _: CUT[how], close=True) as server:
        asking = client(transport, server)
        with pytest.raises(Unavailable) as error:
            await asking.get(f"{server.url}/x", params={"password": SECRET})
        assert asking.window.limit < 4
        assert SECRET not in error.value.detail
        assert f"127.0.0.1:{server.port}" in error.value.detail or "compressed" in error.value.detail

        with pytest.raises(Unavailable):
            await streamed(asking, f"{server.url}/x")


async def test_a_closed_port_is_unavailable(transport: Transport) -> None:
    async with RawServer(lambda _: reply("")) as server:
        pass
    with pytest.raises(Unavailable, match=f"127.0.0.1:{server.port} refuses connections"):
        await client(transport, server).get(f"{server.url}/x?password={SECRET}")


async def test_a_name_without_an_address_is_unavailable(transport: Transport) -> None:
    asking = transport.client(url="http://nowhere.invalid")
    with pytest.raises(Unavailable, match=r"nowhere\.invalid has no address"):
        await asking.get("http://nowhere.invalid/x", params={"password": SECRET})


async def test_waits_for_the_first_byte_only_so_long(transport: Transport) -> None:
    async with RawServer(lambda _: reply("late"), hold=1) as server:
        asking = client(transport, server)
        with pytest.raises(Unavailable, match="did not answer in time"):
            await asking.get(server.url, first_byte_seconds=0.1)
        assert (await asking.get(server.url, first_byte_seconds=5)).body == b"late"


async def test_a_body_that_stops_flowing_is_unavailable(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)
    async with RawServer(lambda _: unmeasured(b"begun", headers={"Content-Length": "100"})) as server:
        with pytest.raises(Unavailable, match="did not answer in time"):
            await streamed(client(transport, server), server.url)


ENCODED = {
    "gzip": gzip.compress(b"hello " * 1000),
    "x-gzip": gzip.compress(b"hello " * 1000),
    "deflate": zlib.compress(b"hello " * 1000),
    "deflate without a header": zlib.compress(b"hello " * 1000, wbits=-15),
    "gzip in two members": gzip.compress(b"hello " * 500) + gzip.compress(b"hello " * 500),
    "gzip with zeros behind": gzip.compress(b"hello " * 1000) + bytes(1000),
    "gzip that is plain": b"hello " * 1000,
    "identity": b"hello " * 1000,
}


@pytest.mark.parametrize("how", ENCODED)
async def test_inflates_what_servers_call_compressed(transport: Transport, how: str) -> None:
    answer = reply(ENCODED[how], headers={"Content-Encoding": how.partition(" ")[0]})
    async with RawServer(lambda _: answer) as server:
        asking = client(transport, server)
        assert (await asking.get(server.url)).body == b"hello " * 1000
        assert await streamed(asking, server.url) == b"hello " * 1000


async def test_an_encoding_nobody_asked_for_is_malformed(transport: Transport) -> None:
    async with RawServer(lambda _: reply(b"x", headers={"Content-Encoding": "br"})) as server:
        with pytest.raises(Malformed):
            await client(transport, server).get(server.url)


@pytest.mark.parametrize("big", [b"x" * 2000, b"x" * MiB])
async def test_a_body_over_the_cap_is_malformed(transport: Transport, big: bytes) -> None:
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(big), big)
    for answer in (reply(big), unmeasured(big), unmeasured(chunked, headers={"Transfer-Encoding": "chunked"})):
        async with RawServer(always(answer), close=True) as server:
            asking = client(transport, server)
            with pytest.raises(Malformed):
                await asking.get(server.url, max_bytes=1000)
            with pytest.raises(Malformed):
                await streamed(asking, server.url, max_bytes=1000)


async def test_a_gzip_bomb_is_malformed_within_bounded_memory(transport: Transport) -> None:
    squeezer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([squeezer.compress(bytes(MiB)) for _ in range(1024)]) + squeezer.flush()
    assert len(bomb) < 2 * MiB
    async with RawServer(lambda _: reply(bomb, headers={"Content-Encoding": "gzip"})) as server:
        asking = client(transport, server)
        before = psutil.Process().memory_info().rss
        with pytest.raises(Malformed):
            await asking.get(server.url, max_bytes=16 * MiB)
        with pytest.raises(Malformed):
            await streamed(asking, server.url, max_bytes=64 * MiB, keep=False)
        assert psutil.Process().memory_info().rss - before < 64 * MiB


def hops(table: dict[str, str]) -> Any:
    def answer(asked: Asked) -> bytes:
        if asked.path in table:
            return reply("", 302, {"Location": table[asked.path], "Set-Cookie": f"hop{len(asked.path)}=1; Path=/"})
        return reply("there")

    return answer


async def test_follows_redirects_and_says_where_it_came_out(transport: Transport) -> None:
    async with RawServer(hops({"/a": "/bb?x=1", "/bb": "ccc"})) as server:
        asking = client(transport, server, headers={"Authorization": "Bearer t"}, cookies={"mac": "00%3A1A"})
        found = await asking.get(f"{server.url}/a", params={"q": "1"})
    assert (found.url, found.body) == (f"{server.url}/ccc", b"there")
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer t"] * 3
    assert [asked.cookies for asked in server.asked] == [
        {"mac": "00%3A1A"},
        {"mac": "00%3A1A", "hop2": "1"},
        {"mac": "00%3A1A", "hop2": "1", "hop3": "1"},
    ]


async def test_cookies_that_a_host_set_come_back_to_it_and_to_no_other_client(transport: Transport) -> None:
    async with RawServer(lambda _: reply("", headers={"Set-Cookie": "session=abc; HttpOnly"})) as server:
        asking, other = client(transport, server), client(transport, server)
        await asking.get(server.url)
        await asking.get(server.url)
        await other.get(server.url)
    assert [asked.cookies for asked in server.asked] == [{}, {"session": "abc"}, {}]


async def test_secrets_stay_behind_when_a_redirect_leaves_the_site(transport: Transport) -> None:
    async with RawServer(lambda _: reply("there")) as elsewhere:
        foreign = f"http://localhost:{elsewhere.port}/x"
        async with RawServer(hops({"/a": foreign})) as server:
            asking = client(
                transport,
                server,
                headers={"Authorization": "Bearer t", "SN": "123", "User-Agent": "Player/1"},
                cookies={"mac": "00"},
            )
            await asking.get(f"{server.url}/a", params={"password": SECRET})
        [asked] = elsewhere.asked
    assert asked.target == "/x"
    assert not {"authorization", "sn", "cookie"} & set(asked.headers)
    assert asked.headers["user-agent"] == "Player/1"


async def test_circles_are_malformed(transport: Transport) -> None:
    async with RawServer(hops({"/a": "/b", "/b": "/a"})) as server:
        with pytest.raises(Malformed, match="circles"):
            await client(transport, server).get(f"{server.url}/a")
    assert len(server.asked) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "gopher://x/"])
async def test_redirects_to_other_protocols_are_rejected(transport: Transport, target: str) -> None:
    async with RawServer(hops({"/a": target})) as server:
        with pytest.raises(Rejected, match="not HTTP"):
            await client(transport, server).get(f"{server.url}/a")


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200",
     "0xa9fea9fe"],
)  # fmt: skip
async def test_cloud_metadata_is_never_contacted(transport: Transport, host: str) -> None:
    asking = transport.client(url=f"http://{host}/")
    with pytest.raises(Rejected, match="metadata"):
        await asking.get(f"http://{host}/latest", params={"password": SECRET})
    async with RawServer(hops({"/a": f"http://{host}/latest/meta-data"})) as server:
        with pytest.raises(Rejected, match="metadata"):
            await client(transport, server).get(f"{server.url}/a")
        with pytest.raises(Rejected, match="metadata"):
            async with client(transport, server).stream(f"{server.url}/a"):
                pass


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.1.1", "[::1]", "[fe80::1]", "0.0.0.0",
     "[fc00::1]", "[::ffff:10.0.0.1]", "100.64.0.1", "0x7f000001"],
)  # fmt: skip
async def test_public_networks_only_means_no_private_address(host: str) -> None:
    transport = Transport(networks="public")
    try:
        with pytest.raises(Rejected, match="private"):
            await transport.client(url=f"http://{host}:9/").get(f"http://{host}:9/x")
    finally:
        await transport.close()


@pytest.mark.parametrize("host", ["2130706433", "127.1"])
async def test_addresses_in_odd_spellings_are_not_contacted(transport: Transport, host: str) -> None:
    async with RawServer(lambda _: reply("")) as server:
        with pytest.raises(ProviderError):
            await transport.client(url=server.url).get(f"http://{host}:{server.port}/x")
    assert not server.asked


async def test_any_network_allows_private_addresses(transport: Transport) -> None:
    async with RawServer(lambda _: reply("home")) as server:
        assert (await client(transport, server).get(f"http://localhost:{server.port}/")).body == b"home"


async def test_all_clients_of_a_host_share_its_window(transport: Transport) -> None:
    async with RawServer(lambda _: reply(""), hold=0.01) as server:
        clients = [client(transport, server, max_parallel=3) for _ in range(4)]
        assert len({id(one.window) for one in clients}) == 1
        await asyncio.gather(*(one.get(server.url) for one in clients for _ in range(10)))
    assert server.most == 3
    assert transport.client(url="http://other.invalid").window is not clients[0].window


@pytest.mark.parametrize(("status", "narrower"), [(200, False), (404, False), (429, True), (503, True), (458, True)])
async def test_statuses_reach_the_window(transport: Transport, status: int, narrower: bool) -> None:  # noqa: FBT001
    async with RawServer(lambda _: reply("x", status)) as server:
        asking = client(transport, server)
        before = asking.window.limit
        await asking.get(server.url)
        assert (asking.window.limit < before) is narrower
        async with asking.stream(server.url):
            pass
        assert asking.window.active == 0


@pytest.mark.parametrize("how", ["whole", "streamed"])
async def test_an_answer_without_a_byte_narrows_the_window(transport: Transport, how: str) -> None:
    bodies = {200: [reply(""), reply(gzip.compress(b""), headers={"Content-Encoding": "gzip"})], 204: [reply("", 204)]}
    for status, answers in bodies.items():
        for answer in answers:
            async with RawServer(always(answer)) as server:
                asking = client(transport, server)
                before = asking.window.limit
                if how == "whole":
                    await asking.get(server.url)
                else:
                    await streamed(asking, server.url)
                assert (asking.window.limit < before) is (status == 200)


async def test_an_answer_that_nobody_read_is_not_taken_for_an_empty_one(transport: Transport) -> None:
    async with RawServer(lambda _: reply("")) as server:
        asking = client(transport, server)
        before = asking.window.limit
        async with asking.stream(server.url):
            pass
        assert asking.window.limit >= before


def soon(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 403])
@pytest.mark.parametrize("how", ["seconds", "date"])
async def test_after_retry_after_nobody_asks_that_host(transport: Transport, status: int, how: str) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.path == "/busy":
            return reply("later", status, {"Retry-After": "1" if how == "seconds" else soon(2)})
        return reply("x")

    async with RawServer(answer) as server, RawServer(lambda _: reply("x")) as elsewhere:
        asking, other = client(transport, server), client(transport, server)
        await asking.get(f"{server.url}/busy")
        began = time.monotonic()
        waiting = [asyncio.create_task(one.get(f"{server.url}/x")) for one in (asking, other)]
        async with asyncio.timeout(0.5):
            await client(transport, elsewhere).get(elsewhere.url)
        held = asyncio.create_task(asking.get(f"{server.url}/x"))
        await asyncio.sleep(0.05)
        held.cancel()
        async with asyncio.timeout(0.1):
            await asyncio.wait([held])
        await asyncio.gather(*waiting)
        assert time.monotonic() - began >= 0.9
        assert len(server.asked) == 3


async def test_retry_after_of_a_list_that_is_refused_counts_too(transport: Transport) -> None:
    async with RawServer(lambda _: reply("later", 503, {"Retry-After": "200"})) as server:
        asking = client(transport, server)
        with pytest.raises(Unavailable):
            async with asking.stream(server.url) as answer:
                raise Unavailable(str(answer.status))
        assert 190 < asking.window.held <= 200
        assert asking.window.refusals == 1


async def test_retry_after_of_an_answer_or_a_redirect_is_none(transport: Transport) -> None:
    async with RawServer(lambda _: reply("x", headers={"Retry-After": "200"})) as server:
        asking = client(transport, server)
        await asking.get(server.url)
        assert asking.window.held == 0


async def test_a_provider_has_a_pace_of_its_own_that_holds_no_slot(transport: Transport) -> None:
    async with RawServer(lambda _: reply("x")) as server:
        slow, quick = client(transport, server, per_second=5), client(transport, server)
        began = time.monotonic()
        waiting = [asyncio.create_task(slow.get(server.url)) for _ in range(30)]
        await asyncio.sleep(0.05)
        await asyncio.gather(*(quick.get(server.url) for _ in range(50)))
        assert time.monotonic() - began < 0.6
        await asyncio.gather(*waiting[:6])
        assert time.monotonic() - began >= 0.95
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)


async def test_a_window_wider_than_a_hundred_is_not_held_back_by_the_pool() -> None:
    transport = Transport(max_parallel=130)
    async with RawServer(lambda _: reply("x"), hold=0.5) as server:
        asking = client(transport, server)
        await asyncio.gather(*(asking.get(server.url) for _ in range(700)))
    await transport.close()
    assert server.most == 130


async def test_connections_are_kept_between_requests(transport: Transport) -> None:
    async with RawServer(lambda _: reply("x")) as server:
        asking = client(transport, server)
        for _ in range(5):
            await asking.get(server.url)
        assert server.connections == 1


async def test_a_list_that_is_left_early_closes_its_connection_and_frees_its_slot(transport: Transport) -> None:
    async with RawServer(lambda _: unmeasured(b"x" * MiB, headers={"Content-Length": str(10 * MiB)})) as server:
        asking = client(transport, server)
        async with asking.stream(server.url) as streamed:
            async for _ in streamed.chunks():
                break
        assert asking.window.active == 0
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not server.connections:
                break
        assert server.connections == 0


async def test_headers_cannot_be_smuggled(transport: Transport) -> None:
    async with RawServer(lambda _: reply("")) as server:
        asking = client(transport, server, headers={"User-Agent": "a\r\nX-Evil: 1"}, cookies={"mac": "x\r\nX-Evil: 2"})
        await asking.get(server.url, headers={"SN": "1\nX-Evil: 3"})
    assert "x-evil" not in server.asked[0].headers


async def test_posts_a_body(transport: Transport) -> None:
    async with RawServer(lambda asked: reply(asked.method.encode() + asked.body)) as server:
        found = await client(transport, server).post(
            server.url, body=b"{}", headers={"Content-Type": "application/json"}
        )
    assert found.body == b"POST{}"


async def test_addresses_that_are_none_are_malformed(transport: Transport) -> None:
    asking = transport.client(url="http://h.invalid")
    for url in ("ftp://h/x", "http://", "http://[::1", "nonsense"):
        with pytest.raises(ProviderError) as error:
            await asking.get(url, params={"password": SECRET})
        assert SECRET not in str(error.value)


async def test_errors_carry_no_cause_with_the_address_in_it(transport: Transport) -> None:
    async with RawServer(lambda _: None) as server:
        with pytest.raises(Unavailable) as error:
            await client(transport, server).get(server.url, params={"password": SECRET})
    found = SimpleNamespace(error=error.value)
    assert found.error.__cause__ is None
    assert found.error.__suppress_context__
