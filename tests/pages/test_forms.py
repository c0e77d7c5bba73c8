"""Forms without scripts: what is sent is done, what is wrong is named beside its field."""

import re
from typing import Any

import pytest

from app.domain.kinds import Kind, ProviderKind
from app.pages.guessing import guessed_kind, mac_in, name_for, url_in
from tests.pages.conftest import MAC, House, Visitor


def troubles(text: str) -> dict[str, str]:
    return dict(re.findall(r'<small id="([\w-]+)-about" class="error">([^<]+)<', text))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"url": "http://portal.example/c/"}, "credentials-mac"),
        ({"url": "http://portal.example/c/", "credentials__mac": "00:1A"}, "credentials-mac"),
        ({"url": "somewhere.example"}, "kind"),
        ({"url": "ftp://portal.example/c/", "credentials__mac": MAC}, "url"),
        ({"url": "http://panel.example/player_api.php"}, "credentials-username"),
        (
            {"url": "http://a.example/c/", "credentials__mac": MAC, "options__maxParallelPages": "many"},
            "options-maxParallelPages",
        ),
        ({"url": "http://a.example/c/", "credentials__mac": MAC, "schedule__kind": "hours"}, "schedule-everyHours"),
        (
            {"url": "http://a.example/c/", "credentials__mac": MAC, "schedule__kind": "cron", "schedule__cron": "x"},
            "schedule-cron",
        ),
    ],
)
async def test_a_provider_that_cannot_be_used_is_not_added(
    visitor: Visitor, fields: dict[str, Any], named: str
) -> None:
    answer = await visitor.send("/providers/new", form_at="/providers/new", do="save", **fields)
    assert answer.status_code == 422
    assert named in troubles(answer.text), answer.text
    assert (await visitor.served.json("GET", "/api/providers"))["total"] == 0


async def test_a_provider_is_tested_before_it_is_stored(visitor: Visitor, stalker: dict[str, Any]) -> None:
    wrong = {"url": "http://127.0.0.1:9/c/", "credentials__mac": MAC, "do": "save", "name": "There"}
    refused = await visitor.send("/providers/new", form_at="/providers/new", **wrong)
    assert refused.status_code == 422
    assert "It does not work." in refused.text
    fields = {"url": f"{stalker['url']} {MAC}", "do": "test"}
    tested = await visitor.send("/providers/new", form_at="/providers/new", **fields)
    assert "It works." in tested.text
    assert 'value="stalker" selected' in tested.text
    assert f'value="{MAC}"' in tested.text
    assert (await visitor.served.json("GET", "/api/providers"))["total"] == 0
    added = await visitor.send("/providers/new", form_at="/providers/new", **{**fields, "do": "save", "enabled": "on"})
    assert added.status_code == 303
    (stored,) = (await visitor.served.json("GET", "/api/providers"))["providers"]
    assert (stored["kind"], stored["schedule"], stored["credentials"]) == ("stalker", {"everyHours": 6}, {"mac": True})
    assert added.headers["location"] == f"/providers/{stored['id']}"
    assert (await visitor.served.json("GET", "/api/jobs"))["jobs"][0]["status"] == "queued"
    anyway = await visitor.send("/providers/new", form_at="/providers/new", **wrong, anyway="on")
    assert anyway.status_code == 303


async def test_a_provider_is_changed_cancelled_cleaned_and_deleted(house: House) -> None:
    send, at = house.visitor.send, f"/providers/{house.provider}"
    shown = await house.visitor.open(f"{at}/edit")
    assert f'value="{MAC}"' not in shown
    fields = {
        "name": "Attic",
        "schedule__kind": "cron",
        "schedule__cron": "0 4 * * *",
        "schedule__timezone": "Europe/Berlin",
    }
    await send(f"{at}/edit", url="", enabled="on", options__userAgent="Box/1", **fields)
    stored = await house.served.json("GET", f"/api{at}")
    assert (stored["name"], stored["credentials"], stored["options"]) == (
        "Attic",
        {"mac": True},
        {"userAgent": "Box/1"},
    )
    assert stored["schedule"] == {"cron": "0 4 * * *", "timezone": "Europe/Berlin"}
    bad = await send(f"{at}/edit", name="", schedule__kind="never")
    assert "name" in troubles(bad.text)
    await send(f"{at}/sync", mode="full")
    job = (await house.served.json("GET", "/api/jobs"))["jobs"][0]
    assert (job["mode"], job["status"]) == ("full", "queued")
    assert (await send(f"{at}/clean")).status_code == 409
    await send(f"{at}/cancel")
    assert (await house.served.json("GET", f"/api/jobs/{job['id']}"))["status"] == "cancelled"
    await send(f"{at}/clean")
    assert (await house.served.json("GET", f"/api{at}"))["stats"]["totalMovies"] == 0
    await send(f"{at}/delete")
    assert (await house.served.json("GET", "/api/providers"))["total"] == 0


async def test_a_rule_is_tried_before_it_is_kept(house: House) -> None:
    send = house.visitor.send
    made = await send("/rules", name="Mine", copy="")
    at = made.headers["location"]
    assert (await send("/rules", name="")).status_code == 422
    await send(f"{at}/rename", name="Ours")
    assert "Ours" in await house.visitor.open("/rules")
    rule = {
        "pattern": "channel",
        "patternType": "contains",
        "source": "channel_name",
        "tag": "LIVE",
        "kinds": "channel",
        "enabled": "on",
    }
    tried = await send(at, provider=house.provider, **rule)
    assert "<strong>70</strong>of 70 items change" in tried.text
    assert (await house.served.json("GET", f"/api{at.replace('/rules', '/rulesets')}"))["rules"] == 0
    wrong = await send(at, provider=house.provider, do="add", **{**rule, "patternType": "regex", "pattern": "("})
    assert wrong.status_code == 422
    assert "pattern" in troubles(wrong.text)
    await send(at, do="add", **rule)
    ruleset = at.removeprefix("/rules/")
    await send(f"/providers/{house.provider}/rulesets", rulesets=ruleset)
    done = await send(f"/providers/{house.provider}/process")
    assert done.status_code == 303
    assert "70 channels" in await house.visitor.open("/channels?tag=LIVE")


async def test_a_filter_is_tried_and_kept(house: House) -> None:
    send, at = house.visitor.send, f"/providers/{house.provider}/filters"
    fields = {"action": "exclude", "field": "name", "value": "channel 1", "kinds": "channel"}
    assert "What it would do" in (await send(at, **fields)).text
    assert "value" in troubles((await send(at, do="add", **{**fields, "value": ""})).text)
    await send(at, do="add", **fields)
    assert "channel 1" in await house.visitor.open(at)
    (stored,) = (await house.served.json("GET", f"/api{at}"))["filters"]
    await send(f"{at}/{stored['id']}/change", enabled="off")
    await send(f"{at}/{stored['id']}/change", position="7")
    (stored,) = (await house.served.json("GET", f"/api{at}"))["filters"]
    assert (stored["enabled"], stored["position"]) == (False, 7)
    await send(f"{at}/{stored['id']}/remove")
    assert not (await house.served.json("GET", f"/api{at}"))["filters"]


async def test_a_playlist_is_made_and_put_in_order(house: House) -> None:
    send = house.visitor.send
    assert "name" in troubles((await send("/playlists/new", name="", kinds="channel")).text)
    at = (await send("/playlists/new", name="Living room", kinds="channel")).headers["location"]
    lines = re.findall(r'data-item="(\w+)"', await house.visitor.open(f"{at}/entries"))
    assert len(lines) == 70
    wanted = [lines[0], lines[2], lines[1], *lines[3:]]
    await send(f"{at}/order", items=",".join(wanted))
    assert re.findall(r'data-item="(\w+)"', await house.visitor.open(f"{at}/entries")) == wanted
    kept = await house.served.json("GET", f"/api{at}/entries")
    assert kept["total"] == 3  # what follows by itself is not pinned
    await send(f"{at}/entries/{lines[5]}", name="Mine", number="7.5")
    await send(f"{at}/entries/{lines[6]}", hidden="on")
    shown = await house.visitor.open(f"{at}/entries")
    assert "7.5 · Mine" in shown
    assert f'data-item="{lines[6]}"' not in shown
    assert "username" in troubles((await send(f"{at}/users", username="")).text)
    await send(f"{at}/users", username="grandma")
    page = await house.visitor.open(at)
    assert "grandma" in page
    assert "<svg" in page
    link = re.search(r'id="link-short" readonly value="http://lineup.test([^"]+)"', page)
    assert link
    assert "Mine" in (await house.served.client.get(link[1])).text


async def test_an_item_is_tagged_and_opened(house: House) -> None:
    item = house.ids[Kind.MOVIE]
    await house.visitor.send(f"/movies/{item}/tags", tag="Favourite")
    assert "Favourite" in await house.visitor.open(f"/movies/{item}")
    await house.visitor.send(f"/movies/{item}/tags", away="Favourite")
    await house.visitor.open("/")  # what was said is said once
    assert "Favourite" not in await house.visitor.open(f"/movies/{item}")
    opened = await house.served.client.get(f"/movies/{item}/play.m3u")
    assert opened.headers["content-type"].startswith("audio/x-mpegurl")
    assert opened.text.startswith("#EXTM3U\n#EXTINF:-1,")


PASTED: list[tuple[str, ProviderKind | None]] = [
    ("http://h:8080/c/", ProviderKind.STALKER),
    ("http://h/stalker_portal/c/index.html", ProviderKind.STALKER),
    ("h.example:8080 00:1a:79:00:00:01", ProviderKind.STALKER),
    ("http://h/portal.php", ProviderKind.STALKER),
    ("http://h:8080/get.php?username=a&password=b&type=m3u_plus&output=ts", ProviderKind.XTREAM),
    ("http://h:8080/player_api.php?username=a&password=b", ProviderKind.XTREAM),
    ("http://h/live/a/b/1.ts", ProviderKind.XTREAM),
    ("https://h/list.m3u", ProviderKind.M3U),
    ("https://h/list.m3u8?token=1", ProviderKind.M3U),
    ("https://admin.demo.iptvportal.example", ProviderKind.IPTVPORTAL),
    ("http://h.example", None),
    ("", None),
]


@pytest.mark.parametrize(("pasted", "kind"), PASTED)
def test_a_kind_is_guessed_from_what_is_pasted(pasted: str, kind: ProviderKind | None) -> None:
    assert guessed_kind(pasted) is kind


def test_what_stands_beside_a_url_is_found() -> None:
    text = "Portal: http://tv.sunny.example:8080/c/ MAC 00-1a-79-0a-0b-0c"
    assert (url_in(text), mac_in(text)) == ("http://tv.sunny.example:8080/c/", "00:1A:79:0A:0B:0C")
    assert (name_for(url_in(text)), name_for("http://10.0.0.1/c/")) == ("Example", "10.0.0.1")
