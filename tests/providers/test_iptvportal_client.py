import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.clock import now_ms
from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.core.redaction import scrub
from app.providers.iptvportal.client import IptvPortalClient, Options
from app.providers.iptvportal.endpoints import portal_url
from app.providers.iptvportal.envelope import Request
from app.providers.iptvportal.errors import QueryRefused, TableForbidden
from app.providers.iptvportal.session import MemoryStore, Session
from app.providers.transport import Transport
from app.simulator.behaviour import Account, Behaviour, Fault
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.providers.raw_server import Asked, RawServer, reply

USERNAME, PASSWORD = "fake-operator", "fake-secret-9"
SMALL = CatalogueSpec(channels=10, movies=20, series=2, categories=6, subscribers=100)
IDS = {"data": ["id"], "from": "package", "order_by": "id"}
Make = Callable[..., IptvPortalClient]


@asynccontextmanager
async def made(url: str) -> AsyncIterator[Make]:
    """Clients of one user; the pauses of retries are cut short."""
    transport = Transport()

    def make(store: Any = None, password: str = PASSWORD, **options: Any) -> IptvPortalClient:
        chosen = Options(retry_base_seconds=0.001, **options)
        return IptvPortalClient(url, USERNAME, password, transport=transport, store=store, options=chosen)

    try:
        yield make
    finally:
        await transport.close()


@asynccontextmanager
async def portal(**switches: Any) -> AsyncIterator[tuple[Make, Portal]]:
    simulated = create_portal(SMALL, "iptvportal", Behaviour(**switches))
    with PortalThread({"": simulated}) as thread:
        async with made(thread.url) as make:
            yield make, simulated


@asynccontextmanager
async def answering(answer: Any, status: int = 200) -> AsyncIterator[tuple[IptvPortalClient, RawServer]]:
    """A portal that lets everybody in and answers each statement with the same."""

    def respond(asked: Asked) -> bytes:
        if asked.path.endswith("/jsonrpc/"):
            return reply(b'{"jsonrpc":"2.0","id":1,"result":{"session_id":"fake-session-1"}}')
        return reply(answer if isinstance(answer, bytes) else json.dumps(answer), status)

    async with RawServer(respond) as server, made(server.url) as make:
        yield make(), server


async def test_asks_with_one_session_for_everything() -> None:
    async with portal() as (make, simulated):
        client = make()
        found = await asyncio.gather(*(client.select(IDS) for _ in range(8)))
        assert all(rows == [[number] for number in range(1, 13)] for rows in found)
        assert simulated.stats.logins == 1


class Forgetful(MemoryStore):
    """A store whose file was lost, or is written with another key."""

    async def load(self) -> Session | None:
        return None


@pytest.mark.parametrize("store", [MemoryStore, Forgetful])
@pytest.mark.parametrize("form", ["401", "403", "error", "string"])
async def test_a_lost_session_is_renewed_once_for_all_who_lost_it(form: str, store: type[MemoryStore]) -> None:
    async with portal(session_refusal=form) as (make, simulated):
        client = make(store())
        await client.select(IDS)
        simulated.steal("")
        found = await asyncio.gather(*(client.select(IDS) for _ in range(8)))
        assert all(len(rows) == 12 for rows in found)
        assert simulated.stats.logins == 2


@pytest.mark.parametrize("method", ["insert", "select"])
async def test_a_session_that_is_refused_again_and_again_is_a_refusal(method: str) -> None:
    async with portal(faults=(Fault(do="auth", action="package"),)) as (make, simulated):
        with pytest.raises(Rejected, match="just given"):
            await make().call(method, IDS if method == "select" else {"into": "package", "values": [1]})
        assert simulated.stats.logins == 2
        assert simulated.stats.actions[f"{method}.package"] == 2


async def test_a_session_is_renewed_before_its_end() -> None:
    async with portal() as (make, simulated):
        client = make(session_seconds=100.0)
        session = await client.authorize()
        assert session.expires_at - session.opened_at == 100_000
        store = MemoryStore()
        now = now_ms()
        for left, logins in ((9_000, 2), (11_000, 2)):
            # Nine of a hundred seconds before its end the kept one is no longer used; eleven before it still is.
            await store.save(Session(id=session.id, opened_at=now + left - 100_000, expires_at=now + left))
            await make(store).select(IDS)
            assert simulated.stats.logins == logins
        assert simulated.stats.refused == 0


async def test_a_kept_session_is_used_and_replaced_when_it_is_refused() -> None:
    async with portal() as (make, simulated):
        store = MemoryStore()
        await make(store).select(IDS)
        await make(store).select(IDS)
        assert simulated.stats.logins == 1
        old = await store.load()
        simulated.steal("")
        await make(store).select(IDS)
        new = await store.load()
        assert old is not None
        assert new is not None
        assert old.id != new.id


async def test_a_session_that_another_process_renewed_is_taken_over() -> None:
    async with portal() as (make, simulated):
        store = MemoryStore()
        one, other = make(store), make(store)
        await asyncio.gather(one.select(IDS), other.select(IDS))
        simulated.steal("")
        await one.select(IDS)  # with the session that the other left behind first, which is lost too
        assert simulated.stats.logins == 3
        await other.select(IDS)
        assert simulated.stats.logins == 3


async def test_sessions_that_wear_out_are_renewed_as_often_as_needed() -> None:
    async with portal(lose_session_after=3) as (make, simulated):
        client = make()
        found = await asyncio.gather(*(client.select(IDS) for _ in range(12)))
        assert all(len(rows) == 12 for rows in found)
        assert simulated.stats.logins <= 6


async def test_all_who_wait_for_a_login_share_its_failure() -> None:
    account = Account(username=USERNAME, password="another")
    async with portal(accounts=(account,)) as (make, simulated):
        client = make()
        found = await asyncio.gather(*(client.select(IDS) for _ in range(6)), return_exceptions=True)
        assert all(isinstance(error, Rejected) and "Invalid credentials" in str(error) for error in found)
        assert simulated.stats.actions["authorize_user.authorize_user"] == 1
        with pytest.raises(Rejected):
            await client.select(IDS)
        assert simulated.stats.actions["authorize_user.authorize_user"] == 2


@pytest.mark.parametrize(
    "told",
    [
        {"result": None},
        {"result": {}},
        {"result": "b7c1"},
        {"error": "no"},
        {"error": {"message": "Invalid credentials"}},
        {"error": {"code": -32001, "message": "not authorized"}},
    ],
)
async def test_a_login_without_a_session_is_a_refusal(told: Any) -> None:
    async with RawServer(lambda _: reply(json.dumps(told))) as server, made(server.url) as make:
        with pytest.raises(Rejected):
            await make().authorize()


REFUSALS: list[tuple[Any, int, type[ProviderError], str]] = [
    ({"error": {"code": 7, "message": "syntax error", "data": [1]}}, 200, QueryRefused, "syntax error"),
    ({"error": {"message": "subscriber_domain_id_key"}}, 200, QueryRefused, "subscriber_domain_id_key"),
    ({"error": 'column "session" does not exist'}, 200, QueryRefused, "does not exist"),
    ({"error": {"message": "bad"}}, 400, QueryRefused, "bad"),
    ({"error": {"message": "permission denied for relation package"}}, 200, TableForbidden, "package"),
    (b"<html>Forbidden</html>", 403, TableForbidden, "package"),
    (b"Forbidden", 403, TableForbidden, "package"),
    (b"nothing", 404, Rejected, "404"),
    ({"id": 1}, 200, Malformed, "neither a result nor an error"),
    ([], 200, Malformed, "did not answer"),
    ({"result": "rows"}, 200, Malformed, "else than rows"),
    (b"<html>Bad gateway</html>", 200, Unavailable, "not JSON"),
    (b'{"jsonrpc":"2.0","id":1,"result":[[1],[2', 200, Unavailable, "cut"),
    (b"", 200, Unavailable, "nothing"),
    (b"<html>", 502, Unavailable, "502"),
]


@pytest.mark.parametrize(("answer", "status", "error", "said"), REFUSALS)
async def test_every_error_shape_is_an_error_of_its_own(
    answer: Any, status: int, error: type[ProviderError], said: str
) -> None:
    async with answering(answer, status) as (client, server):
        with pytest.raises(error, match=said) as caught:
            await client.select(IDS)
        assert type(caught.value) is error
        asked = sum(one.path.endswith("/jsonsql/") for one in server.asked)
        assert asked == (4 if error is Unavailable else 1)


async def test_what_came_with_an_error_is_kept() -> None:
    async with answering(REFUSALS[0][0]) as (client, _):
        with pytest.raises(QueryRefused) as caught:
            await client.select(IDS)
        assert (caught.value.said, caught.value.number, caught.value.data) == ("syntax error", 7, [1])


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"result": [[1, "a"]], "error": None}, [[1, "a"]]),
        ({"result": None}, []),
        ([{"id": 1, "result": [[2]]}], [[2]]),
        (b"\xef\xbb\xbf" + b'<br /><b>Notice</b>: x\n{"id":1,"result":[[3]]}', [[3]]),
    ],
)
async def test_tolerates_what_is_odd_but_clear(answer: Any, rows: Any) -> None:
    async with answering(answer) as (client, _):
        assert await client.select(IDS) == rows


@pytest.mark.parametrize(
    ("result", "rows", "count"),
    [([12], [[12]], 1), ([[12, "a"]], [[12, "a"]], 1), (None, [], 0), (3, [], 3), ([], [], 0)],
)
async def test_a_change_tells_its_rows_in_either_shape(result: Any, rows: Any, count: int) -> None:
    async with answering({"result": result}) as (client, _):
        found = await client.write("delete", {"from": "terminal", "returning": "id"})
        assert (found.rows, found.count) == (rows, count)


async def test_a_change_is_never_sent_twice() -> None:
    async with portal() as (make, simulated):
        client = make()
        await client.authorize()
        simulated.behave(faults=(Fault(do="cut", type="insert"),))
        with pytest.raises(Unavailable):
            await client.write("insert", {"into": "package", "columns": ["name"], "values": [["A"]]})
        assert simulated.stats.actions["insert.package"] == 1
        simulated.behave(faults=(Fault(do="cut", type="select", times=2),))
        assert len(await client.select(IDS)) == 13


async def test_a_batch_has_an_outcome_for_each_request() -> None:
    async with portal(lose_session_after=1) as (make, simulated):
        client = make()
        await client.select(IDS)
        asked = [{"data": ["id"], "from": table, "limit": 1} for table in ("package", "nope", "terminal")]
        one, other, third = await client.batch([Request(method="select", params=params) for params in asked])
        assert (one, third) == ([[1]], [[1]])
        assert isinstance(other, QueryRefused)
        assert simulated.stats.actions["batch.package"] == 2  # the session was over at the first
        assert await client.batch([]) == []


async def test_one_forbidden_table_spoils_no_batch() -> None:
    async with portal(forbidden_tables=("subscriber",)) as (make, _):
        asked = [{"data": ["id"], "from": table, "limit": 1} for table in ("package", "subscriber")]
        one, other = await make().batch([Request(method="select", params=params) for params in asked])
        assert one == [[1]]
        assert isinstance(other, TableForbidden)
        assert other.table == "subscriber"


async def test_answers_of_a_batch_are_matched_by_id() -> None:
    answer = [{"id": "2", "result": [[2]]}, {"id": 1, "result": [[1]]}, "noise"]
    async with answering(answer) as (client, _):
        found = await client.batch([Request(method="select", params=IDS)] * 3)
        assert found[:2] == [[[1]], [[2]]]
        assert isinstance(found[2], Malformed)


async def test_a_dry_run_sends_nothing_and_shows_no_secret() -> None:
    async with answering({"result": []}) as (client, server):
        shown = [str(client.prepare(client.login)), str(client.prepare(Request(method="select", params=IDS)))]
        assert server.asked == []
        assert f"POST {server.url}/api/jsonrpc/" in shown[0]
        assert f"POST {server.url}/api/jsonsql/" in shown[1]
        assert '"from":"package"' in shown[1]
        assert PASSWORD not in "".join(shown)


async def test_no_secret_in_errors_reprs_and_logs() -> None:
    said = f"user {USERNAME} with {PASSWORD} and fake-session-1 is odd"
    async with answering({"error": {"message": said}}) as (client, server):
        with pytest.raises(QueryRefused) as caught:
            await client.select(IDS)
        session = await client.authorize()
        request = next(one for one in server.asked if one.path.endswith("/jsonsql/"))
        assert request.headers["iptvportal-authorization"] == "sessionid=fake-session-1"
        texts = [str(caught.value), repr(caught.value), repr(client), repr(session), repr(client.login)]
        texts += [caught.value.said, scrub(f"a log line with {PASSWORD} and {session.id}")]
        for secret in (USERNAME, PASSWORD, "fake-session-1"):
            assert not any(secret in text for text in texts)


@pytest.mark.parametrize(
    ("pasted", "url", "address"),
    [
        ("acme", "https://acme.admin.iptvportal.ru", "acme.admin.iptvportal.ru:443"),
        ("acme.admin.iptvportal.ru", "https://acme.admin.iptvportal.ru", "acme.admin.iptvportal.ru:443"),
        ("https://admin.acme.example/api/jsonsql/", "https://admin.acme.example", "admin.acme.example:443"),
        ("http://127.0.0.1:2006/iptvportal", "http://127.0.0.1:2006/iptvportal", "127.0.0.1:2006/iptvportal"),
        ("http://h:80/api/", "http://h", "h:80"),
    ],
)
def test_any_address_of_a_portal_will_do(pasted: str, url: str, address: str) -> None:
    found = portal_url(pasted)
    assert (found.url, found.address) == (url, address)
