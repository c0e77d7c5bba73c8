"""Exit codes, and one line for whatever is wrong."""

import subprocess
import sys
import tomllib

import pytest

from app.cli.lazy import COMMANDS, Places, load
from app.cli.portal import COMMANDS as PORTAL
from app.cli.portal_schema import COMMANDS as SCHEMA
from tests.cli.conftest import Inside
from tests.cli.installation import Installation
from tests.support.repository import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_it_tells_its_version(installation: Installation) -> None:
    answer = installation.run("--version")
    assert (answer.code, answer.out, answer.err) == (0, f"lineup {VERSION}\n", "")


@pytest.mark.parametrize(
    ("name", "places"), [(name, places) for places in (COMMANDS, PORTAL, SCHEMA) for name in places]
)
def test_each_command_is_listed_with_its_own_words(name: str, places: Places) -> None:
    _, listed = places[name]
    assert load(name, places).help.split("\n\n")[0].replace("\n", " ") == listed


IMPORTED = """
import sys
from app.cli import lazy, portal, portal_schema
places = portal_schema.COMMANDS | portal.COMMANDS | lazy.COMMANDS
for name in sys.argv[2:]:
    lazy.load(name, places)
print(*(name for name in sys.argv[1].split(",") if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("modules", "commands"),
    [
        ("fastapi,starlette,app.main,app.simulator", ("provider", "sync", "tags", "epg", "playlist", "keys", "db")),
        ("sqlalchemy,alembic,aiohttp,uvicorn,app.context", ("config", "portal")),
        ("sqlalchemy,aiohttp,app.context,sqlglot", ("transpile", "schema", "list", "show", "generate")),
        ("sqlglot,fastapi", ("auth", "sql", "jsonsql", "cache")),
    ],
)
def test_a_command_imports_no_more_than_it_needs(modules: str, commands: tuple[str, ...]) -> None:
    words = [sys.executable, "-c", IMPORTED, modules, *commands]
    assert subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT).stdout == "\n"


@pytest.mark.parametrize("words", [(), ("provider",), ("sync",), ("snapshot",), ("keys",), ("db",), ("config",)])
def test_a_command_is_needed_and_all_are_listed(inside: Inside, words: tuple[str, ...]) -> None:
    answer = inside(*words)
    assert answer.code == 2
    assert "Commands" in answer.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("nonsense",), "nonsense"),
        (("sync", "run"), "PROVIDER"),
        (("sync", "run", "x", "--mode", "slow"), "--mode"),
        (("sync", "run", "x", "--only", "music"), "--only: music"),
        (("serve", "--port", "99999"), "--port"),
        (("provider", "add", "a", "http://h", "--kind", "gopher"), "--kind"),
        (("provider", "add", "a", "http://h/c/", "--kind", "stalker"), "--mac"),
        (("provider", "add", "a", "ftp://h", "--kind", "xtream", "--username", "u", "--password", "p"), "URL"),
        (("provider", "add", "a", "http://h", "--kind", "stalker", "--option", "nonsense"), "--option: nonsense"),
        (("provider", "show", "nobody"), "nobody"),
        (("snapshot", "show", "nobody"), "nobody"),
        (("simulate", "--profile", "dream"), "--profile: dream"),
        (("simulate", "--behaviour", "{"), "--behaviour"),
        (("simulate", "--behaviour", '{"dream":1}'), "dream"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(inside: Inside, words: tuple[str, ...], named: str) -> None:
    answer = inside(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("lineup: ")
    assert answer.err.count("\n") == 1
    assert named in answer.err


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("provider", "list"), ("config", "show"), ("demo",)])
def test_an_unknown_variable_is_named_by_every_command(inside: Inside, command: tuple[str, ...]) -> None:
    answer = inside(*command, LINEUP_FOO="1")
    assert answer.code == 2
    assert answer.err == "lineup: LINEUP_FOO is not a setting of Lineup; see `lineup config show`\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LINEUP_PORT", "many"),
        ("LINEUP_PROVIDER_NETWORKS", "some"),
        ("LINEUP_DATABASE_URL", "postgresql://bob:fake-password@127.0.0.1:1/lineup"),
        ("LINEUP_DATABASE_URL", "oracle://db"),
        ("LINEUP_REDIS_URL", "redis://:fake-password@127.0.0.1:1/0"),
        ("LINEUP_REDIS_URL", "nonsense"),
        ("LINEUP_ARTIFACTS_URL", "ftp://somewhere"),
        ("LINEUP_DATA_DIR", "/proc/nothing/here"),
    ],
)
@pytest.mark.parametrize("command", [("serve",), ("provider", "list")])
def test_a_variable_that_cannot_be_used_is_named_without_its_password(
    inside: Inside, command: tuple[str, ...], variable: str, value: str
) -> None:
    settings = {"LINEUP_SECRET_KEY": "not-a-secret-key", variable: value}
    answer = inside(*command, **settings)
    assert answer.code == 2
    assert answer.err.startswith("lineup: ")
    assert answer.err.count("\n") == 1
    assert variable in answer.err
    assert "fake-password" not in answer.err


def test_a_settings_file_that_cannot_be_read_is_named(inside: Inside, installation: Installation) -> None:
    (installation.folder / "lineup.yaml").write_text("port: [1\n")
    answer = inside("config", "show")
    assert answer.code == 2
    assert answer.err.startswith("lineup: lineup.yaml: ")
    assert answer.err.count("\n") == 1


def test_a_process_of_its_own_ends_the_same_way(installation: Installation) -> None:
    answer = installation.run("serve", LINEUP_PORT="many")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("lineup: LINEUP_PORT: ")
    assert answer.err.count("\n") == 1


def test_settings_are_shown_with_their_sources_and_without_secrets(inside: Inside, installation: Installation) -> None:
    (installation.folder / "lineup.yaml").write_text("max_parallel_pages: 30\nlog_level: debug\n")
    (installation.folder / ".env").write_text("LINEUP_LOG_LEVEL=error\nSECRET_KEY=fake-secret-key\n")
    settings = {
        "LINEUP_SNAPSHOT_MAX_AGE": "5",
        "LINEUP_API_KEYS": "fake-key-1,fake-key-2",
        "DATABASE_URL": "postgresql://bob:fake-password@db/lineup",
    }
    answer = inside("config", "show", "--json", **settings)
    shown = {one["name"]: (one["value"], one["source"]) for one in answer.json["settings"]}
    assert shown["LINEUP_MAX_PARALLEL_PAGES"] == (30, "lineup.yaml")
    assert shown["LINEUP_LOG_LEVEL"] == ("error", ".env")
    assert shown["LINEUP_SNAPSHOT_MAX_AGE"] == (5, "environment")
    assert shown["LINEUP_HOST"] == ("127.0.0.1", "default")
    assert shown["LINEUP_SECRET_KEY"] == ("***", ".env")
    assert shown["LINEUP_API_KEYS"] == ("***", "environment")
    assert shown["LINEUP_DATABASE_URL"] == ("postgresql://***@db/lineup", "environment")
    assert "fake" not in answer.out


def test_the_database_is_upgraded_checked_and_kept_in_shape(inside: Inside, database_url: str) -> None:
    for command in ("upgrade", "check", "vacuum", "analyze"):
        answer = inside("db", command, LINEUP_DATABASE_URL=database_url)
        assert (answer.code, answer.err) == (0, "")
    assert inside("db", "check", "--json").json["differences"] == []


def test_a_database_that_is_behind_is_told(inside: Inside) -> None:
    answer = inside("db", "check")
    assert answer.code == 1
    assert "revision None" in answer.out
