"""What entries become: kinds, groups, identities, series, and the facts of each."""

from typing import Any

import pytest

from app.domain.kinds import Kind
from tests.providers.m3u_list import served


def entry(name: str, url: str, attributes: str = "", *, duration: str = "-1", between: str = "") -> str:
    return f"#EXTINF:{duration} {attributes},{name}\n{between}{url}\n"


def listed(*entries: str, head: str = "#EXTM3U") -> str:
    return "\n".join([head, *entries])


LIVE = "{base}/live/fake-user/fake-pass"
WAYS: dict[str, tuple[str, str, str, Kind]] = {
    "xtream live": ("A", f"{LIVE}/1.ts", "", Kind.CHANNEL),
    "xtream without a folder": ("A", "{base}/fake-user/fake-pass/1", "", Kind.CHANNEL),
    "xtream movie": ("A", "{base}/movie/fake-user/fake-pass/1.mkv", "", Kind.MOVIE),
    "xtream movie with the name of an episode": ("A S01E01", "{base}/movie/fake-user/fake-pass/1.mp4", "", Kind.MOVIE),
    "xtream episode": ("A S01E01", "{base}/series/fake-user/fake-pass/1.mkv", "", Kind.SERIES),
    "xtream series without a marker": ("A", "{base}/series/fake-user/fake-pass/1.mkv", "", Kind.MOVIE),
    "a channel with the name of an episode": ("A S01E01", "http://h/a/index.m3u8", "", Kind.CHANNEL),
    "a file": ("A", "http://h/files/a.mp4?x=1", "", Kind.MOVIE),
    "a file with a marker": ("A 1x02", "http://h/files/a.mkv", "", Kind.SERIES),
    "a live file": ("A", "http://h/live/a.mp4", "", Kind.CHANNEL),
    "hls": ("A", "http://h/movie/a.m3u8", "", Kind.CHANNEL),
    "flv": ("A", "http://h/a.flv", "", Kind.CHANNEL),
    "no ending": ("A", "http://h/vod/a", "", Kind.CHANNEL),
    "said to be a movie": ("A", "http://h/a", 'tvg-type="movie"', Kind.MOVIE),
    "said to be a series": ("A S01E01", "http://h/a", 'tvg-type="serie"', Kind.SERIES),
    "said to be live": ("A", "http://h/a.mp4", 'tvg-type="live"', Kind.CHANNEL),
    "media": ("A", "http://h/a", 'media="true"', Kind.MOVIE),
    "radio": ("A", "http://h/a.mp4", 'radio="true"', Kind.CHANNEL),
    "a group that sounds like films": ("A", "http://h/a.ts", 'group-title="VOD Movies"', Kind.CHANNEL),
    "another scheme": ("A", "rtmp://h/a", "", Kind.CHANNEL),
    "multicast": ("A", "udp://@239.1.1.1:1234", "", Kind.CHANNEL),
}


@pytest.mark.parametrize("name", WAYS)
async def test_the_kind_of_an_entry_is_weighed_and_live_when_in_doubt(name: str) -> None:
    title, url, attributes, kind = WAYS[name]
    async with served(listed(entry(title, url, attributes))) as case:
        found = {one for one in Kind if await case.records(one)}
    assert found == {kind}


async def test_a_vod_line_or_a_long_duration_in_a_folder_of_films_makes_a_movie() -> None:
    body = listed(
        entry("A", "http://h/a", between="#EXT-X-PLAYLIST-TYPE:VOD\n"),
        entry("B", "http://h/vod/b", duration="5400"),
        entry("C", "http://h/c", duration="5400"),
    )
    async with served(body) as case:
        movies = await case.by_name(Kind.MOVIE)
        assert set(movies) == {"A", "B"}
        assert getattr(movies["B"], "duration", None) == 90


async def test_facts_of_a_channel() -> None:
    head = '#EXTM3U tvg-shift="-2" catchup="append" catchup-days="3" catchup-source="?utc={utc}"'
    body = listed(
        entry(
            "One &amp; Only",
            f"{LIVE}/1.ts|User-Agent=Player%2F1&!X-Own=y",
            'tvg-id="one.ex" tvg-name="One HD" tvg-logo="http://i/a b.png" tvg-chno="7.1" '
            'group-title="News;UK &amp; IE;" tvg-shift="+1.5" tvg-language="English" tvg-country="GB" parent-code="1"',
            between="#EXTVLCOPT:http-referrer=http://r/\n#KODIPROP:inputstream=x\n"
            "#KODIPROP:inputstream.adaptive.license_key=fake-key\n",
        ),
        entry("Two", f"{LIVE}/2.ts", 'tvg-id="(no tvg-id)" catchup="none" radio="true" tvg-logo="/logos/2.png"'),
        entry("Three", f"{LIVE}/3.ts", 'timeshift="5" catchup-days="7" tvg-chno="first" tvg-logo="data:image/png;x"'),
        head=head,
    )
    async with served(body) as case:
        found = await case.records(Kind.CHANNEL)
        one, two, three = found
        assert (one.external_id, one.name, one.number, one.epg_id) == ("1", "One &amp; Only", 7.1, "one.ex")
        assert one.category_ids == ("News", "UK & IE")
        assert one.logo == "http://i/a%20b.png"
        assert (one.archive, one.archive_days, one.censored) == (True, 3, True)
        assert one.extra == {
            "tvgName": "One HD",
            "tvgShift": 1.5,
            "language": "English",
            "country": "GB",
            "kodiProps": {"inputstream": "x"},
        }
        assert one.locator == {
            "url": "{lineup:origin}/live/{lineup:username}/{lineup:password}/1.ts",
            "headers": {"Referer": "http://r/", "User-Agent": "Player/1", "X-Own": "y"},
            "catchup": {"mode": "append", "days": 3, "source": "?utc={utc}"},
        }
        assert (two.epg_id, two.archive, two.extra["radio"]) == (None, False, True)
        assert two.logo == f"{case.server.url}/logos/2.png"
        assert (three.archive_days, three.number, three.logo) == (7, None, None)
        assert [record.name for record in (await case.provider.categories(Kind.CHANNEL)).records] == ["News", "UK & IE"]


SAID_OTHERWISE: list[tuple[str, str, Any]] = [
    ('ch-number="5"', "number", 5),
    ('channel-number="6.2"', "number", 6.2),
    ('tvg-num="7"', "number", 7),
    ('tvg-logo-small="http://i/s.png"', "logo", "http://i/s.png"),
    ('logo="http://i/l.png"', "logo", "http://i/l.png"),
    ('catchup-type="xc" catchup-days="2"', "archive_days", 2),
    ('tvg-rec="3"', "archive_days", 3),
    ('timeshift="4" tvg-rec="9"', "archive_days", 4),
    ('catchup-source="?utc={utc}"', "archive", True),
    ('catchup="shift" catchup-days="0"', "archive", False),
    ('censored="1"', "censored", True),
    ('user-agent="A/1"', "headers", {"User-Agent": "A/1"}),
    ("#EXTVLCOPT--http-user-agent=A/2", "headers", {"User-Agent": "A/2"}),
    ("#EXTVLCOPT:http-origin=http://o", "headers", {"Origin": "http://o"}),
    ('#EXTHTTP:{"user-agent":"A/3","X-Own":"y"}', "headers", {"User-Agent": "A/3", "X-Own": "y"}),
    ("#EXTHTTP:{half", "headers", None),
    ("#KODIPROP:inputstream.adaptive.stream_headers=Referer=http%3A%2F%2Fr", "headers", {"Referer": "http://r"}),
    ("#EXTIMG:http://i/x.png", "headers", None),
]


async def test_what_some_lists_call_otherwise_is_understood() -> None:
    body = listed()
    for n, (said, _, _) in enumerate(SAID_OTHERWISE):
        where = {"between": f"{said}\n"} if said[0] == "#" else {"attributes": said}
        body += "\n" + entry(str(n), f"{LIVE}/{n}.ts", **where)
    async with served(body) as case:
        found = await case.records(Kind.CHANNEL)
    told = [
        one.locator.get("headers") if name == "headers" else getattr(one, name)
        for one, (_, name, _) in zip(found, SAID_OTHERWISE, strict=True)
    ]
    assert told == [expected for _, _, expected in SAID_OTHERWISE]


async def test_names_are_found_elsewhere_where_there_is_none() -> None:
    body = listed(
        entry("", f"{LIVE}/1.ts", 'tvg-name="From the guide" tvg-id="x"'),
        entry("", f"{LIVE}/2.ts", 'tvg-id="from.id"'),
        entry("", f"{LIVE}/3.ts", 'tvc-guide-title="From its station" tvg-id="x"'),
        entry("", "http://h/from%20address.ts?x=1"),
        "http://h/bare.m3u8\n",
    )
    async with served(body) as case:
        assert [one.name for one in await case.records(Kind.CHANNEL)] == [
            "From the guide",
            "from.id",
            "From its station",
            "from address",
            "bare",
        ]


async def test_equal_entries_in_several_groups_are_one_item_and_other_names_are_others() -> None:
    body = listed(
        entry("News", f"{LIVE}/7.ts", 'group-title="A"'),
        entry("Sport", f"{LIVE}/8.ts", 'group-title="A"'),
        entry("NEWS", f"{LIVE}/7.ts", 'group-title="B;A"'),
        entry("News backup", f"{LIVE}/7.ts", 'group-title="C"'),
        entry("Third", f"{LIVE}/7.ts"),
    )
    async with served(body) as case:
        found = [(one.external_id, one.name, one.category_ids) for one in await case.records(Kind.CHANNEL)]
    assert found == [
        ("7", "News", ("A", "B")),
        ("8", "Sport", ("A",)),
        ("7~2", "News backup", ("C",)),
        ("7~3", "Third", ()),
    ]


BEFORE = (
    entry("One", "{base}/live/fake-user/fake-pass/1.ts"),
    entry("Two", "{base}/fake-user/fake-pass/2"),
    entry("Three", "{base}/hls/three/index.m3u8?token=0a1b2c3d4e5f6a7b8c9d&ch=3"),
    entry("Four", "{base}/hls/four/index.m3u8?ch=4&e=1700000000&st=abcDEF123456"),
    entry("Five", "{base}/play/bGl2ZToxMjM0NTY3ODkwYWJjZGVmMTIzNDU2Nzg5MGFi1x", 'tvg-id="five.ex"'),
    entry("Six", "{base}/play/bGl2ZToxMjM0NTY3ODkwYWJjZGVmMTIzNDU2Nzg5MGFi2y", 'tvg-id="six.ex"'),
    entry("Film", "{base}/movie/fake-user/fake-pass/1.mkv?t=1"),
    entry("Show S01E01", "{base}/series/fake-user/fake-pass/3.mkv"),
)
AFTER = tuple(
    one.replace("fake-user/fake-pass", "other-user/other-pass")
    .replace("0a1b2c3d4e5f6a7b8c9d", "ffeeddccbbaa99887766")
    .replace("1700000000&st=abcDEF123456", "1800000000&st=ABCdef654321")
    .replace("bGl2ZToxMjM0NTY3ODkwYWJjZGVmMTIzNDU2Nzg5MGFi", "Zm9vOjk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEwZmVk")
    .replace("?t=1", "?t=2")
    for one in BEFORE
)


async def test_ids_outlive_credentials_tokens_the_host_and_the_order_of_the_list() -> None:
    async with served(listed(*BEFORE)) as case:
        first = {kind: {one.name: one.external_id for one in await case.records(kind)} for kind in Kind}
    moved = served(listed(*reversed(AFTER)), path="/get.php?username=other-user&password=other-pass")
    async with moved as other:
        second = {kind: {one.name: one.external_id for one in await other.records(kind)} for kind in Kind}
    assert case.server.url != other.server.url
    assert first == second
    assert first[Kind.CHANNEL]["One"] == first[Kind.MOVIE]["Film"] == "1"
    assert len(set(first[Kind.CHANNEL].values())) == 6


async def test_a_key_that_all_addresses_share_is_no_part_of_their_ids() -> None:
    urls = [f"http://tv.example.test/KEY/{name}/index.m3u8" for name in ("one", "two", "three", "four")]

    async def ids(key: str) -> list[str]:
        async with served(
            listed(*(entry(url[-12:], url.replace("KEY", key)) for url in urls)), path="/all.m3u"
        ) as case:
            return [one.external_id for one in await case.records(Kind.CHANNEL)]

    assert await ids("A1B2C3D4E5F6") == await ids("9Z8Y7X6W5V4U")
    assert len(set(await ids("A1B2C3D4E5F6"))) == 4


async def test_episodes_make_series_whatever_their_order() -> None:
    series = "{base}/series/fake-user/fake-pass"
    body = listed(
        entry("EN - Dark (2017) S02E01", f"{series}/21.mkv", 'group-title="Drama" tvg-logo="http://i/d.jpg"'),
        entry("EN - Dark (2017) S01 E02 - Lies", f"{series}/12.mkv", 'group-title="Drama"', duration="3000"),
        entry("Other 1x01", f"{series}/31.mkv", 'group-title="Drama"'),
        entry("|EN| DARK 2017 s1e1", f"{series}/11.mkv", 'group-title="New;Drama"'),
        entry("EN - Dark (2017) S01E02 - Lies", f"{series}/13.mkv", 'group-title="Drama"'),
        entry("EN - Dark (2017) S01E02 - Lies", f"{series}/13.mkv", 'group-title="Again"'),
        entry("S03E01", f"{series}/41.mkv", 'group-title="Named by its group"'),
    )
    async with served(body) as case:
        dark, other, grouped = await case.records(Kind.SERIES)
        assert (dark.name, dark.year, dark.poster, dark.episode_count) == (
            "EN - Dark (2017)",
            2017,
            "http://i/d.jpg",
            3,
        )
        assert dark.category_ids == ("Drama", "New", "Again")
        assert (other.name, grouped.name) == ("Other", "Named by its group")
        seasons = await case.provider.seasons(dark.locator)
        assert [(one.number, one.episode_count) for one in seasons] == [(1, 2), (2, 1)]
        episodes = await case.provider.episodes(dark.locator, seasons[0])
        assert [(one.external_id, one.number, one.name, one.duration) for one in episodes] == [
            ("11", 1, None, None),
            ("12", 2, "Lies", 50),
            ("13", 2, "Lies", None),
        ]
        link = await case.provider.resolve(Kind.MOVIE, episodes[1].locator)
        assert link.url == f"{case.server.url}/series/fake-user/fake-pass/12.mkv"
        assert [one.name for one in (await case.provider.categories(Kind.SERIES)).records] == [
            "Drama",
            "New",
            "Again",
            "Named by its group",
        ]
        assert len(case.server.asked) == 1


async def test_what_cannot_be_played_elsewhere_is_refused_without_secrets() -> None:
    body = listed(
        entry("Plugin", "plugin://video.x/?user=fake-user&pass=fake-pass"),
        entry("File", "file:///home/fake-user/a.mkv"),
        entry("Text", "an address with blanks"),
        '#EXTINF:-1 tvg-url="http://h/?password=fake-pass",No address\n',
        entry("Good", f"{LIVE}/1.ts"),
    )
    async with served(body) as case:
        rejected = await case.rejected()
        assert [one.name for one in await case.records(Kind.CHANNEL)] == ["Good"]
    assert len(rejected) == 4
    assert not any("fake-pass" in one.raw for one in rejected)


async def test_an_empty_list_proves_nothing() -> None:
    async with served("#EXTM3U\n") as case:
        (page,) = await case.pages(Kind.MOVIE)
        assert (page.last, page.doubtful) == (False, True)
        assert not (await case.provider.categories(Kind.MOVIE)).known


async def test_a_list_of_channels_alone_proves_that_there_are_no_movies() -> None:
    async with served(listed(entry("A", f"{LIVE}/1.ts"))) as case:
        (page,) = await case.pages(Kind.MOVIE)
        assert (list(page.records), page.last, page.doubtful) == ([], True, False)
