"""Playlists as a client keeps them: definitions, tokens, changes by hand, users."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from app.db.tables import Playlist, PlaylistUser
from app.domain.kinds import Kind
from tests.playlists.conftest import Store, channels
from tests.support.server import Served

C = Kind.CHANNEL
P = "/api/playlists"


async def added(served: Served, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = await served.json("POST", P, 201, json={"name": "Living room", **body})
    return found


async def test_a_playlist_is_kept_with_a_slug_a_token_and_its_links(served: Served) -> None:
    one = await added(served, definition={"tags": {"include": ["US"]}, "startNumber": 5})
    assert (one["slug"], one["revision"]) == ("living-room", 1)
    assert one["definition"]["tags"] == {"include": ["US"], "exclude": [], "match": "all"}
    assert one["definition"]["startNumber"] == 5
    assert len(one["token"]) >= 22
    assert one["links"] == {
        "m3u": f"http://lineup.test/playlist/living-room.m3u?token={one['token']}",
        "m3uShort": f"http://lineup.test/p/{one['token']}/playlist.m3u",
        "epg": f"http://lineup.test/epg/living-room.xml?token={one['token']}",
        "epgGz": f"http://lineup.test/epg/living-room.xml.gz?token={one['token']}",
        "hdhomerun": f"http://lineup.test/hdhr/{one['token']}",
    }
    assert (await added(served))["slug"] == "living-room-2"
    assert await served.json("GET", f"{P}/living-room") == one
    assert await served.json("GET", f"{P}/{one['id']}") == one
    listed = await served.json("GET", f"{P}?limit=1")
    assert (listed["total"], listed["hasMore"], len(listed["playlists"])) == (2, True, 1)
    assert one["token"] not in str(listed)
    await served.json("DELETE", f"{P}/{one['id']}", 204)
    await served.json("GET", f"{P}/{one['id']}", 404)


async def test_a_change_is_merged_and_makes_a_revision(served: Served) -> None:
    one = await added(served, definition={"search": "news", "startNumber": 5})
    body = {"name": "Kitchen", "slug": "kitchen", "definition": {"startNumber": None, "adult": True}}
    two = await served.json("PATCH", f"{P}/{one['id']}", json=body)
    assert (two["name"], two["slug"], two["revision"], two["token"]) == ("Kitchen", "kitchen", 2, one["token"])
    told = {name: two["definition"][name] for name in ("search", "startNumber", "adult")}
    assert told == {"search": "news", "startNumber": None, "adult": True}


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"slug": "Living Room"}, "slug"),
    ({"slug": "taken"}, "slug"),
    ({"name": " "}, "name"),
    ({"definition": {"providers": ["nobody"]}}, "definition.providers.0"),
    ({"definition": {"sort": "size"}}, "definition.sort"),
    ({"definition": {"kinds": []}}, "definition.kinds"),
    ({"definition": {"startNumber": 0}}, "definition.startNumber"),
    ({"definition": {"colour": "red"}}, "definition.colour"),
    ({"definition": {"tags": {"include": [""]}}}, "definition.tags.include.0"),
    ({"definition": {"timeshift": 99}}, "definition.timeshift"),
)


async def test_what_is_wrong_is_named(served: Served) -> None:
    await added(served, slug="taken")
    other = await added(served, slug="other")
    for body, field in WRONG:
        for method, path, sent in (("POST", P, {"name": "One", **body}), ("PATCH", f"{P}/{other['id']}", body)):
            answer = await served.json(method, path, 422, json=sent)
            assert [one["field"] for one in answer["errors"]] == [field], (method, body)


async def test_a_new_token_closes_what_the_old_one_opened(served: Served) -> None:
    one = await added(served)
    assert (await served.client.get(one["links"]["m3u"])).status_code == 200
    two = await served.json("POST", f"{P}/{one['id']}/token")
    assert two["token"] != one["token"]
    assert (await served.client.get(one["links"]["m3u"])).status_code == 404
    assert (await served.client.get(one["links"]["m3uShort"])).status_code == 404
    assert (await served.client.get(two["links"]["m3u"])).status_code == 200


async def test_no_secret_is_stored_as_it_is(served: Served) -> None:
    one = await added(served)
    user = await served.json("POST", f"{P}/{one['id']}/users", 201, json={"username": "grandma"})
    async with served.context.database.reader() as reader:
        rows = [*await reader.rows(select(Playlist)), *await reader.rows(select(PlaylistUser))]
        columns = [
            *await reader.rows(select(col(Playlist.token), col(Playlist.token_sha256))),
            *await reader.rows(select(col(PlaylistUser.password))),
        ]
    assert len(rows) == 2
    assert one["token"] not in repr(columns)
    assert user["password"] not in repr(columns)


async def test_changes_by_hand_are_kept_and_taken_back(served: Served, stocked: Store) -> None:
    await stocked.stock({C: channels(4)})
    ids = [one.item_id for one in await stocked.entries()]
    one = await added(served)
    path = f"{P}/living-room/entries"
    changed = await served.json("PATCH", f"{path}/{ids[2]}", json={"name": "Mine", "number": 7.1, "position": 1})
    assert changed == {"itemId": ids[2], "name": "Mine", "number": 7.1, "position": 1, "hidden": False}
    await served.json("PATCH", f"{path}/{ids[0]}", json={"hidden": True})
    m3u = (await served.client.get(one["links"]["m3u"])).text
    assert [line.rpartition(",")[2] for line in m3u.splitlines() if line.startswith("#EXTINF")] == [
        "Mine",
        "Channel 2",
        "Channel 4",
    ]
    listed = await served.json("GET", path)
    assert (listed["total"], {entry["itemId"] for entry in listed["entries"]}) == (2, {ids[0], ids[2]})
    await served.json("PATCH", f"{path}/{ids[2]}", json={"name": None, "number": None, "position": None})
    assert (await served.json("GET", path))["total"] == 1
    await served.json("PATCH", f"{path}/nothing", 404, json={"hidden": True})
    wrong = await served.json("PATCH", f"{path}/{ids[0]}", 422, json={"position": 0, "name": ""})
    assert {one["field"] for one in wrong["errors"]} == {"position", "name"}


async def test_an_order_puts_items_first_and_gives_up_older_positions(served: Served, stocked: Store) -> None:
    await stocked.stock({C: channels(4)})
    ids = [one.item_id for one in await stocked.entries()]
    await added(served)
    await served.json("PATCH", f"{P}/living-room/entries/{ids[1]}", json={"position": 4, "name": "Two"})
    assert await served.json("PUT", f"{P}/living-room/order", json={"items": [ids[3], ids[2]]}) == {"ordered": 2}
    entries = (await served.json("GET", f"{P}/living-room/entries"))["entries"]
    assert {one["itemId"]: (one["position"], one["name"]) for one in entries} == {
        ids[3]: (1, None),
        ids[2]: (2, None),
        ids[1]: (None, "Two"),
    }
    await served.json("PUT", f"{P}/living-room/order", 422, json={"items": [ids[0], ids[0]]})
    await served.json("PUT", f"{P}/living-room/order", 404, json={"items": ["nothing"]})


async def test_users_have_a_password_that_is_told_once_or_asked_for(served: Served) -> None:
    one = await added(served)
    path = f"{P}/{one['id']}/users"
    user = await served.json(
        "POST", path, 201, json={"username": "grandma", "expiresAt": "2030-01-02T03:04:05+01:00", "maxConnections": 2}
    )
    assert (user["expiresAt"], user["maxConnections"], user["enabled"]) == ("2030-01-02T02:04:05Z", 2, True)
    assert len(user["password"]) == 16
    assert "password" not in await served.json("GET", f"{path}/{user['id']}")
    assert user["password"] not in str(await served.json("GET", path))
    told = await served.json("GET", f"{path}/{user['id']}/password")
    assert told == {"username": "grandma", "password": user["password"]}
    users = served.context.playlists.users
    found = await users.authenticate("grandma", user["password"])
    assert found is not None
    assert found.id == user["id"]
    assert await users.authenticate("grandma", "wrong") is None
    assert await users.authenticate("nobody", user["password"]) is None
    body = {"password": "chosen-word", "enabled": False, "expiresAt": None}
    changed = await served.json("PATCH", f"{path}/{user['id']}", json=body)
    assert (changed["enabled"], changed["expiresAt"]) == (False, None)
    assert await users.authenticate("grandma", user["password"]) is None
    assert await users.authenticate("grandma", "chosen-word") is not None
    taken = await served.json("POST", path, 422, json={"username": "grandma"})
    assert [one["field"] for one in taken["errors"]] == ["username"]
    wrong = await served.json("POST", path, 422, json={"username": "a/b", "password": "a b", "maxConnections": 0})
    assert [one["field"] for one in wrong["errors"]] == ["username", "password", "maxConnections"]
    other = await added(served)
    await served.json("GET", f"{P}/{other['id']}/users/{user['id']}", 404)
    await served.json("DELETE", f"{path}/{user['id']}", 204)
    assert await users.authenticate("grandma", "chosen-word") is None
