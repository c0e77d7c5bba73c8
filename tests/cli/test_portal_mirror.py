"""`lineup portal` and a provider of the registry: its mirror, and the settings that a sync is asked with."""

from collections.abc import Callable, Iterator

import pytest

from app.cli import portal_sync
from app.context import ProcessContext
from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from tests.cli.conftest import Inside
from tests.cli.installation import Answer, Installation
from tests.cli.test_portal import PASSWORD, SMALL, done

Ask = Callable[..., Answer]


@pytest.fixture
def operator() -> Portal:
    return create_portal(SMALL, "iptvportal", Behaviour(forbidden_tables=("domain",)))


@pytest.fixture
def ask(operator: Portal, inside: Inside) -> Iterator[Ask]:
    """Commands of an installation with one provider."""
    with PortalThread({"": operator}) as thread:
        account = ("--kind", "iptvportal", "--username", "fake-user", "--password", PASSWORD, "--no-sync")
        done(inside("provider", "add", "acme", thread.url, *account))

        def run(*words: str, **settings: str) -> Answer:
            return inside("portal", *words, **settings)

        yield run


def test_what_one_table_has_against_it_is_no_fault_of_the_others(ask: Ask) -> None:
    answer = ask("sync", "register", "package", "nothing", "domain", "--json")
    assert answer.code == 1
    assert [(one["name"], one["state"]) for one in answer.json["tables"]] == [
        ("package", "empty"),
        ("domain", "disabled"),
    ]
    assert answer.err.startswith("lineup: nothing: The portal refuses")


def test_flags_of_a_sync_hold_for_it_or_are_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    done(ask("sync", "register", "package"))
    done(ask("sync", "run", "package", "--set", "sync.ttl=0"))
    assert done(ask("sync", "status", "package", "--set", "sync.ttl=5", "--json")).json["tables"][0]["ttl"] == 5

    async def alive(context: ProcessContext) -> bool:
        return True

    monkeypatch.setattr(portal_sync, "worker_alive", alive)
    answer = ask("sync", "run", "package", "--set", "sync.ttl=5")
    assert answer.code == 2
    assert "--set: A worker runs the sync, with the settings that it was started with." in answer.err


def test_a_provider_is_asked_by_its_name_or_because_it_is_the_only_one(
    operator: Portal, inside: Inside, installation: Installation
) -> None:
    nobody = inside("portal", "sql", "SELECT id FROM package")
    assert nobody.code == 2
    assert "LINEUP_PORTAL_CLIENT_URL" in nobody.err
    with PortalThread({"": operator}) as thread:
        account = ("--kind", "iptvportal", "--username", "fake-user", "--password", PASSWORD, "--no-sync")
        done(inside("provider", "add", "acme", thread.url, *account))
        done(inside("provider", "add", "list", "http://h.test/a.m3u", "--kind", "m3u", "--no-sync"))
        assert done(inside("portal", "sql", "SELECT id FROM package LIMIT 1")).out.splitlines() == ["id", "1"]
        assert done(inside("portal", "auth", "-p", "acme", "--json")).json["kept"] == "database"
        other = inside("portal", "auth", "-p", "list")
    assert other.code == 2
    assert "no operator's portal" in other.err
    assert operator.stats.logins == 1


def test_tables_are_mirrored_and_answer_while_the_portal_is_away(
    operator: Portal, inside: Inside, installation: Installation
) -> None:
    query = ("portal", "sql", "SELECT COUNT(*) AS n FROM package")
    with PortalThread({"": operator}) as thread:
        account = ("--kind", "iptvportal", "--username", "fake-user", "--password", PASSWORD, "--no-sync")
        done(inside("provider", "add", "acme", thread.url, *account))
        assert inside("portal", "sync", "init").code == 2
        done(inside("portal", "schema", "introspect", "package", "tv_category", "-o", "schemas/own.yaml"))
        listed = done(inside("portal", "sync", "init", "--json")).json["tables"]
        assert [(one["name"], one["state"], one["remoteRows"]) for one in listed] == [
            ("package", "empty", 12),
            ("tv_category", "empty", 4),
        ]
        kept_back = done(inside("portal", "sync", "register", "domain", "--json")).json["tables"]
        assert kept_back[0]["state"] == "disabled"
        answer = done(inside(*query, "--json", "--debug"))
        assert answer.json["source"] == "remote"
        for part in ("SQL: SELECT", "JSONSQL: select {", "request: POST http://", "sessionid=***", "took: "):
            assert part in answer.err
        assert inside(*query, "--mode", "local").code == 1
        done(inside("portal", "sync", "run", "package"))
        found = done(inside(*query, "--json")).json
        assert (found["source"], found["rows"]) == ("mirror", [[12]])
        write = ("--allow-writes", "--yes")
        done(inside("portal", "sql", "INSERT INTO package (name) VALUES ('New') RETURNING id", *write))
        assert done(inside(*query, "--mode", "local", "--json")).json["rows"] == [[13]]
    lines = done(inside("portal", "sync", "status")).out.splitlines()
    assert [line.split("\t")[:4] for line in lines[1:]] == [
        ["domain", "disabled", "full", "–"],
        ["package", "fresh", "full", "13"],
        ["tv_category", "empty", "full", "–"],
    ]
    assert done(inside(*query, "--json")).json["rows"] == [[13]]
    told = done(inside("portal", "cache", "status", "--json")).json
    assert (told["mirror"]["rows"], told["mirror"]["fresh"], told["session"]["kept"]) == (13, 1, True)
    assert done(inside("portal", "cache", "clear", "package")).out == "package\n"
    assert inside("portal", "cache", "clear", "nothing").code == 2
    dry = done(inside(*query, "--dry-run"))
    assert (dry.out, "the mirror would answer" in dry.err) == ("", True)
    assert inside("portal", "sync", "clear", "package").code == 2
    done(inside("portal", "sync", "clear", "package", "--yes"))
    assert inside(*query, "--mode", "local").code == 2
    assert "package\tunregistered" in done(inside("portal", "sync", "status")).out
