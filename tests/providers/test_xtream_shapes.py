import json
import random
import tracemalloc
from sys import getsizeof
from typing import Any

import pytest

from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, MovieRecord, SeriesRecord
from app.providers.base import ScopeReport, StepReport
from app.providers.xtream.parse import LiveRow, Membership, TitleRow
from app.providers.xtream.spool import Repeats
from tests.providers.panel import LIST_ACTIONS, PASSWORD, STEPS, USERNAME, panel
from tests.providers.raw_server import reply, unmeasured

KINDS = list(Kind)
CATEGORY_ACTIONS = {
    Kind.CHANNEL: "get_live_categories",
    Kind.MOVIE: "get_vod_categories",
    Kind.SERIES: "get_series_categories",
}
KEYS = {Kind.CHANNEL: "stream_id", Kind.MOVIE: "stream_id", Kind.SERIES: "series_id"}


async def one_record(kind: Kind, row: dict[str, Any]) -> Any:
    async with panel({LIST_ACTIONS[kind]: [{KEYS[kind]: 7, **row}]}, path="/sub") as one:
        [record], rejected = await one.walked(kind)
    assert not rejected
    return record


async def test_a_channel_of_a_new_panel() -> None:
    row = {
        "num": 3, "name": " UK | One &amp; Two ", "stream_type": "live", "stream_id": 5012, "custom_sid": "9:1",
        "stream_icon": "http://img.example.test/a b.png", "epg_channel_id": " One.example ", "added": "1714000000",
        "tv_archive": 1, "tv_archive_duration": "7", "direct_source": "", "category_id": "12", "category_ids": [12, 90],
        "is_adult": "0",
    }  # fmt: skip
    assert await one_record(Kind.CHANNEL, row) == ChannelRecord(
        external_id="5012",
        name=" UK | One &amp; Two ",
        category_ids=("12", "90"),
        added_at=1714000000000,
        censored=False,
        locator={"id": "5012"},
        extra={"customSid": "9:1"},
        logo="http://img.example.test/a%20b.png",
        epg_id="One.example",
        archive=True,
        archive_days=7,
    )


@pytest.mark.parametrize("nothing", [None, "", [], "N/A"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_row_of_nothing_but_its_id(kind: Kind, nothing: Any) -> None:
    names = {*LiveRow.__struct_fields__, *TitleRow.__struct_fields__} - {"stream_id", "series_id"}
    row = dict.fromkeys(names, nothing) | dict.fromkeys(("name", "title", "category_id", "custom_sid"))
    made = {Kind.CHANNEL: ChannelRecord, Kind.MOVIE: MovieRecord, Kind.SERIES: SeriesRecord}[kind]
    assert await one_record(kind, row) == made(external_id="7", name="", locator={"id": "7"})


@pytest.mark.parametrize(
    ("row", "archive", "days"),
    [({}, None, None), ({"tv_archive": 0}, False, None), ({"tv_archive": "1"}, False, None),
     ({"tv_archive": 1, "tv_archive_duration": 0}, False, None),
     ({"tv_archive": 0, "tv_archive_duration": 7}, False, None),
     ({"tv_archive": "1", "tv_archive_duration": "3"}, True, 3)],
)  # fmt: skip
async def test_an_archive_needs_days(row: dict[str, Any], archive: bool | None, days: int | None) -> None:  # noqa: FBT001
    found = await one_record(Kind.CHANNEL, row)
    assert (found.archive, found.archive_days) == (archive, days)


async def test_a_movie_with_everything() -> None:
    row = {
        "name": "Film (2018)", "title": "Film", "o_name": "Der Film", "year": "2019", "stream_icon": "posters/1.jpg",
        "added": 1714000000, "category_id": 4, "rating": "7,4", "rating_5based": 3.7, "container_extension": "MKV",
        "plot": "Tom &amp; Jerry", "cast": "A One, B Two", "director": "C", "genre": "Drama / Crime", "country": "DE",
        "release_date": "2019-04-01", "youtube_trailer": "abc", "episode_run_time": "112", "tmdb": "55", "is_adult": 1,
        "backdrop_path": ["/b.jpg"], "direct_source": "http://cdn.example.test/film.mkv",
    }  # fmt: skip
    found = await one_record(Kind.MOVIE, row)
    assert found.poster.startswith("http://127.0.0.1:")
    assert found.poster.endswith("/posters/1.jpg")
    assert found.extra.pop("backdrop").endswith("/b.jpg")
    assert found == MovieRecord(
        external_id="7", name="Film (2018)", original_name="Der Film", year=2019, poster=found.poster,
        added_at=1714000000000, category_ids=("4",), rating=7.4, description="Tom & Jerry", actors=("A One", "B Two"),
        director="C", genres=("Drama", "Crime"), country="DE", duration=112, censored=True,
        locator={"id": "7", "ext": "mkv"},
        extra={"tmdb": 55, "trailer": "abc", "released": "2019-04-01", "directSource": "http://cdn.example.test/film.mkv"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "name", "year", "rating"),
    [({"name": "", "title": "T", "rating_5based": "4,5"}, "T", None, 9.0),
     ({"name": "T (1999)", "rating": "N/A", "rating_5based": 0}, "T (1999)", 1999, None),
     ({"name": "T", "releaseDate": "2001-02-03", "rating": 8}, "T", 2001, 8.0),
     ({"name": "T (live)", "year": "0", "rating": "0"}, "T (live)", None, None)],
)  # fmt: skip
async def test_fields_with_several_names_help_each_other_out(
    row: dict[str, Any], name: str, year: int | None, rating: float | None
) -> None:
    for kind in (Kind.MOVIE, Kind.SERIES):
        found = await one_record(kind, row)
        assert (found.name, found.year, found.rating) == (name, year, rating)


async def test_a_series_is_as_old_as_its_last_change() -> None:
    found = await one_record(Kind.SERIES, {"name": "S", "last_modified": "1714000000", "cover": "http://h/c.jpg"})
    assert (found.added_at, found.poster, found.locator) == (1714000000000, "http://h/c.jpg", {"id": "7"})


@pytest.mark.parametrize(
    "url",
    [f"http://h/live/{USERNAME}/{PASSWORD}/7.ts", "http://h/x?token=abc", "http://u:p@h/x", "rtmp://h/x", "x",
     "http://h/live/fake-user%401/fake%2Bpass%2F7/7.ts"],
)  # fmt: skip
async def test_no_address_with_the_account_in_it_is_kept(url: str) -> None:
    found = await one_record(Kind.MOVIE, {"direct_source": url, "stream_icon": url if "live" in url else None})
    assert found.extra == {}
    assert found.poster is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_may_be_an_object_keyed_by_index(kind: Kind) -> None:
    rows = {str(number): {KEYS[kind]: str(number), "name": f"N{number}"} for number in range(1, 1201)}
    async with panel({LIST_ACTIONS[kind]: rows}) as one:
        pages = await one.pages(kind)
    assert [len(page.records) for page in pages] == [500, 500, 200]
    assert [page.last for page in pages] == [False, False, True]
    assert [record.external_id for page in pages for record in page.records] == list(rows)[:1200]
    assert [page.number for page in pages] == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "last"),
    [("[]", True), ("{}", True), ("\ufeff[ ]", True), ("null", False), ("false", False), ('""', False)],
)
async def test_only_a_closed_list_proves_that_there_is_nothing(body: str, last: bool) -> None:  # noqa: FBT001
    async with panel({"get_vod_streams": reply(body)}) as one:
        [page] = await one.pages(Kind.MOVIE)
        [scope] = await one.provider.scopes(STEPS[Kind.MOVIE], frozenset(Kind))
        report = ScopeReport(scope=scope, complete=page.last and not page.doubtful, distinct=0, total=None)
        verdict = await one.provider.review(StepReport(step=scope.step, scopes=(report,), distinct=0))
    assert (page.records, page.last, page.doubtful) == ([], last, not last)
    assert verdict.proven is last
    assert (verdict.doubt is None) is last


async def test_nothing_is_lost_when_elements_are_bad() -> None:
    rows = [b'{"stream_id":%d,"name":"ok"}' % number for number in range(1, 1001)]
    rows[100:100] = [b"null", b'"corrupt"', b'{"name":"no id"}', b'{"stream_id":0}', b'{"stream_id":null}', b"[1]"]
    rows[900:900] = [b'{"stream_id":5001,"name":"caf\xe9"}', b'{"stream_id":5002,"name":"tab\there"}']
    rows.append(b'{"stream_id":5003,"name":null}')
    rows.append(b'{"name":"' + f"{USERNAME} {PASSWORD}".encode() + b"x" * 9000 + b'"}')
    async with panel(
        {"get_vod_streams": unmeasured(b"[" + b",\n".join(rows) + b"]", headers={"Connection": "close"})}
    ) as one:
        one.server._close = True
        records, rejected = await one.walked(Kind.MOVIE)
    assert {record.external_id for record in records} == {str(number) for number in (*range(1, 1001), 5001, 5002, 5003)}
    assert [record.name for record in records if record.external_id.startswith("500")] == [
        "ok",
        "caf\ufffd",
        "tab\there",
        "",
    ]
    assert len(rejected) == 7
    assert all(one.reason and one.kind is Kind.MOVIE and len(one.raw) <= 2000 for one in rejected)
    assert not any(secret in one.raw for one in rejected for secret in (USERNAME, PASSWORD))


ROWS = [
    (1, "12", [12]),
    (2, "9", None),
    (1, "90", None),
    (3, "5", [5, 6]),
    (1, "7", [7, 12, 3]),
    (2, "10", None),
    (4, "0", []),
]


async def test_a_title_listed_once_per_category_is_one_record_with_all_of_them() -> None:
    rows = [{"stream_id": one, "name": "n", "category_id": own, "category_ids": more} for one, own, more in ROWS]
    found = []
    for _ in range(6):
        async with panel({"get_vod_streams": rows}) as one:
            records, _ = await one.walked(Kind.MOVIE)
        found.append({record.external_id: record for record in records})
        assert len(records) == 4
        random.Random(len(found)).shuffle(rows)
    assert {key: record.category_ids for key, record in found[0].items()} == {
        "1": ("7", "12", "90", "3"), "2": ("9", "10"), "3": ("5", "6"), "4": (),
    }  # fmt: skip
    assert all(one == found[0] for one in found)


def test_knowing_all_ids_takes_little_memory() -> None:
    repeats = Repeats("stream_id")
    for start in range(0, 200_000, 1000):
        repeats.note([Membership(stream_id=str(number)) for number in range(start, start + 1000)])
    repeats.note([Membership(stream_id=77)])
    assert getsizeof(repeats._seen) < 2_400_000  # 12 MB for a million
    tracemalloc.start()
    assert repeats.settle()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 9_600_000  # 48 MB for a million, for a moment
    assert repeats._repeated == {hash("77")}
    assert not repeats._seen


@pytest.mark.parametrize("kind", KINDS)
async def test_categories_keep_their_order_and_names(kind: Kind) -> None:
    rows = [
        {"category_id": "0", "category_name": "All", "parent_id": 0},
        {"category_id": "12", "category_name": " UK | News ", "parent_id": 0},
        {"category_id": 3, "category_name": None},
        {"category_id": "12", "category_name": "again"},
        {"category_name": "lost"},
        "odd",
    ]
    async with panel({CATEGORY_ACTIONS[kind]: rows}) as one:
        found = await one.provider.categories(kind)
    assert [(record.external_id, record.name) for record in found.records] == [("12", " UK | News "), ("3", "")]
    assert [record.position for record in found.records] == [0, 1]
    assert len(found.rejected) == 2
    assert found.known


@pytest.mark.parametrize(
    ("answer", "known"),
    [([], True), ({}, True), (None, False), (False, False), ({"user_info": {"auth": 1}}, False),
     (reply("<html>404</html>", 404), False)],
)  # fmt: skip
async def test_an_account_without_categories(answer: Any, known: bool) -> None:  # noqa: FBT001
    body = reply(json.dumps(answer)) if not isinstance(answer, bytes) else answer
    async with panel({"get_vod_categories": body}) as one:
        found = await one.provider.categories(Kind.MOVIE)
    assert (list(found.records), found.known) == ([], known)


async def test_categories_may_be_an_object_keyed_by_index() -> None:
    async with panel({"get_vod_categories": {"1": {"category_id": 5, "category_name": "A"}}}) as one:
        found = await one.provider.categories(Kind.MOVIE)
    assert [record.external_id for record in found.records] == ["5"]


async def test_only_the_kinds_of_the_job_are_walked() -> None:
    async with panel({}) as one:
        for kind, step in STEPS.items():
            assert [scope.kinds for scope in await one.provider.scopes(step, frozenset({kind}))] == [{kind}]
            assert not await one.provider.scopes(step, frozenset(Kind) - {kind})
