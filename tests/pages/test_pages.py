"""Every page, with data whose names want to be scripts."""

import gzip
import re

import pytest

from app.domain.kinds import Kind
from tests.pages.conftest import EVIL, House, Visitor

COLD = 150_000  # bytes, all that a browser fetches for a page but pictures
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
PAGES = [
    "/",
    "/providers/new",
    "/providers/{provider}",
    "/providers/{provider}/edit",
    "/providers/{provider}/clean",
    "/providers/{provider}/delete",
    "/providers/{provider}/filters",
    "/channels",
    "/movies?provider={provider}",
    "/series?search=script&sort=name",
    "/channels/{channel}",
    "/movies/{movie}",
    "/series/{series}",
    "/channels/{channel}/copies",
    "/series/{series}/seasons",
    "/jobs",
    "/jobs/{job}",
    "/snapshots",
    "/snapshots/{provider}",
    "/rules",
    "/rules/default",
    "/playlists",
    "/playlists/new",
    "/playlists/evil",
    "/playlists/evil/edit",
    "/playlists/evil/entries",
    "/portal",
    "/settings",
]
ALWAYS_NAMED = {"/providers/new", "/portal"}  # nothing stored is shown there


async def addresses(house: House) -> dict[str, str]:
    served = house.served
    known = await served.json("GET", "/api/playlists")
    if not known["total"]:
        await served.json("POST", "/api/playlists", 201, json={"name": f"{EVIL} evil", "slug": "evil"})
    job = (await served.json("GET", "/api/jobs"))["jobs"][0]["id"]
    return {"provider": house.provider, "job": job} | {kind.value: house.ids[kind] for kind in Kind}


async def test_every_page_is_whole_small_and_strict(house: House) -> None:
    known = await addresses(house)
    for pattern in PAGES:
        path = pattern.format(**known)
        answer = await house.served.client.get(path, headers={"accept": "text/html"})
        text = answer.text
        assert answer.status_code == 200, (path, text)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "<script>alert" not in text, path
        assert pattern in ALWAYS_NAMED or ESCAPED in text, path
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=\"", text), path
        assert "<h1>" in text, path
        assert re.search(r"<title>[^<]+ · Lineup</title>", text), path
        fetched = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        sizes = [len(gzip.compress(answer.content))]
        for one in dict.fromkeys(fetched):
            asset = await house.served.client.get(one, headers={"accept-encoding": "gzip"})
            assert asset.status_code == 200
            assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
            sizes.append(asset.num_bytes_downloaded or len(gzip.compress(asset.content)))
        assert sum(sizes) <= COLD, (path, sizes)


async def test_labels_belong_to_fields_and_ids_stand_once(house: House) -> None:
    known = await addresses(house)
    for pattern in PAGES:
        text = await house.visitor.open(pattern.format(**known))
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), pattern
        assert set(re.findall(r'<label[^>]* for="([^"]+)"', text)) <= set(ids), pattern


async def test_lists_go_on_without_scripts(house: House) -> None:
    text = await house.visitor.open("/movies")
    following = re.search(r'<li class="more"><a[^>]* href="([^"]+)"', text)
    assert following
    assert "70 movies" in text
    rest = await house.visitor.open(following[1].replace("&amp;", "&"))
    assert len(re.findall(r'<a href="/movies/', text)) + len(re.findall(r'<a href="/movies/', rest)) == 70


async def test_a_cursor_of_another_question_begins_anew(house: House) -> None:
    assert "70 movies" in await house.visitor.open("/movies?cursor=nonsense&sort=up&page=-1&provider=none")


async def test_pages_that_are_not_there_say_so(visitor: Visitor) -> None:
    for path in ("/nowhere", "/movies/none", "/jobs/none", "/providers/none", "/rules/none", "/playlists/none"):
        assert "Not found" in await visitor.open(path, 404)
    answer = await visitor.client.get("/api/movies/none", headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await visitor.client.get("/nowhere")).headers["content-type"] == "application/problem+json"


async def test_what_nobody_expected_is_a_page_too(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("secret words")

    registry = type(visitor.served.context.registry)
    monkeypatch.setattr(registry, "list", lambda _self: broken())
    text = await visitor.open("/", 500)
    assert "log of the server" in text
    assert "secret words" not in text


async def test_an_asset_is_found_by_its_content_alone(visitor: Visitor) -> None:
    assert (await visitor.client.get("/static/htmx.js")).status_code == 404
    plain = re.search(r"/static/lineup\.[0-9a-f]+\.css", await visitor.open("/"))
    assert plain
    answer = await visitor.client.get(plain[0], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


async def test_the_interface_does_not_tell_of_pages(visitor: Visitor) -> None:
    paths = (await visitor.served.json("GET", "/openapi.json"))["paths"]
    assert not [path for path in paths if path == "/" or path.startswith(("/static", "/settings", "/movies"))]
