"""`lineup playlist`: what it keeps is what the server serves."""

import json

from tests.cli.conftest import Inside


def test_a_playlist_from_its_first_command_to_its_last(inside: Inside) -> None:
    words = ("playlist", "add", "Living room", "--tag", "US", "--tag", "HD", "--any-tag", "--start-number", "100")
    one = json.loads(inside(*words, "--json", LINEUP_PUBLIC_URL="https://tv.test").out)
    assert one["links"]["m3u"] == f"https://tv.test/playlist/living-room.m3u?token={one['token']}"
    assert one["definition"]["tags"] == {"include": ["US", "HD"], "exclude": [], "match": "any"}
    assert one["definition"]["startNumber"] == 100
    edited = inside("playlist", "edit", "living-room", "--name", "Kitchen", "--start-number", "0", "--adult", "--json")
    changed = json.loads(edited.out)
    assert (changed["name"], changed["definition"]["startNumber"], changed["definition"]["adult"]) == (
        "Kitchen",
        None,
        True,
    )
    assert changed["definition"]["tags"] == one["definition"]["tags"]
    renewed = json.loads(inside("playlist", "token", "living-room", "--json").out)
    assert renewed["token"] != one["token"]
    shown = inside("playlist", "show", "living-room").out
    assert renewed["links"]["m3uShort"] in shown
    assert renewed["token"] not in inside("playlist", "list").out
    assert inside("playlist", "remove", "living-room", "--yes").out == "Removed Kitchen.\n"
    assert json.loads(inside("playlist", "list", "--json").out) == {"total": 0, "playlists": []}
    assert inside("playlist", "show", "living-room").code == 2


def test_users_of_a_playlist(inside: Inside) -> None:
    inside("playlist", "add", "Home")
    user = json.loads(inside("playlist", "users", "add", "home", "grandma", "--expires", "2030-01-31", "--json").out)
    assert (user["username"], user["expiresAt"]) == ("grandma", "2030-01-31T00:00:00Z")
    assert inside("playlist", "users", "password", "home", "grandma").out == f"{user['password']}\n"
    assert inside("playlist", "users", "edit", "home", "grandma", "--disable").out == "Changed grandma.\n"
    listed = json.loads(inside("playlist", "users", "list", "home", "--json").out)
    assert [one["enabled"] for one in listed["users"]] == [False]
    assert user["password"] not in str(listed)
    assert inside("playlist", "users", "add", "home", "a/b").code == 2
    assert inside("playlist", "users", "remove", "home", "grandma").out == "Removed grandma.\n"
    assert json.loads(inside("playlist", "entries", "home", "--json").out) == {"entries": []}
    assert inside("playlist", "order", "home", "nothing").code == 2
    wrong = inside("playlist", "entry", "home", "nothing", "--hide")
    assert (wrong.code, "nothing" in wrong.err) == (2, True)
