"""From rows to records: every odd spelling that portals were seen to use."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, MovieRecord, SeriesRecord
from app.providers.stalker.box import Box, open_box
from app.providers.stalker.bulk import Splitter
from app.providers.stalker.classify import classify
from app.providers.stalker.commands import bare, holds_secret, playable, steady
from app.providers.stalker.login import read_account
from app.providers.stalker.parse import Reader, read_categories
from app.providers.stalker.rows import CategoryRow, ChannelRow, TitleRow, read_listing
from app.providers.stalker.site import Site, base_of, candidates
from app.providers.transport import Reply

BOX = Box(mac="00:1A:79:C0:FF:EE", username="fake-viewer", password="fake-secret-7")
SITE = Site(endpoint="http://portal.test:8080/stalker_portal/server/load.php")
READER = Reader(site=SITE, timezone="Europe/Berlin", secrets=BOX.secrets)


def listing(kind: type, *rows: Any) -> Any:
    body = orjson.dumps({"js": {"data": rows}})
    return read_listing(classify(Reply(status=200, headers={}, body=body, url="")), kind)


def title(**fields: Any) -> Any:
    records, rejected = READER.titles(listing(TitleRow, {"id": "7", "name": "A", **fields}))
    assert not rejected
    return records[0]


def channel(**fields: Any) -> Any:
    records, rejected = READER.channels(listing(ChannelRow, {"id": "812", "name": "News", **fields}))
    assert not rejected
    return records[0]


def test_a_movie_keeps_what_the_portal_said() -> None:
    found = title(
        o_name="Original",
        description="Words",
        director="Jane Doe",
        actors="A B, C D",
        year="2019-04-01",
        added="2024-05-02 10:11:12",
        time="112",
        rating_imdb="7,4",
        rating_kinopoisk="6.1",
        category_id=5,
        hd="1",
        censored=0,
        genres_str="Drama, Crime",
        country="France",
        screenshot_uri="/stalker_portal/screenshots/1/7.jpg",
        cmd="/media/7.mpg",
        tmdb_id="603",
        series=False,
    )
    assert found == MovieRecord(
        external_id="7",
        name="A",
        original_name="Original",
        description="Words",
        director="Jane Doe",
        actors=("A B", "C D"),
        year=2019,
        added_at=1_714_637_472_000,
        duration=112,
        rating=6.1,
        rating_imdb=7.4,
        category_ids=("5",),
        is_hd=True,
        censored=False,
        genres=("Drama", "Crime"),
        country="France",
        poster="http://portal.test:8080/stalker_portal/screenshots/1/7.jpg",
        cmd="/media/7.mpg",
        locator={"id": "7", "cmd": "/media/7.mpg"},
        extra={"tmdbId": "603"},
    )


@pytest.mark.parametrize(
    ("name", "original", "shown"),
    [
        ("", "Original", ("Original", "Original")),
        ("A", "", ("A", "A")),
        (None, None, ("", None)),
        (12, None, ("12", "12")),
    ],
)
def test_names_stand_in_for_each_other(name: Any, original: Any, shown: Any) -> None:
    found = title(name=name, o_name=original)
    assert (found.name, found.original_name) == shown


@pytest.mark.parametrize(
    ("fields", "kind", "shape"),
    [
        ({"is_series": "1", "series": []}, SeriesRecord, {"id": "7", "shape": "vod"}),
        ({"is_series": True, "is_movie": True, "series": False}, SeriesRecord, {"id": "7", "shape": "vod"}),
        (
            {"is_series": 0, "series": [1, "2"], "cmd": "abc"},
            SeriesRecord,
            {"id": "7", "shape": "embedded", "cmd": "abc", "series": [1, 2]},
        ),
        ({"is_series": "0", "series": False, "is_movie": True}, MovieRecord, {"id": "7"}),
        ({"series": []}, MovieRecord, {"id": "7"}),
    ],
)
def test_series_are_told_from_movies(fields: Any, kind: type, shape: Any) -> None:
    found = title(**fields)
    assert type(found) is kind
    assert isinstance(found, MovieRecord | SeriesRecord)
    assert found.locator == shape
    assert found.space == ("vod" if kind is SeriesRecord else "")


@pytest.mark.parametrize("value", [False, "", None, "0", "N/A", "data:image/png;base64,xx", [], {}])
def test_what_is_no_picture_is_none(value: Any) -> None:
    assert title(screenshot_uri=value).poster is None
    assert channel(logo=value).logo is None


@pytest.mark.parametrize(
    ("logo", "url"),
    [
        ("812.png", "http://portal.test:8080/stalker_portal/misc/logos/320/812.png"),
        ("/x/y.png", "http://portal.test:8080/x/y.png"),
        ("//cdn.test/y.png", "http://cdn.test/y.png"),
        ("https://cdn.test/y z.png", "https://cdn.test/y%20z.png"),
    ],
)
def test_logos_become_absolute(logo: str, url: str) -> None:
    assert channel(logo=logo).logo == url


def test_pictures_of_panels_hang_below_their_root() -> None:
    assert Site(endpoint="http://h/portal.php").logo("1.png") == "http://h/misc/logos/320/1.png"
    assert Site(endpoint="http://h/c/portal.php").path == ""
    assert Site(endpoint="http://h/a/b/server/load.php").path == "/a/b"
    assert Site(endpoint="http://h/a/portal.php").referer == "http://h/a/c/"


def test_a_channel_counts_its_archive_in_days() -> None:
    found = channel(number="7.1", tv_genre_id=5, enable_tv_archive="1", tv_archive_duration="36", xmltv_id="news.uk")
    assert isinstance(found, ChannelRecord)
    assert (found.number, found.archive, found.archive_days, found.epg_id) == (7.1, True, 1.5, "news.uk")
    assert found.category_ids == ("5",)
    assert channel(enable_tv_archive=0, archive=1, tv_archive_duration="").archive is False
    assert channel(archive=1, tv_archive_duration=168).archive_days == 7


@pytest.mark.parametrize(
    ("cmd", "flags", "locator", "shown"),
    [
        (
            "ffrt http://localhost/ch/812_",
            {},
            {"cmd": "ffrt http://localhost/ch/812_"},
            "ffrt http://localhost/ch/812_",
        ),
        (
            "ffmpeg http://edge.test/812",
            {"use_http_tmp_link": "0"},
            {"cmd": "ffmpeg http://edge.test/812", "direct": True},
            "ffmpeg http://edge.test/812",
        ),
        (
            "ffmpeg http://edge.test/812",
            {"use_http_tmp_link": 1},
            {"cmd": "ffmpeg http://edge.test/812"},
            "ffmpeg http://edge.test/812",
        ),
        (
            "auto udp://@239.0.0.1:1234",
            {},
            {"cmd": "auto udp://@239.0.0.1:1234", "direct": True},
            "auto udp://@239.0.0.1:1234",
        ),
        (
            "ffmpeg http://h.test/live/joe/hunter2/812.ts",
            {},
            {"cmd": "ffrt http://localhost/ch/812_", "hidden": True},
            None,
        ),
        (
            "ffmpeg http://h.test/x?mac=00:1A:79:C0:FF:EE",
            {},
            {"cmd": "ffrt http://localhost/ch/812_", "hidden": True},
            None,
        ),
        ("udp://wtf?", {}, {"cmd": "udp://wtf?"}, "udp://wtf?"),
        ("", {}, {}, None),
    ],
)
def test_commands_are_kept_without_what_names_the_account(cmd: str, flags: Any, locator: Any, shown: Any) -> None:
    found = channel(cmd=cmd, **flags)
    assert (found.locator, found.cmd) == ({"id": "812", **locator}, shown)


@pytest.mark.parametrize(
    ("cmd", "secret"),
    [
        ("ffmpeg http://h.test/user/pass/12", True),
        ("http://h.test/movie/user/pass/12.mkv", True),
        ("http://user:pass@h.test/12", True),
        ("http://h.test/12?token=abc", True),
        ("http://h.test/fake-viewer.m3u8", True),
        ("http://h.test/001a79c0ffee/x.ts", True),
        ("http://h.test/00%3A1A%3A79%3AC0%3AFF%3AEE/x.ts", True),
        ("http://[broken", True),
        ("ffrt http://localhost/ch/812_", False),
        ("http://h.test/12.m3u8?start=5", False),
        ("/media/12.mpg", False),
        ("eyJ0eXBlIjoibW92aWUifQ==", False),
    ],
)
def test_secrets_in_commands_are_seen(cmd: str, secret: bool) -> None:  # noqa: FBT001 - a table
    assert holds_secret(cmd, BOX.secrets) is secret


def test_the_same_link_is_taken_at_every_sync() -> None:
    links = [
        {"id": "9", "priority": "1", "url": "u9"},
        {"id": "12", "priority": 0, "url": "u12"},
        {"id": 3, "priority": 0, "url": "u3"},
    ]
    assert steady("ffrt http://localhost/ch/12_", links) == "ffrt http://localhost/ch/3_"
    assert steady("ffrt http://localhost/ch/9_", list(reversed(links))) == "ffrt http://localhost/ch/3_"
    assert steady("u9", links) == "u3"
    assert steady("other", links) == "other"
    assert steady("ffrt http://localhost/ch/12_", ["udp://a", "udp://b"]) == "ffrt http://localhost/ch/12_"


@pytest.mark.parametrize(
    ("cmd", "url"),
    [
        ("ffmpeg http://a/b", "http://a/b"),
        ("http://a/b c", "http://a/b c"),
        ("auto rtp://@1:2", "rtp://@1:2"),
        ("", ""),
    ],
)
def test_the_solution_is_no_part_of_the_link(cmd: str, url: str) -> None:
    assert bare(cmd) == url


def test_links_that_no_player_can_open() -> None:
    for url in (
        "",
        "/live/1.ts",
        "http://localhost/live/1.ts",
        "http://h/live/u/p/",
        "http://h/live/u/p/.ts",
        "udp://wtf?",
        "http://[",
    ):
        assert not playable(url)
    assert playable("http://127.0.0.1:9/live/1.ts", "127.0.0.1:9")
    assert playable("http://h/live/1.ts?x=1")


def test_categories_keep_their_order_and_lose_what_is_none() -> None:
    rows = [
        {"id": "*", "title": "All"},
        {"id": "pvr", "title": "PVR"},
        {"id": "dvb", "title": "DVB"},
        {"id": "coming_soon", "title": "Soon"},
        {"id": 5, "title": "News &amp; More", "censored": "1"},
        {"id": "", "title": ""},
        {"id": "7", "category_name": "Same"},
        {"category_id": "8", "name": "Same"},
        {"id": 5, "title": "Again"},
        None,
        {"title": "No id"},
        "text",
    ]
    records, rejected = read_categories(listing(CategoryRow, *rows), Kind.MOVIE)
    assert [(one.external_id, one.name, one.position, one.censored) for one in records] == [
        ("5", "News &amp; More", 0, True),
        ("7", "Same", 1, False),
        ("8", "Same", 2, False),
    ]
    assert [one.reason for one in rejected] == ["has no id", "is no object"]


def test_a_bad_record_is_refused_with_its_reason_and_its_text() -> None:
    rows = [{"id": "1"}, {"id": None, "name": "x" * 5000}, None, {"id": {"a": 1}}, {"id": True}, {"id": 0}]
    records, rejected = READER.titles(listing(TitleRow, *rows))
    assert [record.external_id for record in records] == ["1", "0"]
    assert [one.reason for one in rejected] == ["has no id", "is no object", "has no id", "has no id"]
    assert len(rejected[0].raw) == 2000
    assert rejected[1].raw == "null"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(TitleRow.__struct_fields__), JSON),
    st.dictionaries(st.sampled_from(ChannelRow.__struct_fields__), JSON),
)
def test_no_value_in_any_field_breaks_a_page(one: dict[str, Any], other: dict[str, Any]) -> None:
    rows = READER.titles(listing(TitleRow, _plain(one) | {"id": 1}))
    channels = READER.channels(listing(ChannelRow, _plain(other) | {"id": 1}))
    assert [len(records) for records, _ in (rows, channels)] == [1, 1]


def _plain(value: Any) -> Any:
    return {name: field for name, field in value.items() if _spellable(field)}


def _spellable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("step", [1, 7, 1000, 70_000, 10_000_000])
def test_one_big_answer_is_taken_apart_whatever_pieces_it_comes_in(step: int) -> None:
    rows = [{"id": n, "name": 'a},{"b', "cmds": [{"id": 1}, {"id": 2}]} for n in range(8000)]
    body = orjson.dumps({"js": {"total_items": 8000, "max_page_items": 14, "data": rows}, "text": "x"})
    if step == 1:
        body = orjson.dumps({"js": {"total_items": 8000, "data": rows[:200]}})
    splitter, found, most = Splitter(), [], 0
    for start in range(0, len(body), step):
        part = splitter.feed(body[start : start + step])
        found += part.rows if part else []
        most = max(most, len(splitter._buffer))
    rest = splitter.end(Reply(status=200, headers={}, body=b"", url=""))
    assert [row.id for row in found + rest.rows] == [row["id"] for row in rows[: 200 if step == 1 else None]]
    assert rest.total == 8000
    assert most <= 256 * 1024 + max(step, 1000)


@pytest.mark.parametrize(
    ("url", "first"),
    [
        ("http://h:8080/c/", "http://h:8080/portal.php"),
        ("h:8080/c", "http://h:8080/portal.php"),
        ("http://h/stalker_portal/c/?x=1", "http://h/stalker_portal/portal.php"),
        ("http://h/portal.php?type=stb", "http://h/portal.php"),
        ("http://u:p@h/c/", "http://h/portal.php"),
    ],
)
def test_candidates_begin_with_the_likeliest(url: str, first: str) -> None:
    found = candidates(url, None)
    assert found[0] == first
    assert len(found) == len(set(found))
    assert f"{Site(endpoint=base_of(url)).origin}/stalker_portal/server/load.php" in found
    assert candidates(url, "http://h/old.php")[0] == "http://h/old.php"


@pytest.mark.parametrize(
    ("info", "expires"),
    [
        ({"phone": "March 3, 2027, 11:05 pm"}, 1_804_115_100_000),
        ({"phone": "Unlimited"}, None),
        ({"phone": "0791234567"}, None),
        ({"end_date": "2027-03-03"}, 1_804_032_000_000),
        ({"end_date": "2027-03-03 10:00:00"}, 1_804_068_000_000),
        ({"end_date": "0000-00-00 00:00:00", "phone": "03.03.2027"}, 1_804_032_000_000),
        ({"expire_billing_date": "1804032000"}, 1_804_032_000_000),
        ({}, None),
    ],
)
def test_the_end_of_an_account_is_read_in_every_spelling(info: Any, expires: int | None) -> None:
    assert read_account({}, info, "UTC").expires_at == expires


@pytest.mark.parametrize("mac", ["00:1a:79:c0:ff:ee", "00-1A-79-C0-FF-EE", " 00:1A:79:C0:FF:EE "])
def test_a_mac_is_taken_in_any_usual_spelling(mac: str) -> None:
    assert open_box({"mac": mac}, {}).mac == "00:1A:79:C0:FF:EE"


def test_no_part_of_a_box_shows_its_secrets() -> None:
    box = open_box({"mac": BOX.mac, "username": "fake-viewer", "password": "fake-secret-7"}, {})
    shown = repr(box)
    assert not any(secret in shown.lower() for secret in (*box.secrets, box.serial.lower()))
    assert box.hush("Your box 00:1a:79:C0:FF:EE is blocked") == "Your box … is blocked"
