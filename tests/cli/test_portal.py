"""`lineup portal` against a simulated portal over HTTP."""

import ast
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from app.core.errors import Invalid
from app.domain.portal_settings import KEYS, of_file, resolved
from app.domain.schema_files import parsed
from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.cli.conftest import Inside
from tests.cli.installation import Answer, Installation
from tests.support.repository import ROOT

SMALL = CatalogueSpec(channels=10, movies=20, series=2, categories=6, subscribers=100)
PASSWORD = "fake-secret-9"
Ask = Callable[..., Answer]
DOCUMENTED = (ROOT / "docs" / "portal.md").read_text()


@pytest.fixture
def operator() -> Portal:
    return create_portal(SMALL, "iptvportal", Behaviour(forbidden_tables=("domain",)))


@pytest.fixture
def ask(operator: Portal, installation: Installation, inside: Inside) -> Iterator[Ask]:
    """Commands of an installation whose settings name the account."""
    with PortalThread({"": operator}) as thread:
        installation.environment.update(
            LINEUP_PORTAL_URL=thread.url, LINEUP_PORTAL_USERNAME="fake-operator", LINEUP_PORTAL_PASSWORD=PASSWORD
        )

        def run(*words: str, **settings: str) -> Answer:
            return inside("portal", *words, **settings)

        yield run


def done(answer: Answer) -> Answer:
    assert answer.code == 0, answer
    return answer


def test_rows_are_printed_for_people_sheets_and_programs(ask: Ask) -> None:
    query = "SELECT id, name, paid AS sold FROM package WHERE id < 3"
    lines = done(ask("sql", query)).out.splitlines()
    assert lines[0] == "id\tname\tsold"
    assert len(lines) == 3
    rows = list(csv.reader(io.StringIO(done(ask("sql", query, "-f", "csv")).out)))
    assert rows[0] == ["id", "name", "sold"]
    assert rows[1][2] in ("true", "false")
    told = done(ask("sql", query, "--json")).json
    assert told["columns"] == ["id", "name", "sold"]
    assert [str(row[0]) for row in told["rows"]] == [row[0] for row in rows[1:]]
    assert told["source"] == "remote"
    assert told["transpiled"]["params"]["where"] == {"lt": ["id", 3]}
    assert yaml.safe_load(done(ask("sql", query, "-f", "yaml")).out)["rows"] == told["rows"]


def test_jsonsql_is_sent_as_it_is_and_its_columns_have_names(ask: Ask) -> None:
    params = {"data": ["id", {"name": "title"}], "from": "package", "order_by": ["id", "DESC"], "limit": 1}
    told = done(ask("jsonsql", "select", json.dumps(params), "--json")).json
    assert (told["columns"], told["rows"][0][0]) == (["id", "title"], 12)
    assert told["transpiled"]["params"] == params


def test_a_dry_run_prints_the_request_and_sends_nothing(ask: Ask, operator: Portal) -> None:
    for words in (
        ("sql", "DELETE FROM package"),
        ("jsonsql", "select", '{"data":["id"],"from":"package"}'),
        ("auth",),
    ):
        answer = done(ask(*words, "--dry-run"))
        assert answer.out.startswith("POST http://127.0.0.1:")
        assert PASSWORD not in answer.out
        assert "***" in answer.out
    written = done(ask("sql", "DELETE FROM package WHERE id = 1", "--dry-run", "-f", "yaml")).out
    body = yaml.safe_load(written)["body"]
    assert done(ask("sql", "DELETE FROM package WHERE id = 1", "--dry-run", "--json")).json["body"] == body
    assert (body["method"], body["params"]) == ("delete", {"from": "package", "where": {"eq": ["id", 1]}})
    assert operator.stats.calls == 0


def test_debug_says_sql_jsonsql_request_and_time_beside_the_rows(ask: Ask) -> None:
    answer = done(ask("sql", "SELECT id FROM package LIMIT 1", "--debug"))
    assert answer.out.splitlines() == ["id", "1"]
    for part in ("SQL: SELECT id", "JSONSQL: select {", "request: POST http://", "sessionid=***", "took: "):
        assert part in answer.err
    assert PASSWORD not in answer.err


@pytest.mark.parametrize(
    "statement", ["DELETE FROM package", "UPDATE package SET paid = FALSE", "SELECT SETVAL(1, 2) FROM package"]
)
def test_nothing_is_changed_unless_it_is_allowed_and_confirmed(ask: Ask, operator: Portal, statement: str) -> None:
    answer = ask("sql", statement)
    assert answer.code == 2
    assert "--allow-writes" in answer.err
    answer = ask("sql", statement, "--allow-writes")
    assert answer.code == 2
    assert "--yes" in answer.err
    assert operator.stats.calls == 0


def test_what_is_allowed_and_confirmed_is_done(ask: Ask) -> None:
    write = ("--allow-writes", "--yes", "--json")
    made = done(ask("sql", "INSERT INTO package (name, paid) VALUES ('New', TRUE) RETURNING id", *write)).json
    assert (made["columns"], made["count"]) == (["id"], 1)
    params = json.dumps({"from": "package", "where": {"eq": ["id", made["rows"][0][0]]}, "returning": "id"})
    assert done(ask("jsonsql", "delete", params, *write)).json["rows"] == made["rows"]
    assert done(ask("sql", "SELECT id FROM package WHERE name = 'New'", "--json")).json["rows"] == []


def test_a_session_outlives_the_command_in_a_sealed_file_of_its_owner(
    ask: Ask, operator: Portal, installation: Installation
) -> None:
    told = done(ask("auth", "--json")).json
    assert (told["session"], told["kept"]) == ("***", "file")
    done(ask("sql", "SELECT id FROM package LIMIT 1"))
    assert operator.stats.logins == 1
    [file] = (installation.data / "portal-sessions").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not any(name.encode() in file.read_bytes() for name in operator.sessions._open)  # type: ignore[attr-defined]
    file.write_bytes(b"torn")
    done(ask("sql", "SELECT id FROM package LIMIT 1"))
    assert operator.stats.logins == 2
    done(ask("auth", "--renew"))
    assert operator.stats.logins == 3
    done(ask("sql", "SELECT id FROM package LIMIT 1", "--set", "client.keep_session=false"))
    assert operator.stats.logins == 4


def test_another_password_finds_no_session(ask: Ask, operator: Portal) -> None:
    done(ask("auth"))
    done(ask("auth", LINEUP_PORTAL_PASSWORD="fake-secret-10"))
    assert operator.stats.logins == 2


def test_statements_are_turned_over_without_a_portal(inside: Inside, installation: Installation) -> None:
    sql = "SELECT id, name AS title FROM media WHERE port BETWEEN 1 AND 9"
    told = done(inside("portal", "transpile", sql))
    assert told.json["params"]["where"] == {"and": [{"gte": ["port", 1]}, {"lte": ["port", 9]}]}
    back = done(inside("portal", "transpile", "--back", told.out)).out
    assert done(inside("portal", "transpile", back)).json == told.json
    assert (
        done(inside("portal", "transpile", sql, "--set", "client.order_by_id=false")).json["params"].get("order_by")
        is None
    )
    nested = done(inside("portal", "transpile", "SELECT name FROM media WHERE id IN (1, 2)", "--style", "nested"))
    assert nested.json["params"]["where"] == {"in": ["id", [1, 2]]}
    refused = inside("portal", "transpile", "SELECT a,\n  CASE WHEN b THEN 1 END FROM t")
    assert refused.code == 2
    assert (
        refused.err
        == "    CASE WHEN b THEN 1 END FROM t\n    ^\nlineup: query: JSONSQL cannot say CASE (line 2, column 3)\n"
    )
    assert yaml.safe_load(done(inside("portal", "transpile", sql, "-f", "yaml")).out) == told.json


def test_schemas_are_introspected_validated_and_generated(ask: Ask, installation: Installation) -> None:
    file = "schemas/operator.yaml"
    done(ask("schema", "introspect", "package", "tv_category", "-o", file))
    assert ask("schema", "introspect", "package", "-o", file).code == 1
    listed = done(ask("schema", "list", "--json")).json["schemas"]
    assert [(one["table"], one["columns"], one["rows"]) for one in listed] == [
        ("package", 5, 12),
        ("tv_category", 3, 4),
    ]
    assert done(ask("sql", "SELECT * FROM tv_category LIMIT 1")).out.splitlines()[0] == "id\tname\tgenre"
    told = done(ask("schema", "validate", "--json")).json["tables"]
    assert all(one["ratio"] == 1 and one["nameRatio"] == 1 for one in told[1]["fields"])
    compile(done(ask("schema", "generate")).out, "models.py", "exec")
    done(ask("schema", "generate", "package", "--kind", "sqlmodel", "-o", "models.py"))
    assert "class Package(SQLModel, table=True):" in (installation.folder / "models.py").read_text()
    kept = installation.folder / file
    kept.write_text(kept.read_text().replace("type: boolean", "type: integer"))
    answer = ask("schema", "validate", "tv_category")
    assert answer.code == 1
    assert "tv_category\t2\tgenre\tinteger\t4\t0 %\t100 %\tboolean" in answer.out
    assert yaml.safe_load(done(ask("schema", "show", "package")).out)["schemas"]["package"]["total_fields"] == 5


def test_a_table_that_is_kept_back_is_disabled(ask: Ask) -> None:
    answer = done(ask("schema", "introspect", "domain"))
    assert yaml.safe_load(answer.out)["schemas"]["domain"]["sync"] == {"disabled": True}
    assert "domain may not be read" in answer.err


def test_a_fault_in_a_schema_is_told_with_its_file(inside: Inside, installation: Installation) -> None:
    folder = installation.folder / "schemas"
    folder.mkdir()
    (folder / "a.yaml").write_text("schemas: {media: {fields: {0: {name: id, type: number}}}}")
    answer = inside("portal", "schema", "list")
    assert answer.code == 2
    assert "schemas/a.yaml: schemas.media.fields.0.type: 'number' is not one of integer," in answer.err
    missing = inside("portal", "schema", "list", "--set", "schemas=nowhere.yaml")
    assert (missing.code, "nowhere.yaml" in missing.err) == (2, True)


def test_settings_are_shown_with_where_they_come_from(inside: Inside, installation: Installation) -> None:
    (installation.folder / "lineup.yaml").write_text(
        "portal:\n  ttl: 60\n  client: {timeout: 9, password: fake-secret-9}\n  sync: {chunk_size: 5}\n"
    )
    (installation.folder / ".env").write_text("LINEUP_PORTAL_CLIENT_RETRIES=1\n")
    folder = installation.folder / "schemas"
    folder.mkdir()
    (folder / "a.yaml").write_text("sync: {media: {ttl: 7, chunk_size: 8}}")
    answer = done(
        inside(
            "portal",
            "config",
            "show",
            "--json",
            "--set",
            "sync.chunk_size=9",
            LINEUP_PORTAL_CLIENT_URL="http://u:fake-word@p.test",
        )
    )
    shown = {one["key"]: (one["value"], one["source"]) for one in answer.json["settings"]}
    assert shown["client.timeout"] == (9.0, "lineup.yaml")
    assert shown["client.retries"] == (1, ".env")
    assert shown["client.url"] == ("http://***@p.test", "environment")
    assert shown["client.password"] == ("***", "lineup.yaml")
    assert shown["client.username"] == (None, "default")
    assert shown["cache.ttl"] == (60, "lineup.yaml")
    assert shown["tables.media.ttl"] == (7, str(Path("schemas/a.yaml")))
    assert shown["tables.media.chunk_size"] == (9, "flags")
    assert shown["tables.media.strategy"] == ("full", "default")
    assert "fake" not in answer.out
    one = done(inside("portal", "config", "show", "client.timeout"))
    assert one.out.splitlines() == ["KEY\tVALUE\tSOURCE", "client.timeout\t9.0\tlineup.yaml"]
    assert len(done(inside("portal", "config", "show", "tables.media", "--json")).json["settings"]) == 9
    unknown = inside("portal", "config", "show", "client.timout")
    assert (unknown.code, "client.timeout may be meant" in unknown.err) == (2, True)


@pytest.mark.parametrize("command", [("portal", "config", "show"), ("config", "show")])
def test_a_misspelt_setting_is_named(inside: Inside, command: tuple[str, ...]) -> None:
    answer = inside(*command, LINEUP_PORTAL_CLIENT_TIMOUT="1")
    assert answer.code == 2
    assert "LINEUP_PORTAL_CLIENT_TIMOUT: is no setting; client_timeout may be meant" in answer.err


def test_what_a_portal_refuses_is_one_line(ask: Ask) -> None:
    for query, said in (("SELECT nothing FROM package", "nothing"), ("SELECT id FROM domain", "domain")):
        answer = ask("sql", query)
        assert answer.code == 1
        assert answer.err.count("\n") == 1
        assert said in answer.err


def test_the_documentation_names_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| (`[a-z].*?`) \| (.*?) \|", DOCUMENTED.partition("## Settings")[2], re.MULTILINE)
    told = {name: defaults for names, defaults in rows for name in re.findall(r"`([\w.]+)`", names)}
    assert told.keys() == KEYS.keys()
    for key, one in resolved([]).values.items():
        value = str(one.value).lower() if isinstance(one.value, bool) else str(one.value).removesuffix(".0")
        assert f"`{value}`" in told[key] or (one.value is None and "unset" in told[key]), key


def test_the_examples_of_the_documentation_are_true() -> None:
    schema, file = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENTED, re.MULTILINE | re.DOTALL)
    described = parsed({"tv.yaml": schema})
    assert described.table("tv_channel").sync.overlap == 60
    assert described.notes == ()
    assert resolved([of_file(yaml.safe_load(file)["portal"], "lineup.yaml")]).client.username == "sync"
    message = next(line.strip() for line in DOCUMENTED.splitlines() if line.startswith("    schemas/"))
    with pytest.raises(Invalid) as told:
        parsed({"schemas/tv.yaml": schema.replace("type: string", "type: text")})
    assert str(told.value) == message
    for block in re.findall(r"^```python\n(.*?)^```$", DOCUMENTED, re.MULTILINE | re.DOTALL):
        compile(block, "portal.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
