"""`lineup epg`: guides refreshed, shown and matched by command, with and without a server."""

from datetime import UTC, datetime

from app.simulator.process import PortalProcess
from tests.cli.conftest import Inside

XTREAM = ("--kind", "xtream", "--username", "demo", "--password", "fake-password")


def test_guides_from_the_first_command_to_the_last(inside: Inside, portal: PortalProcess) -> None:
    inside.json("provider", "add", "home", portal.url_of("xtream"), *XTREAM, "--no-sync")
    inside.json("sync", "run", "home", "--only", "channels")
    assert inside.json("epg", "now") == []
    (job,) = inside.json("epg", "sync", "home")["jobs"]
    assert (job["status"], [step["name"] for step in job["steps"]]) == ("completed", ["epg"])

    (status,) = inside.json("epg", "status", "home")
    assert 0 < status["coverage"]["matched"] == status["coverage"]["withProgrammesNow"]
    told = inside("epg", "status", "home").out
    assert [line.split("\t")[0] for line in told.splitlines()[:3]] == ["provider", "home", "guide"]
    assert inside("epg", "status").out.splitlines() == told.splitlines()[:2]

    now = inside.json("epg", "now", "home", "--limit", "2")
    assert [one["now"]["title"] != "" for one in now] == [True, True]
    channel = now[0]["channelId"]
    assert channel in inside("epg", "now").out
    shows = inside.json("epg", "show", channel, "--hours", "6")
    assert shows[0] == now[0]["now"]
    assert 6 <= len(shows) <= 14
    assert shows[-1]["start"] > datetime.now(UTC).isoformat()
    assert inside("epg", "show", channel).out.splitlines()[1].endswith(shows[0]["title"])

    other = now[1]["channelId"]
    (wish,) = inside.json("epg", "channels", "home", "--search", inside.json("epg", "match", other)["channel"])
    pinned = inside.json("epg", "match", channel, "--guide", wish["guideId"], "--to", wish["channel"])
    assert (pinned["decided"], pinned["channel"]) == ("pinned", wish["channel"])
    assert inside.json("epg", "match", channel, "--none")["decided"] == "forbidden"
    assert "auto" in inside("epg", "match", channel, "--auto").out


def test_wrong_use_is_told_in_one_line(inside: Inside) -> None:
    for words, said in (
        (("epg", "sync", "nobody"), "nobody"),
        (("epg", "status", "nobody"), "nobody"),
        (("epg", "show", "nothing"), "channel"),
        (("epg", "match", "nothing", "--guide", "x"), "--to"),
        (("epg", "match", "nothing", "--none", "--auto"), "--none"),
        (("epg", "match", "nothing"), "channel"),
    ):
        answer = inside(*words)
        assert answer.code == 2, answer
        assert said in answer.err
        assert len(answer.err.splitlines()) == 1
