"""What panels answer, from ours: accounts, forms, strangers, files, streams."""

import pytest

from app.core.clock import now_ms
from tests.playlists.site import ACCOUNT, FAR, PASSWORD, USER, Site
from tests.support.scripted import T

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_accounts_are_told_as_panels_tell_them(site: Site) -> None:
    found = await site.call()
    assert set(found) == {"user_info", "server_info"}
    user, server = found["user_info"], found["server_info"]
    expected = {"username": USER, "password": PASSWORD, "auth": 1, "status": "Active", "exp_date": str(FAR // 1000)}
    assert user.items() >= (expected | {"max_connections": "3", "is_trial": "0", "active_cons": "0"}).items()
    assert user["allowed_output_formats"] == ["m3u8", "ts"]
    expected = {"url": "lineup.test", "port": "80", "https_port": "", "server_protocol": "http", "timezone": "UTC"}
    assert server.items() >= expected.items()
    assert abs(server["timestamp_now"] - now_ms() / 1000) < 60
    over = await site.served.json("GET", f"https://tv.test:8443/player_api.php?username={USER}&password={PASSWORD}")
    expected = {"url": "tv.test", "port": "", "https_port": "8443", "server_protocol": "https"}
    assert over["server_info"].items() >= expected.items()
    assert await site.call("get_account_info") | {"server_info": 0} == found | {"server_info": 0}
    assert await site.call("whatever") | {"server_info": 0} == found | {"server_info": 0}


async def test_a_form_asks_as_a_query_does(site: Site) -> None:
    body = {"username": USER, "password": PASSWORD, "action": "get_live_streams"}
    posted = await site.served.json("POST", "/player_api.php?password=else", data=body)
    assert posted == await site.call("get_live_streams") == await site.call("202")
    assert len(posted) > 15
    answer = await site.served.client.post("/player_api.php", data={"username": "x" * 20_000})
    assert answer.status_code == 422
    assert (await site.served.client.post("/player_api.php", data={"username": "a\0b"})).status_code == 422


async def test_strangers_are_denied_as_by_legacy_panels(site: Site) -> None:
    for username, password in ((USER, "wrong-pass"), ("nobody", PASSWORD), ("", ""), (USER, PASSWORD.upper())):
        query = {"username": username, "password": password}
        for action in ("", "get_live_streams", "get_series_info"):
            found = await site.served.json("GET", "/player_api.php", params=query | {"action": action})
            assert found == {"user_info": {"auth": 0}}
        paths = ["/get.php", "/xmltv.php", "/streaming/timeshift.php"]
        for path in [*paths, f"/live/{username}/{password}/1.ts"] if username else paths:
            assert (await site.get(path, params=query)).status_code == 403


async def test_who_may_not_watch_is_told_why_and_gets_nothing(site: Site) -> None:
    number = (await site.call("get_live_streams"))[0]["stream_id"]
    user = f"/api/playlists/{site.playlist_id}/users/{await site.user('guest')}"
    for change, status in (({"expiresAt": "2020-01-01T00:00:00Z"}, "Expired"), ({"enabled": False}, "Disabled")):
        await site.served.json("PATCH", user, json=change)
        info = (await site.call(username="guest"))["user_info"]
        assert (info["auth"], info["status"]) == (1, status)
        for action in ("get_live_streams", "get_live_categories", "get_vod_info"):
            assert await site.call(action, username="guest") == []
        for path in (f"/live/guest/{PASSWORD}/{number}.ts", f"/get.php?username=guest&password={PASSWORD}"):
            assert (await site.get(path)).status_code == 403


async def test_lists_are_kept_by_whoever_has_them(site: Site) -> None:
    query = {"username": USER, "password": PASSWORD, "action": "get_vod_streams"}
    async with site.served.context.database.writer() as writer:
        await writer.execute(T["catalogue_head"].update().values(pending=False, version=1))
    first = await site.get("/player_api.php", params=query, headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "application/json"
    again = await site.get(
        "/player_api.php", params=query, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    plain = await site.get("/player_api.php", params=query, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    assert plain.headers["etag"] != first.headers["etag"]
    assert "private" in first.headers["cache-control"]


async def test_files_are_given_as_panels_give_them(site: Site) -> None:
    query = {"username": USER, "password": PASSWORD}
    answer = await site.get("/get.php", params=query | {"type": "m3u_plus", "output": "m3u8"})
    lines = answer.text.splitlines()
    assert answer.headers["content-disposition"] == f'attachment; filename="tv_channels_{USER}_plus.m3u"'
    channels = [row["stream_id"] for row in await site.call("get_live_streams")]
    played = [line for line in lines if line.startswith("http")]
    assert played[: len(channels)] == [
        f"http://lineup.test/live/{USER}/{PASSWORD}/{number}.m3u8" for number in channels
    ]
    series = (await site.call("get_series"))[0]["series_id"]
    episodes = (await site.call("get_series_info", series_id=str(series)))["episodes"].values()
    known = {episode["id"]: episode["container_extension"] for season in episodes for episode in season}
    shows = await site.get("/get.php", params=query | {"key": "series"})
    played = [line for line in shows.text.splitlines() if line.startswith("http")]
    assert sorted(played) == sorted(
        f"http://lineup.test/series/{USER}/{PASSWORD}/{number}.{ending}" for number, ending in known.items()
    )
    movies = await site.get("/get.php", params=query | {"type": "m3u", "key": "movie"})
    assert movies.text.count("\n#EXTINF:-1,") == len(await site.call("get_vod_streams"))
    assert "/live/" not in movies.text
    guide = await site.get("/xmltv.php", params=query)
    assert guide.headers["content-type"].startswith("application/xml")
    assert guide.text.rstrip().endswith("</tv>")
    packed = await site.get("/xmltv.php", params=query | {"gzip": "1"})
    assert packed.content[:2] == b"\x1f\x8b"


async def test_streams_lead_to_an_open_address_or_come_from_here(site: Site) -> None:
    streams = await site.call("get_live_streams")
    live, archived = streams[0]["stream_id"], next(row for row in streams if row["tv_archive"])["stream_id"]
    movie = (await site.call("get_vod_streams"))[0]["stream_id"]
    account, past = f"{USER}/{PASSWORD}", "/60/2025-07-09:23-30/"  # the panel's clock is that of Berlin
    site.panel.asked.clear()
    for path in (f"/live/{account}/{live}.ts", f"/live/{account}/{live}.m3u8", f"/{account}/{live}"):
        answer = await site.get(path)
        assert (answer.status_code, answer.headers["cache-control"], answer.content) == (302, "no-store", b"")
        assert answer.headers["location"].startswith(f"{site.panel.url}/auth/")
        assert answer.headers["location"].endswith(".ts?token=5f3")
        assert site.panel.asked.pop().startswith("/live/fake-user/fake-word/")
        assert not site.panel.asked, "the open address is the player's to ask"
    query = f"username={USER}&password={PASSWORD}&stream={archived}&start=2025-07-09:21-30&duration=60"
    for path, part in (
        (f"/movie/{account}/{movie}.mp4", "/movie/fake-user/fake-word/"),
        (f"/timeshift/{account}/60/2025-07-09:21-30/{archived}.ts", past),
        (f"/streaming/timeshift.php?{query}", past),
        (f"/live/{account}/{archived}.ts?utc=1752096600&duration=3600", past),
    ):
        answer = await site.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), path
        assert (answer.content, answer.headers["content-type"]) == (b"\x47" * 188, "video/mp2t")
        assert not [word for word in ACCOUNT if word in str(answer.headers)]
        assert part in site.panel.asked.pop()
    for path, status in (
        (f"/live/{account}/{movie}.ts", 404),
        (f"/movie/{account}/{live}.ts", 404),
        (f"/series/{account}/{live}.ts", 404),
        (f"/live/{account}/2147483647.ts", 404),
        (f"/live/{account}/9999999999.ts", 404),
        (f"/live/{account}/abc.ts", 404),
        (f"/timeshift/{account}/60/yesterday/{archived}.ts", 422),
        (f"/timeshift/{account}/60/9999-12-31:23-59/{archived}.ts", 422),
        (f"/timeshift/{account}/0/2025-07-09:21-30/{archived}.ts", 422),
        ("/api/nothing/12", 404),
    ):
        assert (await site.get(path)).status_code == status, path
    assert site.panel.asked == []


async def test_the_stream_of_an_item_is_told_to_clients_of_the_api_as_it_is(site: Site) -> None:
    """Behind an API key: what the interface promises to apps, who ask the provider themselves."""
    channel = (await site.served.json("GET", "/api/channels?limit=1"))["channels"][0]["id"]
    path = f"/api/channels/{channel}/stream"
    told = await site.served.json("GET", path)
    assert set(told) == {"url", "headers", "expiresAt"}
    assert told["url"].startswith(f"{site.panel.url}/live/fake-user/fake-word/")
    redirect = await site.get(path, params={"redirect": "1"})
    assert (redirect.status_code, redirect.headers["location"]) == (302, told["url"])


async def test_a_list_of_a_catalogue_tells_no_secret_of_the_provider(site: Site) -> None:
    query = f"username={USER}&password={PASSWORD}"
    actions = ("live_streams", "vod_streams", "series", "live_categories", "vod_categories", "series_categories")
    texts = [(await site.get(f"/player_api.php?{query}&action=get_{action}")).text for action in actions]
    texts += [(await site.get(f"/{file}.php?{query}")).text for file in ("get", "xmltv", "player_api")]
    series = (await site.call("get_series"))[0]["series_id"]
    texts.append((await site.get(f"/player_api.php?{query}&action=get_series_info&series_id={series}")).text)
    for text in texts:
        assert len(text) > 2
        assert "fake-word" not in text
        assert "fake-user" not in text
