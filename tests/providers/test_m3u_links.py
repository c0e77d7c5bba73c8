"""What is kept of addresses, what is looked up again, and what a list says besides its entries."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.errors import Malformed, Rejected
from app.domain.kinds import Kind, ProviderKind
from app.providers.m3u import provider as provider_module
from app.providers.m3u.archive import Moment, archive_url
from app.providers.registry import parse_address
from tests.providers.m3u_list import served

KEPT = {
    "{base}/live/fake-user/fake-pass/1.ts": "{lineup:origin}/live/{lineup:username}/{lineup:password}/1.ts",
    "{base}/fake-user/fake-pass/1": "{lineup:origin}/{lineup:username}/{lineup:password}/1",
    "http://edge.test/live/fake-user/fake-pass/1.m3u8": "http://edge.test/live/{lineup:username}/{lineup:password}/1.m3u8",
    "{base}/play.php?u=fake-user&pw=fake-pass&ch=1": (
        "{lineup:origin}/play.php?u={lineup:username}&pw={lineup:password}&ch=1"
    ),
    "http://free.test/hls/one/index.m3u8": "http://free.test/hls/one/index.m3u8",
    "http://free.test/5ad8d1d2c0ffee0123456789/master.m3u8": "http://free.test/5ad8d1d2c0ffee0123456789/master.m3u8",
    "udp://@239.1.1.1:1234": "udp://@239.1.1.1:1234",
    "http//free.test/a b.ts": "http://free.test/a%20b.ts",
    "relative/a.m3u8": "{lineup:origin}/relative/a.m3u8",
    "http://h/a.ts?x=1&amp;y=2": "http://h/a.ts?x=1&y=2",
}
LOOKED_UP = [
    "http://edge.test/live/someone/else/1.ts",
    "http://someone:else@edge.test/1.ts",
    "{base}/hls/one.m3u8?token=0a1b2c3d",
    "{base}/hls/one.m3u8?wmsAuthSign=c2VydmVyX3RpbWU9",
    "{base}/hls/one.m3u8?abc=0a1b2c3d4e5f6a7b",
    "{base}/play/bGl2ZToxMjM0NTY3ODkwYWJjZGVmMTIzNDU2Nzg5MGFi",
    "http://free.test/one.ts|Authorization=Bearer%20fake-token",
    "http://free.test/one.ts|Referer=http://r.test/?u=fake-pass",
]


@pytest.mark.parametrize("url", [*KEPT, *LOOKED_UP])
async def test_a_locator_holds_no_secret_and_still_leads_to_the_address(url: str) -> None:
    async with served(f"#EXTM3U\n#EXTINF:-1,A\n{url}\n") as case:
        (record,) = await case.records(Kind.CHANNEL)
        assert record.locator == ({"url": KEPT[url]} if url in KEPT else {"entry": record.external_id})
        fresh = case.open()
        asked = len(case.server.asked)
        link = await fresh.resolve(Kind.CHANNEL, record.locator)
        assert len(case.server.asked) - asked == (url in LOOKED_UP)
        expected = url.partition("|")[0].replace("&amp;", "&").replace("http//", "http://").replace(" ", "%20")
        expected = expected.replace("{base}", case.server.url)
        assert link.url == (expected if "://" in expected else f"{case.server.url}/{expected}")
        assert len(link.headers) == ("|" in url)
        assert link.url not in repr(link)


async def test_new_credentials_need_no_sync() -> None:
    async with served("#EXTM3U\n#EXTINF:-1,A\n{base}/live/fake-user/fake-pass/1.ts\n") as case:
        (record,) = await case.records(Kind.CHANNEL)
        other = case.open("/get.php?username=new%2Fuser&password=new-pass")
        assert (
            await other.resolve(Kind.CHANNEL, record.locator)
        ).url == f"{case.server.url}/live/new%2Fuser/new-pass/1.ts"
        with pytest.raises(Malformed):
            await case.open("/other.m3u").resolve(Kind.CHANNEL, record.locator)


async def test_tokens_are_looked_up_again_and_the_list_is_kept_for_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(token: str) -> str:
        entries = [f"#EXTINF:-1,{n}\n{{base}}/hls/{n}.m3u8?token={token}{n}\n" for n in ("one", "two")]
        return "#EXTM3U\n" + "".join(entries)

    async with served(body("old")) as case:
        one, two = await case.records(Kind.CHANNEL)
        case.body = body("new")
        assert (await case.provider.resolve(Kind.CHANNEL, one.locator)).url.endswith("oldone")
        player = case.open()
        assert (await player.resolve(Kind.CHANNEL, one.locator)).url.endswith("newone")
        assert (await player.resolve(Kind.CHANNEL, two.locator)).url.endswith("newtwo")
        assert len(case.server.asked) == 2
        case.body = body("newer")
        monkeypatch.setattr(provider_module, "FRESH_SECONDS", -1.0)
        assert (await player.resolve(Kind.CHANNEL, two.locator)).url.endswith("newertwo")
        case.body = "#EXTM3U\n#EXTINF:-1,x\nhttp://h/x.ts\n"
        with pytest.raises(Malformed):
            await player.resolve(Kind.CHANNEL, one.locator)


async def test_a_sync_reads_the_list_once_and_the_next_one_anew() -> None:
    async with served("#EXTM3U\n#EXTINF:-1,A\nhttp://h/a.ts\n") as case:
        for _ in range(2):
            for kind in Kind:
                await case.provider.categories(kind)
                await case.pages(kind)
        assert len(case.server.asked) == 2


HEADS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "two": (
        ' x-tvg-url="http://g/a.xml.gz,http://g/b,c.xml"',
        [("header", "http://g/a.xml.gz"), ("header", "http://g/b,c.xml")],
    ),
    "relative": (' url-tvg="epg.xml?a=1&amp;b=2"', [("header", "{base}/epg.xml?a=1&b=2")]),
    "none, of a panel": ("", [("xtream", "{base}/xmltv.php?username=fake-user&password=fake-pass")]),
}


@pytest.mark.parametrize("name", HEADS)
async def test_guides_are_named_by_the_header_or_by_the_panel(name: str) -> None:
    head, expected = HEADS[name]
    async with served(f"#EXTM3U{head}\n#EXTINF:-1,A\nhttp://h/a.ts\n") as case:
        found = await case.provider.guides()
        assert [(one.origin, one.url) for one in found] == [
            (by, url.replace("{base}", case.server.url)) for by, url in expected
        ]
        assert not any("://" in repr(one) for one in found)


async def test_a_chosen_guide_wins_and_asks_nobody() -> None:
    async with served('#EXTM3U url-tvg="http://g/a.xml"\n', options={"epgUrl": "http://mine/x.xml"}) as case:
        assert [(one.origin, one.url) for one in await case.provider.guides()] == [("option", "http://mine/x.xml")]
        assert not case.server.asked


async def test_a_test_reads_the_head_and_says_what_it_tells() -> None:
    async with served('#EXTM3U billed-till="1893456000" max-conn="2"\n' + "#EXTINF:-1,A\nhttp://h/a.ts\n" * 9) as case:
        status = await case.provider.test()
        assert (status.ok, status.expires_at, status.max_connections) == (True, 1_893_456_000_000, 2)
        case.body = "<html>Account expired</html>"
        assert not (await case.provider.test()).ok
        with pytest.raises(Rejected):
            await case.records(Kind.CHANNEL)


URLS = {
    "http://u-name:p-word@h.test/a.m3u": ("h.test:80/a.m3u", "http://h.test/a.m3u", "u-name"),
    "http://h.test:8080/get.php?username=joe&password=fake-pw1&type=m3u_plus": (
        "h.test:8080",
        "http://h.test:8080/get.php",
        "joe",
    ),
    "https://h.test/playlist/joe/fake-pw1/m3u_plus": (
        "h.test:443/playlist/***/***/m3u_plus",
        "https://h.test/playlist/***/***/m3u_plus",
        "joe",
    ),
    "h.test/lists/A1b2C3d4E5f6.m3u?list=sport": ("h.test:80/lists/***?list=sport", "http://h.test/lists/***", ""),
    "http://h.test/a.m3u?token=fake-token&list=2": ("h.test:80/a.m3u?list=2", "http://h.test/a.m3u", ""),
}


@pytest.mark.parametrize("url", URLS)
def test_the_address_of_a_list_is_told_without_its_secrets(url: str) -> None:
    found = parse_address(ProviderKind.M3U, url, {}, {})
    assert (found.address, found.shown, found.account) == URLS[url]
    assert found.url == (url if "://" in url else f"http://{url}")
    assert not found.credentials


MOMENT = Moment(start=1_700_000_000, stop=1_700_003_600, now=1_700_007_200, zone=UTC)
HOUR = datetime.fromtimestamp(MOMENT.start, UTC)
ARCHIVES: list[tuple[str, dict[str, Any], str | None]] = [
    (
        "http://h/a.ts",
        {"mode": "default", "source": "http://h/x?s=${start}&d={duration:60}"},
        "http://h/x?s=1700000000&d=60",
    ),
    (
        "http://h/a.ts",
        {"mode": "append", "source": "?utc={utc}&now={lutc}"},
        "http://h/a.ts?utc=1700000000&now=1700007200",
    ),
    ("http://h/a.ts?x=1", {"mode": "shift"}, "http://h/a.ts?x=1&utc=1700000000&lutc=1700007200"),
    ("http://h/a/index.m3u8?t=1", {"mode": "flussonic"}, "http://h/a/timeshift_rel-7200.m3u8?t=1"),
    ("http://h/a/mono.m3u8", {"mode": "flussonic"}, "http://h/a/mono-timeshift_rel-7200.m3u8"),
    ("http://h/a/mpegts", {"mode": "flussonic-ts"}, "http://h/a/timeshift_abs-1700000000.ts"),
    ("http://h/live/u/p/7.ts", {"mode": "xc"}, "http://h/timeshift/u/p/60/2023-11-14:22-13/7.ts"),
    ("http://h/u/p/7", {"mode": "xc", "correction": -1}, "http://h/timeshift/u/p/60/2023-11-14:21-13/7.ts"),
    (
        "http://h/a",
        {"mode": "append", "source": "-{Y}{m}{d}-{utc:YmdHMS}-{offset:60}"},
        "http://h/a-20231114-20231114221320-120",
    ),
    ("http://h/a", {"mode": "vod", "source": "{catchup-id}"}, None),
    ("http://h/a", {"mode": "default", "source": "http://h/{catchup-id}"}, None),
]


@pytest.mark.parametrize(("url", "catchup", "expected"), ARCHIVES)
def test_archives_are_asked_for_as_the_list_says(url: str, catchup: dict[str, Any], expected: str | None) -> None:
    assert archive_url(url, catchup, MOMENT) == expected


async def test_the_past_of_a_channel_has_an_address() -> None:
    body = (
        '#EXTM3U catchup="xc" catchup-days="5"\n#EXTINF:-1,A\n{base}/live/fake-user/fake-pass/1.ts\n'
        '#EXTINF:-1 catchup="append" catchup-source="?token=0a1b2c3d&utc={utc}",B\nhttp://h/b.ts\n'
        '#EXTINF:-1 catchup="none",C\nhttp://h/c.ts\n'
    )
    async with served(body, options={"timezone": "Europe/Berlin"}) as case:
        one, two, three = await case.records(Kind.CHANNEL)
        assert "0a1b2c3d" not in repr((one, two, three))
        start = (int(time.time()) // 3600 - 5) * 3600
        found = await case.provider.replay(one.locator, start_ms=start * 1000, minutes=90)
        assert found is not None
        assert found.url.startswith(f"{case.server.url}/timeshift/fake-user/fake-pass/90/")
        found = await case.provider.replay(two.locator, start_ms=start * 1000, minutes=90)
        assert found is not None
        assert found.url == f"http://h/b.ts?token=0a1b2c3d&utc={start}"
        assert await case.provider.replay(three.locator, start_ms=start * 1000, minutes=90) is None
