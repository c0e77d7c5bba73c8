"""A new user's way through the pages, at both sizes, and every page in both lights."""

import gzip
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Look, Server, window
from tests.support.effort import is_short

MAC = "00:1A:79:00:00:01"
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("default")]


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_the_story_of_a_new_user(browser: Browser, server: Server, portal: str, size: str, scheme: str) -> None:
    with window(browser, size, scheme) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        look = Look(context.new_page(), server.base, size)
        add_a_provider(look, portal)
        watch_its_sync(look)
        browse(look)
        make_a_rule(look)
        make_a_playlist(look)
        download_a_snapshot(look)
        change_the_light(look, scheme)
        assert not look.complaints
        outlive_a_restart(look, server)
    for light in [scheme] if is_short() else ["light", "dark"]:
        every_page(browser, server.base, size, light)


def add_a_provider(look: Look, portal: str) -> None:
    page = look.page
    look.open("/")
    expect(page.get_by_role("heading", name="No provider yet")).to_be_visible()
    look.shot("01-empty")
    page.get_by_role("link", name="Add a provider").click()
    page.get_by_label("URL").fill(f"{portal} {MAC}")
    page.get_by_label("URL").press("Tab")
    expect(page.get_by_label("Kind")).to_have_value("stalker")
    expect(page.get_by_label("MAC address")).to_have_value(MAC)
    page.get_by_label("Name", exact=True).fill("Living room")
    page.get_by_role("button", name="Only test").click()
    expect(page.get_by_text("It works.")).to_be_visible()
    look.shot("02-tested")
    page.get_by_role("button", name="Test and add").click()
    expect(page.get_by_role("heading", name="Living room")).to_be_visible()


def watch_its_sync(look: Look) -> None:
    """Nothing is loaded again: what is shown comes by itself."""
    page = look.page
    page.evaluate("window.untouched = true")
    expect(page.locator("progress")).to_be_visible()
    expect(page.locator(".meters")).to_contain_text(re.compile(r"window \d+"))
    look.shot("03-syncing")
    expect(page.get_by_text(re.compile(r"Ended .* 840 items"))).to_be_visible(timeout=90_000)
    assert page.evaluate("window.untouched") is True
    look.open("/")
    expect(page.get_by_role("link", name=re.compile("600 ?movies"))).to_be_visible()
    look.shot("04-overview")


def outlive_a_restart(look: Look, server: Server) -> None:
    """A page that was open all the time shows what begins after the server is back."""
    page = look.page
    look.open("/")
    page.evaluate("window.untouched = true")
    server.stop()
    server.start()
    provider = page.request.get(f"{server.base}/api/providers").json()["providers"][0]["id"]
    page.request.post(f"{server.base}/api/providers/{provider}/sync?mode=full")
    expect(page.locator(".card progress")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.locator(".card progress")).to_be_hidden(timeout=60_000)
    assert page.evaluate("window.untouched") is True


def browse(look: Look) -> None:
    page = look.page
    look.open("/movies")
    expect(page.get_by_text("600 movies")).to_be_visible()
    page.wait_for_load_state("networkidle")
    look.shot("05-movies")
    shown = page.locator("#list > li:not(.more)")
    expect(shown).to_have_count(60)
    page.locator("li.more").scroll_into_view_if_needed()
    expect(shown).to_have_count(120)
    first = page.locator("#list .name").first.inner_text()
    page.get_by_label("Search").press_sequentially(first.split()[0], delay=20)
    expect(page).to_have_url(re.compile("search="))
    expect(page.get_by_text("600 movies")).to_be_hidden()
    shown.first.get_by_role("link").click()
    expect(page.get_by_label("Stream link")).to_have_value(re.compile(r"/play/.+/movie/"))
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Stream link").input_value()
    look.shot("06-movie")
    look.open("/channels")
    expect(page.get_by_text("120 channels")).to_be_visible()
    look.shot("07-channels")


def make_a_rule(look: Look) -> None:
    page = look.page
    look.open("/rules/default")
    page.get_by_role("button", name="Copy to change it").click()
    expect(page.get_by_role("heading", name="My rules", level=1)).to_be_visible()
    page.get_by_label("What", exact=True).press_sequentially("HD", delay=20)
    page.get_by_label("Gives the tag").press_sequentially("sharp", delay=20)
    page.get_by_label("Try it with").select_option(label="Living room")
    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()  # nobody pressed a button
    look.shot("08-rule")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_text("The rule was added.")).to_be_visible()
    expect(page.locator("table .badge", has_text="sharp").first).to_be_visible()


def make_a_playlist(look: Look) -> None:
    page = look.page
    look.open("/playlists/new")
    page.get_by_label("Name", exact=True).fill("Grandma's TV")
    page.get_by_role("button", name="Make the playlist").click()
    expect(page.locator("#link-m3u")).to_have_value(re.compile(r"/playlist/grandma-s-tv\.m3u\?token="))
    expect(page.locator("svg.qr")).to_be_visible()
    look.shot("09-playlist")
    page.get_by_role("link", name="Edit entries").click()
    lines = page.locator("[data-item]")
    names = [line.get_attribute("data-item") for line in lines.all()[:3]]
    start, end = lines.nth(0).locator(".handle").bounding_box(), lines.nth(2).bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 6, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 6, end["y"] + end["height"] * 0.6, steps=6)
    page.mouse.move(start["x"] + 6, end["y"] + end["height"] * 0.8, steps=3)
    page.mouse.up()
    moved = [line.get_attribute("data-item") for line in lines.all()[:3]]
    assert moved == [names[1], names[2], names[0]]
    look.shot("10-order")
    page.get_by_role("button", name=re.compile("Move .* up")).nth(1).click()
    page.get_by_role("button", name="Keep this order").click()
    expect(page.get_by_text("The order was kept.")).to_be_visible()
    assert [line.get_attribute("data-item") for line in lines.all()[:3]] == [names[2], names[1], names[0]]


def download_a_snapshot(look: Look) -> None:
    page = look.page
    look.open("/snapshots")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").first.click()
    body = Path(coming.value.path()).read_bytes()
    catalogue = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    assert len(catalogue["movies"]) == 600
    look.shot("11-snapshots")


def change_the_light(look: Look, scheme: str) -> None:
    page = look.page
    other = "light" if scheme == "dark" else "dark"
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Change between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", other)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", other)


def every_page(browser: Browser, base: str, size: str, scheme: str) -> None:
    """Each fits its window, says nothing against itself, and is open to everybody."""
    found: list[str] = []
    with window(browser, size, scheme) as context:
        look = Look(context.new_page(), base, size)
        for place in places(look):
            look.open(place)
            look.page.wait_for_load_state("load")
            name = re.sub(r"\W+", "-", re.sub(r"/[0-9a-z]{20}\b", "/one", place)).strip("-") or "overview"
            look.shot(f"{name[:40]}-{scheme}", whole=size == "phone")
            if look.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{place}: wider than the window")
            for one in Axe().run(look.page).response["violations"]:
                nodes = [node["html"][:160] for node in one["nodes"][:3]]
                found.append(f"{place} ({size}, {scheme}): {one['id']}: {one['help']}: {nodes}")
        found += look.complaints
    assert not found, "\n".join(found)


def places(look: Look) -> list[str]:
    """Every kind of page, with ids of what there is."""
    request = look.page.request
    kinds = {
        kind: request.get(f"{look.base}/api/{kind}?limit=1").json()[kind][0]["id"]
        for kind in ("channels", "movies", "series")
    }
    provider = request.get(f"{look.base}/api/providers").json()["providers"][0]["id"]
    job = request.get(f"{look.base}/api/jobs").json()["jobs"][0]["id"]
    ruleset = request.get(f"{look.base}/api/rulesets").json()["rulesets"][-1]["id"]
    of_provider = [f"/providers/{provider}{more}" for more in ("", "/edit", "/delete", "/filters")]
    of_items = [place for kind, item in kinds.items() for place in (f"/{kind}", f"/{kind}/{item}")]
    seasons = f"/series/{kinds['series']}/seasons"
    playlist = "/playlists/grandma-s-tv"
    playlists = ["/playlists", playlist, f"{playlist}/edit", f"{playlist}/entries"]
    rest = [
        "/jobs",
        f"/jobs/{job}",
        "/snapshots",
        f"/snapshots/{provider}",
        "/rules",
        f"/rules/{ruleset}",
        "/portal",
        "/settings",
    ]
    return ["/", "/providers/new", *of_provider, *of_items, seasons, *playlists, *rest, "/sign-in"]
