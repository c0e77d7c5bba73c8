"""Providers, by the command line alone; every command is a process of its own."""

import re
from collections.abc import Iterator

import pytest

from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from tests.cli.conftest import Inside
from tests.cli.installation import Installation

STALKER = ("--kind", "stalker", "--mac", "00:1A:79:00:00:01")
XTREAM = ("--kind", "xtream", "--username", "demo", "--password", "fake-password")


@pytest.fixture(scope="module")
def lists() -> Iterator[PortalProcess]:
    with PortalProcess(["m3u"], CatalogueSpec(channels=20, movies=20, series=4, categories=8)) as process:
        yield process


def test_a_provider_is_added_listed_shown_tested_and_removed(
    installation: Installation, inside: Inside, portal: PortalProcess
) -> None:
    added = installation.run("provider", "add", "home", f"{portal.url_of('panel')}/c/", *STALKER)
    assert (added.code, added.err) == (0, "")
    (listed,) = installation.json("provider", "list")["providers"]
    assert listed["id"] in added.out
    assert listed["credentials"] == {"mac": True}
    assert inside("provider", "list").out.splitlines()[1].split("\t")[:3] == [listed["id"], "home", "stalker"]
    assert inside.json("provider", "show", "home")["id"] == listed["id"]
    assert inside.json("provider", "test", listed["id"])["ok"] is True
    assert installation.run("provider", "remove", "home").code == 2
    assert inside("provider", "remove", "home", "--yes").code == 0
    assert inside.json("provider", "list") == {"total": 0, "providers": []}


def test_a_list_is_added_tested_synced_browsed_and_never_shown_whole(inside: Inside, lists: PortalProcess) -> None:
    url = f"{lists.url_of('m3u')}/get.php?username=fake-user&password=fake-pass-1&type=m3u_plus&output=ts"
    added = inside("provider", "add", "list", url, "--kind", "m3u", "--no-sync")
    assert (added.code, added.err) == (0, "")
    assert inside.json("provider", "test", "list")["ok"] is True
    (job,) = inside.json("sync", "run", "list")["jobs"]
    expected = lists.expected("m3u")
    assert job["status"] == "completed"
    counted = {name: job[f"{name}Synced"] for name in ("channels", "movies", "series")}
    assert counted == {name: expected[name] for name in counted}
    shown = inside("provider", "show", "list").out
    assert re.search(rf"^channels\s+{expected['channels']}$", shown, re.MULTILINE)
    assert "fake-pass-1" not in added.out + shown + inside("provider", "list").out


def test_a_name_that_two_providers_have_is_refused_with_their_ids(inside: Inside) -> None:
    for host in ("one", "two"):
        assert inside("provider", "add", "home", f"http://{host}.example", *XTREAM).code == 0
    ids = [one["id"] for one in inside("provider", "list", "--json").json["providers"]]
    answer = inside("provider", "show", "home")
    assert answer.code == 2
    assert all(one in answer.err for one in ids)
    assert inside("provider", "show", ids[0]).code == 0


def test_a_password_may_come_from_standard_input_and_is_never_shown(installation: Installation) -> None:
    words = ("provider", "add", "home", "http://portal.example", "--kind", "xtream", "--username", "demo")
    answer = installation.run(*words, "--password", "-", given="fake-password\n")
    assert answer.code == 0
    shown = installation.run("provider", "show", "home", "--json")
    assert shown.json["credentials"] == {"password": True, "username": True}
    assert "fake-password" not in answer.out + answer.err + shown.out + shown.err


def test_options_and_schedules_are_stored(inside: Inside) -> None:
    words = ("--option", "maxParallelPages=20", "--option", "userAgent=MAG250", "--every-hours", "12")
    added = inside("provider", "add", "home", "http://portal.example", *XTREAM, *words, "--no-sync", "--json").json
    assert added["options"] == {"maxParallelPages": 20, "userAgent": "MAG250"}
    assert added["schedule"] == {"everyHours": 12}
    assert added["jobId"] is None
    words = ("--cron", "0 4 * * *", "--jitter-minutes", "5", "--webhook-secret", "fake words of a fake receiver")
    hooked = ("--option", "webhookUrl=https://hook.example.test/tell")
    third = inside("provider", "add", "third", "http://third.example", *XTREAM, *words, *hooked, "--json").json
    assert third["schedule"] == {"cron": "0 4 * * *", "timezone": "UTC", "jitterMinutes": 5}
    assert third["credentials"] == {"password": True, "username": True, "webhookSecret": True}
    shown = inside("provider", "show", "third").out
    assert "closed" in shown
    assert third["nextSyncAt"] in shown
    never = inside("provider", "add", "other", "http://other.example", *XTREAM, "--every-hours", "0", "--json").json
    assert never["schedule"] is None
    assert never["jobId"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--kind", "stalker", "--mac", "nonsense"), "--mac: "),
        (("--kind", "xtream", "--username", "demo"), "--password: "),
        ((*XTREAM, "--cron", "nonsense"), "--cron: "),
        ((*XTREAM, "--every-hours", "6", "--jitter-minutes", "-1"), "--jitter-minutes: "),
        ((*XTREAM, "--webhook-secret", "too short"), "--webhook-secret: "),
        ((*XTREAM, "--option", "dream=1"), "options.dream: "),
    ],
)
def test_a_field_that_cannot_be_used_is_named_as_it_was_typed(
    inside: Inside, words: tuple[str, ...], named: str
) -> None:
    answer = inside("provider", "add", "home", "http://portal.example", *words)
    assert answer.code == 2
    assert answer.err.startswith(f"lineup: {named}")
    assert inside("provider", "list", "--json").json["total"] == 0


def test_a_test_that_the_provider_refuses_is_a_failure(inside: Inside) -> None:
    inside("provider", "add", "home", "http://127.0.0.1:1", *XTREAM, "--no-sync")
    answer = inside("provider", "test", "home", "--json", LINEUP_RETRY_BASE_SECONDS="0.01")
    assert answer.code == 1
    assert answer.json["ok"] is False
