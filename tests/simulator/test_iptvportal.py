from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest

from app.domain.kinds import Kind
from app.simulator.behaviour import Account, Fault
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec

Serve = Callable[..., tuple[str, Portal]]
NUMBERS = count(1)


class Operator:
    """Speaks JSON-RPC to one portal."""

    def __init__(self, url: str, portal: Portal) -> None:
        self.portal = portal
        self.client = httpx.Client(base_url=url, timeout=5, trust_env=False)
        self.session = ""

    def post(self, body: Any, path: str = "/api/jsonsql/") -> httpx.Response:
        headers = {"Iptvportal-Authorization": f"sessionid={self.session}"}
        return self.client.post(path, json=body, headers=headers)

    def log_in(self, username: str = "sync", password: str = "secret") -> Any:
        found = self.post(message("authorize_user", username=username, password=password), "/api/jsonrpc/").json()
        self.session = found.get("result", {}).get("session_id", "")
        return found

    def ask(self, method: str, **params: Any) -> Any:
        return self.post(message(method, **params)).json()

    def select(self, data: Any, source: Any = None, **params: Any) -> Any:
        found = self.ask("select", data=data, **({} if source is None else {"from": source}), **params)
        return found["result"] if "result" in found else found["error"]["message"]


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": next(NUMBERS), "method": method, "params": params}


@pytest.fixture
def operator(serve: Serve) -> Any:
    made: list[Operator] = []

    def make(**switches: Any) -> Operator:
        made.append(Operator(*serve("iptvportal", **switches)))
        made[-1].log_in()
        return made[-1]

    yield make
    for one in made:
        one.client.close()


SELECTS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "columns in the order of data": (["name", "id"], {"from": "package", "where": {"eq": ["id", 6]}}, [["Base 6", 6]]),
    "one column still a row": ("id", {"from": "package", "order_by": "id", "limit": 2}, [[1], [2]]),
    "flat in": (["id"], {"from": "package", "where": {"in": ["id", 3, 1]}, "order_by": "id"}, [[1], [3]]),
    "listed in": (["id"], {"from": "package", "where": {"in": ["id", [3, 1]]}, "order_by": "id"}, [[1], [3]]),
    "in a select": (
        ["id"],
        {
            "from": "subscriber",
            "where": {
                "in": ["id", {"select": {"data": ["subscriber_id"], "from": "terminal", "where": {"eq": ["id", 1]}}}]
            },
        },
        [[8]],
    ),
    "in values": (["id"], {"from": "package", "where": {"in": ["name", {"values": [["Base 6"], ["-"]]}]}}, [[6]]),
    "n-ary logic": (
        ["id"],
        {
            "from": "package",
            "where": {"and": [{"gt": ["id", 1]}, {"lte": ["id", 9]}, {"not": ["paid"]}]},
            "order_by": ["id", "DESC"],
        },
        [[9], [6], [3]],
    ),
    "patterns know their case": (["id"], {"from": "package", "where": {"like": ["name", "base%"]}}, []),
    "patterns without case": (
        ["id"],
        {"from": "package", "where": {"ilike": ["name", "BASE _2"]}},
        [[12]],
    ),
    "null": ([{"function": "count", "args": ["*"]}], {"from": "subscriber", "where": {"is": ["email", None]}}, [[142]]),
    "aggregates": (
        [{"function": "max", "args": "id"}, {"function": "count", "args": {"function": "distinct", "args": "paid"}}],
        {"from": "package"},
        [[12, 2]],
    ),
    "groups": (
        ["paid", {"function": "count", "args": ["*"], "as": "n"}],
        {"from": "package", "group_by": "paid", "having": {"gt": [{"function": "count", "args": ["*"]}, 4]}},
        [[True, 8]],
    ),
    "a join of aliases": (
        [{"s": "username"}, {"t": "name", "as": "box"}],
        {
            "from": [
                {"table": "terminal", "as": "t"},
                {"join": "subscriber", "as": "s", "on": {"eq": [{"t": "subscriber_id"}, {"s": "id"}]}},
            ],
            "where": {"eq": [{"t": "id"}, 2]},
        },
        [["user15", "Box 2"]],
    ),
    "a left join keeps what has no other side": (
        [{"p": "id"}, {"s": "id"}],
        {
            "from": [
                {"table": "package", "as": "p"},
                {"join": "service", "join_type": "left", "as": "s", "on": {"eq": [{"s": "package_id"}, {"p": "id"}]}},
            ],
            "order_by": {"p": "id"},
            "limit": 1,
        },
        [[1, None]],
    ),
    "renamed, computed, called": (
        [{"id": "number"}, {"mul": ["cost", 2], "as": "twice"}, {"function": "upper", "args": "name"}],
        {"from": "package", "where": {"eq": ["id", 1]}},
        [[1, 5.0, "KIDS 1"]],
    ),
    "a text in a list is a column where there is one": (
        [{"concat": ["id", "-", "name"], "as": "x"}, {"coalesce": [None, "name"]}],
        {"from": "package", "where": {"eq": ["id", 1]}},
        [["1-Kids 1", "Kids 1"]],
    ),
    "a derived table and a scalar": (
        ["q.n", {"select": {"data": [{"function": "min", "args": "id"}], "from": "terminal"}}],
        {"from": [{"select": {"data": [{"id": "n"}], "from": "package"}, "as": "q"}], "order_by": "n", "limit": 1},
        [[1, 1]],
    ),
    "distinct": (["paid"], {"from": "package", "distinct": True, "order_by": [["paid", "desc"]]}, [[True], [False]]),
    "nulls sort last": (
        ["email"],
        {"from": "subscriber", "order_by": ["email", "DESC"], "limit": 1},
        [[None]],
    ),
    "no table": ([1, {"function": "lower", "args": ["ÄB"]}], {}, [[1, "äb"]]),
}


@pytest.mark.parametrize("name", SELECTS)
def test_selects_mean_what_they_mean_in_sql(operator: Any, name: str) -> None:
    data, params, rows = SELECTS[name]
    assert operator().ask("select", data=data, **params)["result"] == rows


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"data": ["nope"], "from": "package"}, 'column "nope" does not exist'),
        ({"data": ["id"], "from": "nope"}, 'relation "nope" does not exist'),
        ({"data": ["id"], "from": "package", "union": []}, "select: unknown key union"),
        ({"data": ["id"], "from": "package", "where": {"between": ["id", 1, 2]}}, "unknown operator between"),
        ({"data": [{"function": "nope", "args": "id"}], "from": "package"}, "function nope() does not exist"),
        ({"data": ["id"], "from": [{"table": "package"}, {"join": "service"}]}, "from: a inner join has an on"),
        (
            {"data": ["id"], "from": "package", "where": {"in": ["id", [{"data": ["id"], "from": "package"}]]}},
            'a sub-select is written {"select": {...}}',
        ),
        ({"data": ["name"], "from": ["package", "service"]}, 'column reference "name" is ambiguous'),
    ],
)
def test_what_makes_no_sense_is_an_error_with_words(operator: Any, params: Any, said: str) -> None:
    assert operator().ask("select", **params)["error"]["message"] == said


def test_tables_are_as_wide_as_they_were_seen(operator: Any) -> None:
    one = operator()
    widths = {"media": 74, "domain": 167, "tv_channel": 13, "tv_program": 11, "tv_category": 3, "subscriber": 13}
    assert {table: len(one.select(["*"], table, limit=1)[0]) for table in widths} == widths
    assert one.portal.database.columns("media")


def test_the_catalogue_is_in_the_tables(operator: Any) -> None:
    one = operator()
    movies = one.select(["id"], "media", where={"eq": ["is_tv", False]})
    channels = one.select(["id", "media_id"], "tv_channel")
    assert {str(row[0]) for row in movies} == one.portal.expected_ids(Kind.MOVIE)
    assert {str(row[0]) for row in channels} == one.portal.expected_ids(Kind.CHANNEL)
    [[protocol, host, port, path]] = one.select(
        ["protocol", "inet_addr", "port", "path"], "media", where={"eq": ["id", channels[0][1]]}
    )
    assert httpx.get(f"{protocol}://{host}:{port}{path}", trust_env=False).status_code == 200


def test_changes_last_and_failed_ones_leave_nothing(operator: Any) -> None:
    one = operator()
    rows = [["A", True], ["B", False]]
    added = one.ask("insert", into="package", columns=["name", "paid"], values=rows, returning="id")
    assert added["result"] == [13, 14]
    assert one.ask("insert", into="package", columns=["name"], values=["C"], returning=["id", "name"])["result"] == [
        [15, "C"]
    ]
    changed = one.ask("update", table="package", set={"name": "D"}, where={"gt": ["id", 14]})
    assert changed["result"] is None
    clash = one.ask("insert", into="subscriber", columns=["username"], values=[["new"], ["user1"]])
    assert clash["error"]["message"] == "subscriber_username_key"
    assert one.select(["id"], "subscriber", where={"eq": ["username", "new"]}) == []
    assert one.select(["name"], "package", where={"gt": ["id", 13]}, order_by="id") == [["B"], ["D"]]
    copied = {"data": ["name"], "from": "package", "where": {"eq": ["id", 15]}}
    assert one.ask("insert", into="key", columns=["name"], select=copied, returning="id")["result"] == [1]
    assert one.ask("delete", **{"from": "package"}, where={"gte": ["id", 13]}, returning="id")["result"] == [13, 14, 15]


def test_a_batch_is_answered_in_one_reply_by_id(operator: Any) -> None:
    one = operator()
    asked = [message("select", data=["id"], limit=1, **{"from": table}) for table in ("package", "nope")]
    found = one.post(asked).json()
    assert [answer["id"] for answer in found] == [request["id"] for request in asked]
    assert found[0]["result"] == [[1]]
    assert "error" in found[1]
    assert one.portal.stats.calls == 2


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [("401", 401, None), ("403", 403, "Session expired"), ("error", 200, "Session expired"), ("string", 200, "")],
)
def test_sessions_end_in_the_shape_that_is_wanted(operator: Any, form: str, status: int, said: str | None) -> None:
    one = operator(lose_session_after=2, session_refusal=form)
    assert [len(one.select(["id"], "package")) for _ in range(2)] == [12, 12]
    refused = one.post(message("select", data=["id"], **{"from": "package"}))
    assert refused.status_code == status
    if said is not None:
        told = refused.json()["error"]
        assert (told == "Session expired") if form == "string" else (told["message"] == said)
    one.log_in()
    assert one.select(["id"], "package", limit=1) == [[1]]


def test_sessions_end_after_a_time(operator: Any) -> None:
    one = operator(session_seconds=0)
    assert one.post(message("select", data=["id"], **{"from": "package"})).status_code == 401


def test_nobody_comes_in_with_a_wrong_password(operator: Any) -> None:
    one = operator(accounts=(Account(username="sync", password="other"),))
    assert one.log_in()["error"] == {"code": -32001, "message": "Invalid credentials"}
    assert one.log_in(password="other")["result"]["session_id"]


def test_a_table_may_be_forbidden_and_the_others_not(operator: Any) -> None:
    one = operator(forbidden_tables=("subscriber",))
    inner = {"select": {"data": ["id"], "from": "subscriber"}}
    asked = message("select", data=["id"], where={"in": ["subscriber_id", inner]}, **{"from": "terminal"})
    assert one.post(asked).status_code == 403
    assert one.select(["id"], "terminal", limit=1) == [[1]]


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ("string", 'column "nope" does not exist'),
        ("codeless", {"message": 'column "nope" does not exist'}),
        ("absent", None),
        ("status", {"code": -32602, "message": 'column "nope" does not exist'}),
    ],
)
def test_errors_have_every_shape(operator: Any, shape: str, error: Any) -> None:
    one = operator(error_as=shape)
    found = one.post(message("select", data=["nope"], **{"from": "package"}))
    assert found.json().get("error") == error
    assert found.status_code == (400 if shape == "status" else 200)


@pytest.mark.parametrize(
    ("drift", "row"),
    [
        ("append", [6, "Base 6", 15.0, False, False, 7]),
        ("insert", [6, "Base 6", 7, 15.0, False, False]),
        ("short", [6, "Base 6", 15.0, False]),
    ],
)
def test_an_upgrade_changes_the_columns_of_everything(operator: Any, drift: str, row: list[Any]) -> None:
    one = operator()
    one.portal.behave(drift=drift)
    assert one.select(["*"], "package", where={"eq": ["id", 6]}) == [row]


def test_rows_move_between_pages_and_versions_change_them(operator: Any) -> None:
    one = operator(spec=CatalogueSpec(channels=5, movies=200, series=5), shift_every=1)
    first = one.select(["id"], "media", where={"eq": ["is_tv", False]}, order_by="id", limit=5)
    assert first == [[2], [3], [4], [5], [6]]
    assert (one.portal.stats.deleted, one.portal.stats.inserted) == (["1"], ["201"])
    one.portal.behave(shift_every=None)
    before = one.select([{"function": "max", "args": "updated_at"}], "media", where={"eq": ["is_tv", False]})
    one.portal.set_version(2)
    newer = {"and": [{"gt": ["updated_at", before[0][0]]}, {"eq": ["is_tv", False]}]}
    changes = one.portal.catalogue.changes(Kind.MOVIE)
    assert {row[0] for row in one.select(["id"], "media", where=newer)} == changes.added | changes.updated


def test_bodies_break_like_those_of_other_portals(operator: Any) -> None:
    one = operator(faults=(Fault(do="null", type="select", action="package"), Fault(do="error", action="terminal")))
    assert one.select(["id"], "package") is None
    assert one.select(["id"], "terminal") == "internal error"
    assert one.client.get("/api/jsonsql").headers["location"].endswith("/api/jsonsql/")
    assert one.post([]).json()["error"]["code"] == -32600
