"""Tags over real HTTP, from the first sync to the delta that carries a changed tag."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.domain.filters import Sieve
from app.domain.kinds import Kind
from app.domain.records import CategoryRecord
from app.domain.tagging import Tagger
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.scripted import ScriptedProvider, record, sync
from tests.support.server import Served, serving

NAMES = ("US: ESPN HD", "US: CNN [EAST]", "UK: Dave FHD", "XXX: Late show", "Plain")


@pytest.fixture
async def served(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    settings = Settings(
        database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path, retry_attempts=0
    )
    async with serving(settings) as found:
        yield found


@pytest.fixture(scope="module")
def panel() -> Iterator[str]:
    spec = CatalogueSpec(channels=30, movies=10, series=10, categories=9)
    with PortalThread({"xtream": create_portal(spec, "xtream", Behaviour(), mount="/xtream")}) as thread:
        yield f"{thread.url}/xtream/get.php?username=fake-user&password=fake-word&type=m3u"


async def stocked(served: Served) -> str:
    """A provider whose channels are synced and published."""
    body = {"name": "One", "kind": "xtream", "url": "http://h.test/get.php?username=u&password=p", "sync": False}
    public = str((await served.json("POST", "/api/providers", 201, json=body))["id"])
    pk = (await served.context.registry.by_id(public)).pk
    channels = [record(Kind.CHANNEL, number, name=name) for number, name in enumerate(NAMES, 1)]
    listed = [CategoryRecord(external_id="1", name="All", position=1)]
    provider = ScriptedProvider(lists={Kind.CHANNEL: channels}, categories_of=dict.fromkeys(Kind, listed))
    await sync(served.context.database, pk, provider)
    await served.json("POST", f"/api/providers/{public}/process-tags")
    return public


async def names(served: Served, path: str) -> list[str]:
    """All of a list, gathered by cursors; its total has to be true."""
    found: list[str] = []
    following = path
    while True:
        page = await served.json("GET", following)
        found += [one["name"] for one in page["channels"]]
        if page["nextCursor"] is None:
            assert page["total"] == len(found)
            return found
        following = f"{path}&cursor={page['nextCursor']}"


async def test_new_providers_have_the_built_in_rules_and_tags_can_be_asked_for(served: Served) -> None:
    public = await stocked(served)
    counted = {"EAST": 1, "FHD": 1, "HD": 1, "UK": 1, "US": 2}
    wanted = {"tags": [{"name": name, "channel_count": count} for name, count in counted.items()]}
    assert await served.json("GET", f"/api/tags?account_id={public}&with_counts=true") == wanted
    assert await served.json("GET", "/api/tags?with_counts=true") == wanted
    assert await served.json("GET", "/api/tags") == {"tags": [{"name": name} for name in counted]}
    assert await served.json("GET", "/api/tags?kind=movies&with_counts=true") == {"tags": []}
    await served.json("GET", "/api/tags?account_id=nobody", 404)
    rulesets = (await served.json("GET", f"/api/accounts/{public}/rulesets"))["rulesets"]
    assert [(one["id"], one["builtin"], one["providers"]) for one in rulesets] == [("default", True, [public])]


LISTS: tuple[tuple[str, list[str]], ...] = (
    ("tags=US", ["US: ESPN HD", "US: CNN [EAST]"]),
    ("tags=us, hd", ["US: ESPN HD"]),
    ("tags=US&search=cnn", ["US: CNN [EAST]"]),
    ("tags=US&category=All&sort=-name", ["US: ESPN HD", "US: CNN [EAST]"]),
    ("tags=US,UK", []),
    ("tags=NOPE", []),
    ("visible=false", ["XXX: Late show"]),
    ("visible=true&tags=UK", ["UK: Dave FHD"]),
)


async def test_lists_can_be_asked_for_by_tags_and_by_who_is_shown(served: Served) -> None:
    public = await stocked(served)
    for query, found in LISTS:
        for path in (f"/api/providers/{public}/channels", "/api/channels"):
            assert await names(served, f"{path}?limit=1&{query}") == found, query


async def test_a_changed_tag_is_a_new_version_and_stands_in_the_delta(served: Served) -> None:
    public = await stocked(served)
    base = f"/api/providers/{public}"
    before = (await served.json("GET", f"{base}/snapshot/head"))["version"]
    own = (await served.json("POST", "/api/rulesets", 201, json={"name": "Mine", "copyOf": "default"}))["id"]
    rule = {"pattern": "dave", "tag": "Comedy"}
    made = await served.json("POST", f"/api/rulesets/{own}/rules", 201, json=rule)
    assert (made["patternType"], made["source"], made["trouble"]) == ("contains", "channel_name", None)
    assigned = await served.json("PUT", f"{base}/rulesets", json={"rulesets": [own]})
    assert [one["id"] for one in assigned["rulesets"]] == [own]
    done = await served.json("POST", f"{base}/process-tags")
    assert done == {
        "success": True, "tags_created": 1, "tags_updated": 6, "tags_removed": 0, "using_database": True,
    }  # fmt: skip
    after = (await served.json("GET", f"{base}/snapshot/head"))["version"]
    assert after != before
    delta = await served.json("GET", f"{base}/changes?since={before}")
    assert [(one["name"], one["tags"], one["cleanedName"]) for one in delta["upserts"]] == [
        ("UK: Dave FHD", ["Comedy", "FHD", "UK"], "Dave")
    ]
    again = await served.json("POST", f"{base}/process-tags")
    assert (again["tags_created"], again["tags_updated"], again["tags_removed"]) == (0, 7, 0)
    assert (await served.json("GET", f"{base}/snapshot/head"))["version"] == after


async def test_tags_are_not_processed_while_a_sync_is_under_way(served: Served) -> None:
    public = await stocked(served)
    await served.json("POST", f"/api/providers/{public}/sync", 202)
    problem = await served.json("POST", f"/api/providers/{public}/process-tags", 409)
    assert problem["code"] == "job_live"
    await served.json("POST", "/api/providers/nobody/process-tags", 404)


async def test_a_provider_that_was_never_synced_is_read_live_and_nothing_is_stored(served: Served, panel: str) -> None:
    body = {"name": "Live", "kind": "xtream", "url": panel, "sync": False}
    public = (await served.json("POST", "/api/providers", 201, json=body))["id"]
    rule = {"pattern": ".", "patternType": "regex", "tag": "ANY"}
    own = (await served.json("POST", "/api/rulesets", 201, json={"name": "Mine"}))["id"]
    await served.json("POST", f"/api/rulesets/{own}/rules", 201, json=rule)
    await served.json("PUT", f"/api/providers/{public}/rulesets", json={"rulesets": [own]})
    done = await served.json("POST", f"/api/providers/{public}/process-tags")
    assert (done["tags_created"], done["using_database"]) == (30, False)
    assert (await served.json("GET", f"/api/providers/{public}/channels"))["total"] == 0
    assert await served.json("GET", f"/api/tags?account_id={public}") == {"tags": []}


async def test_a_person_tags_one_item(served: Served) -> None:
    public = await stocked(served)
    item = (await served.json("GET", f"/api/providers/{public}/channels?search=plain"))["channels"][0]["id"]
    told = await served.json("PUT", f"/api/channels/{item}/tags/24%2F7")
    assert told == {"id": item, "tags": ["24/7"], "userTags": ["24/7"], "pending": False}
    assert await names(served, "/api/channels?tags=24%2F7") == ["Plain"]
    told = await served.json("DELETE", f"/api/channels/{item}/tags/24%2F7")
    assert told == {"id": item, "tags": [], "userTags": [], "pending": False}
    await served.json("DELETE", f"/api/channels/{item}/tags/x", 404)
    await served.json("PUT", f"/api/movies/{item}/tags/x", 404)
    await served.json("PUT", f"/api/channels/{item}/tags/---", 422)


async def test_rulesets_and_rules_are_kept_changed_and_refused(served: Served) -> None:
    problem = await served.json("PATCH", "/api/rulesets/default", 409, json={"name": "x"})
    assert problem["code"] == "builtin_ruleset"
    await served.json("POST", "/api/rulesets/default/rules", 409, json={"pattern": "a", "tag": "b"})
    builtin = await served.json("GET", "/api/rulesets/default/rules?limit=10")
    assert (len(builtin["rules"]), builtin["hasMore"]) == (10, True)
    own = (await served.json("POST", "/api/rulesets", 201, json={"name": "Mine", "copyOf": "default"}))["id"]
    base = f"/api/rulesets/{own}/rules"
    copied = await served.json("GET", base)
    assert copied["total"] == builtin["total"]
    assert copied["rules"][0]["pattern"] == builtin["rules"][0]["pattern"]
    for body, field in (
        ({"pattern": "(", "patternType": "regex", "tag": "T"}, "pattern"),
        ({"pattern": "x", "tag": "__CAPTURE__"}, "pattern"),
        ({"pattern": "x"}, "tag"),
        ({"pattern": "", "tag": "T"}, "pattern"),
        ({"pattern": "x", "tag": "T", "source": "name"}, "source"),
    ):
        problem = await served.json("POST", base, 422, json=body)
        assert [one["field"] for one in problem["errors"]] == [field]
    rule = copied["rules"][1]["id"]
    changed = await served.json("PATCH", f"{base}/{rule}", json={"tag": "OTHER", "kinds": ["movie"], "enabled": False})
    assert (changed["tag"], changed["kinds"], changed["enabled"]) == ("OTHER", ["movie"], False)
    await served.json("DELETE", f"{base}/{rule}", 204)
    await served.json("DELETE", f"{base}/{rule}", 404)
    assert (await served.json("PATCH", f"/api/rulesets/{own}", json={"name": "Ours"}))["name"] == "Ours"
    await served.json("DELETE", f"/api/rulesets/{own}", 204)
    await served.json("GET", base, 404)


async def test_what_a_change_would_do_is_shown_before_it_is_made(served: Served) -> None:
    public = await stocked(served)
    trial: dict[str, Any] = {"rule": {"pattern": "US", "tag": "STATES", "priority": 10_000}, "samples": 1}
    found = await served.json("POST", "/api/rulesets/default/dry-run", json=trial)
    assert (found["items"], found["changed"], found["tagsAdded"], found["tagsRemoved"]) == (5, 0, 0, 0)  # cut before it
    trial["rule"] = {"pattern": "US", "tag": "STATES", "priority": 0}
    found = await served.json("POST", "/api/rulesets/default/dry-run", json=trial)
    assert (found["changed"], found["tagsAdded"], len(found["samples"])) == (2, 2, 1)
    assert found["samples"][0]["after"]["tags"] == ["HD", "STATES", "US"]
    base = f"/api/providers/{public}/filters"
    trial = {"filters": [{"action": "include", "field": "tag", "value": "us"}], "samples": 0}
    found = await served.json("POST", f"{base}/dry-run", json=trial)
    assert [(one["name"], one["before"], one["after"]) for one in found["visibility"]] == [
        *(("adult", 1, 0), ("filtered", 0, 3), ("shown", 4, 2)),
    ]
    assert (await served.json("GET", base))["filters"] == []


async def test_filters_decide_who_is_shown(served: Served) -> None:
    public = await stocked(served)
    base = f"/api/providers/{public}/filters"
    body = {"action": "exclude", "field": "regex", "value": "^us"}
    problem = await served.json("POST", base, 422, json=body | {"value": "("})
    assert [one["field"] for one in problem["errors"]] == ["value"]
    drop = await served.json("POST", base, 201, json=body)
    keep = await served.json("POST", base, 201, json={"action": "include", "field": "name", "value": "cnn"})
    assert [one["position"] for one in (drop, keep)] == [0, 1]
    await served.json("POST", f"/api/providers/{public}/process-tags")
    assert await names(served, "/api/channels?visible=true") == []
    await served.json("PATCH", f"{base}/{drop['id']}", json={"position": 2})
    await served.json("POST", f"/api/providers/{public}/process-tags")
    assert await names(served, "/api/channels?visible=true") == ["US: CNN [EAST]"]
    for one in (drop, keep):
        await served.json("DELETE", f"{base}/{one['id']}", 204)
    await served.json("DELETE", f"{base}/{keep['id']}", 404)
    await served.json("POST", f"/api/providers/{public}/process-tags")
    assert len(await names(served, "/api/channels?visible=true")) == 4


async def test_no_request_judges_an_item(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters and rules are asked when items are written; lists, previews and outputs read what was found then."""
    public = await stocked(served)
    drop = {"action": "exclude", "field": "regex", "value": "^us"}
    await served.json("POST", f"/api/providers/{public}/filters", 201, json=drop)
    judged: list[str] = []

    def counted(method: Any) -> Any:
        def call(self: Any, name: str, *more: Any, **options: Any) -> Any:
            judged.append(name)
            return method(self, name, *more, **options)

        return call

    monkeypatch.setattr(Sieve, "judge", counted(Sieve.judge))
    monkeypatch.setattr(Tagger, "apply", counted(Tagger.apply))
    made = await served.json("POST", "/api/playlists", 201, json={"name": "All", "definition": {}})
    assert (await served.client.get(made["links"]["m3u"])).text.count("#EXTINF") == 4
    await served.json("POST", f"/api/providers/{public}/process-tags")
    assert sorted(judged) == sorted(2 * NAMES)
    judged.clear()
    text = (await served.client.get(made["links"]["m3u"])).text
    assert [line.rpartition(",")[2] for line in text.splitlines() if line.startswith("#EXTINF")] == ["Dave", "Plain"]
    paths = (
        "/api/channels?visible=true",
        f"/api/providers/{public}/preview",
        "/api/channels/preview?tags=UK",
        "/api/tags",
    )
    for path in (*paths, "/api/channels/variants", f"/playlist/{public}.m3u", made["links"]["epg"]):
        await served.client.get(path)
    assert judged == []
