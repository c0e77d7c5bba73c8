import time
from typing import Any

import pytest

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.domain.kinds import Kind
from app.domain.records import MovieRecord
from tests.providers.panel import PASSWORD, USERNAME, account, panel
from tests.providers.raw_server import Asked, RawServer, reply

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>{}</body></html>"
FUTURE, PAST = int(time.time()) + 86400, int(time.time()) - 86400


async def refused(answer: Any, *, action: str = "") -> ProviderError:
    async with panel({action: answer}, retries=1) as one:
        with pytest.raises(ProviderError) as error:
            await one.pages(Kind.MOVIE)
    assert USERNAME not in str(error.value)
    assert PASSWORD not in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"user_info": {"auth": 0}}, Rejected),
        ({"user_info": {"auth": "0", "status": ""}}, Rejected),
        ({"user_info": {"auth": False, "message": "Bad"}}, Rejected),
        ({"user_info": {}}, Rejected),
        ({"error": "Invalid token"}, Rejected),
        ({"error": "something odd"}, Malformed),
        ({"user_info": []}, Malformed),
        ([], Malformed),
        ({}, Malformed),
        (reply('{"user_info":{"auth":0}}', 401), Rejected),
        (reply('{"error":"no"}', 401), Rejected),
        (reply("", 401), Rejected),
        (reply("", 403), Rejected),
        (reply(PAGE.format("404 Not Found"), 404), Rejected),
        (reply(PAGE.format("Welcome")), Rejected),
        (reply("<center>Access Denied</center>"), Rejected),
        (reply("Blocked"), Rejected),
        (reply("forbidden"), Rejected),
        (reply("unauthorized"), Rejected),
        (reply("hello"), Malformed),
        (reply("17"), Malformed),
        (reply(""), Unavailable),
        (reply("  \r\n"), Unavailable),
        (reply("", 204), Unavailable),
        (reply('{"user_info":{"auth":1,"sta'), Unavailable),
        (reply('{"user_info":{"auth":1},'), Unavailable),
        (None, Unavailable),
    ],
)
async def test_every_way_to_say_no_is_told_apart(answer: Any, kind: type[ProviderError]) -> None:
    assert isinstance(await refused(answer), kind)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(code, Rejected) for code in (400, 401, 403, 404, 405, 406, 451, 454, 456, 461, 511, 512, 513, 884, 999)]
    + [(code, Unavailable) for code in (408, 429, 444, 458, 460, 500, 502, 503, 504, 509, 520, 522, 525, 885)]
    + [(301, Malformed), (302, Malformed)],
)  # fmt: skip
async def test_the_code_table_decides(status: int, kind: type[ProviderError]) -> None:
    assert type(await refused(reply(PAGE.format("x"), status))) is kind


async def test_the_wish_of_a_busy_panel_is_handed_on() -> None:
    error = await refused(reply("", 429, {"Retry-After": "0"}))
    assert isinstance(error, Unavailable)
    assert error.retry_after == 0


async def test_the_words_of_the_panel_are_told_without_the_account() -> None:
    said = {"user_info": {"auth": 0, "message": f"<b>Line {USERNAME}</b> / {PASSWORD} is banned"}}
    assert str(await refused(said)) == (
        "The panel refuses this user name or password. It says: Line *** / *** is banned"
    )


@pytest.mark.parametrize("action", ["get_vod_streams"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"user_info": {"auth": 0}}, Rejected),
        (account(), Malformed),
        ({"error": "Auth failed"}, Rejected),
        (reply(PAGE.format("x"), 404), Malformed),
        (reply(PAGE.format("x"), 403), Rejected),
        (reply(PAGE.format("[{}]")), Rejected),
        (reply("Blocked"), Rejected),
        (reply("", 503), Unavailable),
        (reply(""), Unavailable),
        (reply("["), Unavailable),
        (reply('[{"stream_id":1},{"str'), Unavailable),
        (reply('[{"stream_id":1}'), Unavailable),
        (reply('{"1":{"stream_id":1}'), Unavailable),
        (reply('{"user_info":{"auth'), Unavailable),
        (reply("[}"), Malformed),
        (reply('"what"'), Malformed),
        (None, Unavailable),
    ],
)
async def test_no_list_that_is_refused_or_cut_is_an_empty_catalogue(
    action: str, answer: Any, kind: type[ProviderError]
) -> None:
    assert isinstance(await refused(answer, action=action), kind)


async def test_only_what_may_pass_is_asked_again() -> None:
    async with panel({"get_vod_streams": reply("", 503)}, retries=2) as one:
        with pytest.raises(Unavailable):
            await one.pages(Kind.MOVIE)
        assert one.actions().count("get_vod_streams") == 3
        one.answers["get_vod_streams"] = reply("", 403)
        with pytest.raises(Rejected):
            await one.pages(Kind.MOVIE)
        assert one.actions().count("get_vod_streams") == 4


async def test_a_list_that_was_cut_is_downloaded_again_and_told_once() -> None:
    bodies = iter([b'[{"stream_id":1},{"stream_id":2},{"st', b'[{"stream_id":2},{"stream_id":1}]'])
    async with panel({"get_vod_streams": lambda _: reply(next(bodies))}) as one:
        records, _ = await one.walked(Kind.MOVIE)
    assert [record.external_id for record in records] == ["2", "1"]


@pytest.mark.parametrize(
    ("user", "ok", "status"),
    [
        ({}, True, "active"),
        ({"auth": "1", "status": "ACTIVE"}, True, "active"),
        ({"auth": True, "status": "Trial"}, True, "trial"),
        ({"status": None}, True, "active"),
        ({"status": "Aktiv"}, True, "aktiv"),
        ({"status": "Banned"}, False, "banned"),
        ({"status": "Disabled"}, False, "disabled"),
        ({"status": "Expired"}, False, "expired"),
        ({"exp_date": str(PAST)}, False, "expired"),
        ({"exp_date": PAST, "status": "Banned"}, False, "banned"),
        ({"exp_date": FUTURE}, True, "active"),
    ],
)
async def test_reads_auth_status_and_date_together(user: dict[str, Any], ok: bool, status: str) -> None:  # noqa: FBT001
    async with panel({"": account(**user)}) as one:
        found = await one.provider.test()
        assert (found.ok, found.status) == (ok, status)
        assert one.actions() == [""]


async def test_an_account_without_auth_counts_by_its_status() -> None:
    found = account()
    del found["user_info"]["auth"]
    async with panel({"": found}) as one:
        assert (await one.provider.test()).ok


@pytest.mark.parametrize("date", [None, "", "0", 0, "null", -5, "never"])
async def test_no_date_is_no_end(date: Any) -> None:
    async with panel({"": account(exp_date=date)}) as one:
        assert (await one.provider.test()).expires_at is None


async def test_tells_what_the_account_is_worth() -> None:
    async with panel({"": account(exp_date=str(FUTURE), max_connections="2", message="Hi")}) as one:
        found = await one.provider.test()
    assert (found.expires_at, found.max_connections, found.message) == (FUTURE * 1000, 2, "Hi")
    assert found.server_timezone == "Europe/Berlin"


@pytest.mark.parametrize("server", [None, [], {}, "x"])
async def test_the_server_object_may_be_missing(server: Any) -> None:
    async with panel({"": account(server=server, max_connections="0")}) as one:
        found = await one.provider.test()
    assert (found.ok, found.server_timezone, found.max_connections) == (True, None, None)


async def test_a_refused_login_is_an_answer_to_a_test() -> None:
    async with panel({"": {"user_info": {"auth": 0}}}) as one:
        found = await one.provider.test()
    assert (found.ok, found.status) == (False, "rejected")


async def test_panels_that_know_only_the_other_login_are_asked_again() -> None:
    async with panel({"": [], "get_account_info": account()}) as one:
        assert (await one.provider.test()).ok
        assert one.actions() == ["", "get_account_info"]


async def test_notices_and_a_byte_order_mark_before_an_account_are_skipped() -> None:
    for front in (b"\xef\xbb\xbf", b"<br />\n<b>Warning</b>: foo in /x.php<br />\n"):
        body = front + b'{"user_info":{"auth":1,"status":"Active","message":"caf\xe9"}}'
        async with panel({"": reply(body)}) as one:
            assert (await one.provider.test()).ok


async def test_logs_in_once_and_sends_the_account_with_every_call() -> None:
    async with panel({"get_vod_streams": [], "get_live_categories": []}) as one:
        await one.pages(Kind.MOVIE)
        await one.provider.categories(Kind.CHANNEL)
        assert one.actions() == ["", "get_vod_streams", "", "get_live_categories"]
        for asked in one.server.asked:
            assert asked.path == "/player_api.php"
            assert (asked.query["username"], asked.query["password"]) == (USERNAME, PASSWORD)
            assert "category_id" not in asked.query


async def test_speaks_like_a_player_unless_told_otherwise() -> None:
    async with panel({}) as one:
        await one.provider.test()
        assert "VLC" in one.server.asked[0].headers["user-agent"]
    async with panel({}, options={"userAgent": "Own/1.0"}) as one:
        await one.provider.test()
        assert one.server.asked[0].headers["user-agent"] == "Own/1.0"
        assert (await one.provider.resolve(Kind.CHANNEL, {"id": "1"})).headers == {"User-Agent": "Own/1.0"}


@pytest.mark.parametrize("status", ["Expired", "Banned"])
async def test_an_empty_list_of_an_account_that_is_over_is_a_refusal(status: str) -> None:
    async with panel({"": account(status=status), "get_vod_streams": [], "get_series": [{"series_id": 1}]}) as one:
        with pytest.raises(Rejected, match=status.lower()):
            await one.pages(Kind.MOVIE)
        assert len((await one.walked(Kind.SERIES))[0]) == 1


async def test_follows_a_panel_that_moved_and_remembers_where() -> None:
    async with panel({"get_vod_streams": [{"stream_id": 1, "stream_icon": "/a.png"}]}, path="/edge") as one:

        def moved(asked: Asked) -> bytes:
            return reply("", 302, {"Location": f"{one.server.url}/edge{asked.target}"})

        async with RawServer(moved) as old:
            one.provider._client._pasted = old.url
            assert (await one.provider.test()).ok
            assert one.provider.endpoint == f"{one.server.url}/edge"
            [record], _ = await one.walked(Kind.MOVIE)
            link = await one.provider.resolve(Kind.CHANNEL, {"id": "9"})
        assert len(old.asked) == 1
        assert isinstance(record, MovieRecord)
        assert record.poster == f"{old.url}/a.png"
        assert link.url.startswith(f"{one.server.url}/edge/live/")
