"""An operator's portal: a database of its own behind JSON-RPC (protocols/iptvportal.md)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from app.domain.kinds import Kind
from app.simulator.behaviour import Behaviour, Fault
from app.simulator.catalogue import Expected
from app.simulator.facts import NO_CATEGORY
from app.simulator.gate import error_page
from app.simulator.iptvportal.database import Database
from app.simulator.iptvportal.fragments import QueryError, TableForbidden
from app.simulator.iptvportal.profile import AUTH_PATH, PATHS, SQL_PATH, IptvPortalProfile
from app.simulator.iptvportal.rows import Rows
from app.simulator.iptvportal.rpc import (
    PARSE_ERROR,
    REQUEST_ERROR,
    RpcCall,
    denied,
    failure,
    read_rpc,
    result,
    session_over,
)
from app.simulator.iptvportal.sessions import AUTH_ERROR, Sessions
from app.simulator.iptvportal.tables import ALL
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec
from app.simulator.wire import Call, Receive, Reply, Scope, redirect

PLAYABLE: Final = ("/live/", "/movie/")
BROKEN: Final[Sequence[Any]] = (None, [], "corrupt")
MOVING: Final = {Kind.CHANNEL: "tv_channel", Kind.MOVIE: "media"}  # tables that change while they are walked


class IptvPortal(Portal):
    """Tables instead of lists: there are no series, and every condition is the client's own."""

    def __init__(self, spec: CatalogueSpec, profile: IptvPortalProfile, behaviour: Behaviour, mount: str = "") -> None:
        self.profile = profile
        self.api_paths = frozenset(PATHS)
        self.sessions = Sessions()
        self._database: Database | None = None
        self._streams_at = ""
        self._moves = 0
        super().__init__(spec, behaviour, mount)
        self._forget_rows()

    async def read(self, scope: Scope, receive: Receive) -> Call:
        """A JSON document instead of a query."""
        return await read_rpc(scope, receive)

    def answer(self, call: Call) -> Reply:
        """The reply to one request or to a list of them."""
        assert isinstance(call, RpcCall)  # noqa: S101 - `read` made it
        if call.document is None or not call.requests:
            code = PARSE_ERROR if call.document is None else REQUEST_ERROR
            return Reply(orjson.dumps(failure(None, QueryError("Invalid request", code))))
        if call.path == SQL_PATH and not self.sessions.admit(self.behaviour, call.session):
            self.gate.denied(call.client)
            return self._over(call)
        self._stream_from(call.headers.get(b"host", b"localhost").decode("latin-1"))
        try:
            answers = [self._one(request, call) for request in call.requests]
        except TableForbidden as error:
            return denied(self.behaviour, error.table)
        refused = next((one for one in answers if isinstance(one, Reply)), None)
        if refused is not None:
            return refused
        return Reply(orjson.dumps(answers if isinstance(call.document, list) else answers[0]))

    def worded(self, fault: Fault, call: Call) -> Reply:
        """Faults in the words of JSON-RPC."""
        assert isinstance(call, RpcCall)  # noqa: S101 - `read` made it
        if fault.do == "lose":
            self.sessions.lose()
        if fault.do in ("auth", "lose"):
            return self._over(call)
        if fault.do == "error":
            return self._told([failure(one, QueryError("internal error", -32603)) for one in call.requests], call)
        value: Any = {"false": False, "null": None}.get(fault.do, [])
        return self._told([result(one, value) for one in call.requests], call)

    def home(self) -> str:
        """Where `/` leads to."""
        return "/login/"

    def page(self, path: str) -> Reply:
        """Streams answer at once; an endpoint without its slash is somewhere else."""
        if f"{path}/" in self.api_paths:
            return redirect(f"{self.mount}{path}/")
        if path.startswith(PLAYABLE):
            return Reply(b"\x47" * 188, 200, b"video/mp2t")
        return super().page(path)

    def become(self, behaviour: Behaviour) -> None:
        """Takes all switches from `behaviour`; rows stay unless the lists shrink."""
        super().become(behaviour)
        if self._database is not None:
            self._database.forbidden = frozenset(behaviour.forbidden_tables)
            self._database.drift = behaviour.drift
            self._database.written = behaviour.written_as

    def steal(self, mac: str) -> bool:
        """All sessions end."""
        del mac
        return self.sessions.lose()

    def reset(self) -> None:
        """Counters, bans and moved rows as at the start; sessions stay, as they do when a portal is left alone."""
        super().reset()
        self._moves = 0

    def expected(self) -> Expected:
        """Categories without an item are nobody's."""
        return replace(
            super().expected(),
            channel_categories=len(self._used(Kind.CHANNEL)),
            movie_categories=len(self._used(Kind.MOVIE)),
            series_categories=0,
        )

    def expected_ids(self, kind: Kind) -> frozenset[str]:
        """The ids in the tables now; there are no series."""
        if kind is Kind.SERIES:
            return frozenset()
        where = "NOT is_tv" if kind is Kind.MOVIE else "NOT disabled"
        broken = self.behaviour.broken_record_every
        found = self.database.ids(MOVING[kind], where)
        return frozenset(str(number) for number in found if not broken or number % broken)

    def category_titles(self, kind: Kind) -> frozenset[str]:
        """The names of categories that have items."""
        return frozenset(self.catalogue.categories[kind][index].title for index in self._used(kind))

    @property
    def database(self) -> Database:
        """The tables of the present catalogue."""
        if self._database is None:
            behaviour = self.behaviour
            self._database = Database(
                Rows(self.catalogue, self.lists, self.mount).fill,
                forbidden=behaviour.forbidden_tables,
                drift=behaviour.drift,
                written=behaviour.written_as,
            )
            self._streams_at = ""
        return self._database

    def _make_rows(self) -> None:
        self.database.fill(*ALL)

    def _forget_rows(self) -> None:
        self.lists = self.make_lists()
        if self._database is not None:
            self._database.close()
        self._database = None

    def _used(self, kind: Kind) -> frozenset[int]:
        if kind is Kind.SERIES:
            return frozenset()
        found = {self.catalogue.category_of(kind, number) for number in self.lists.rows_of(kind)}
        return frozenset(found - {NO_CATEGORY})

    def _one(self, request: Any, call: Call) -> dict[str, Any] | Reply:
        """The answer to one request, or a reply of its own in place of all."""
        shape = self.behaviour.error_as
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return failure(request, QueryError("Invalid request", REQUEST_ERROR), shape)
        method, params = request["method"], request.get("params")
        if call.path == AUTH_PATH:
            return self._log_in(request, method, params, call)
        try:
            self._move(method, params)
            found = self.database.run(method, params)
        except QueryError as error:
            if shape == "status":
                return Reply(orjson.dumps(failure(request, error)), 400)
            return failure(request, error, shape)
        return result(request, self._noisy(found, params) if method == "select" else found)

    def _log_in(self, request: Any, method: str, params: Any, call: Call) -> dict[str, Any] | Reply:
        if method != "authorize_user":
            return failure(request, QueryError(f"Method not found: {method}", -32601))
        name = self.sessions.open(self.behaviour, params)
        if name is not None:
            self.stats.logins += 1
            return result(request, {"session_id": name})
        self.gate.denied(call.client)
        form = self.behaviour.login_failure
        if form in ("401", "403", "404"):
            return error_page(int(form))
        return failure(request, QueryError("Invalid credentials", AUTH_ERROR), self.behaviour.error_as)

    def _over(self, call: RpcCall) -> Reply:
        return session_over(call, self.behaviour.session_refusal or self.profile.session_refusal)

    def _told(self, answers: list[dict[str, Any]], call: RpcCall) -> Reply:
        return Reply(orjson.dumps(answers if isinstance(call.document, list) else answers[0]))

    def _noisy(self, rows: Any, params: Any) -> Any:
        """Rows with the faults that the behaviour asks for."""
        behaviour = self.behaviour
        if behaviour.row_cap is not None:
            rows = rows[: behaviour.row_cap]
        if behaviour.numbers_as_text:
            rows = [[str(value) if type(value) in (int, float) else value for value in row] for row in rows]
        every = behaviour.broken_record_every
        if every and isinstance(params, dict) and params.get("limit") and len(params.get("data", ())) > 1:
            rows = [
                BROKEN[row[0] // every % len(BROKEN)] if isinstance(row[0], int) and row[0] % every == 0 else row
                for row in rows
            ]
        return rows

    def _move(self, method: str, params: Any) -> None:
        """Before every n-th page of a table that is walked one row goes and one comes at its end."""
        every = self.behaviour.shift_every
        table = str(params.get("from")) if isinstance(params, dict) else ""
        if not every or method != "select" or table not in MOVING.values() or not params.get("limit"):
            return
        self._moves += 1
        if self._moves % every:
            return
        where = " WHERE NOT is_tv" if table == "media" else ""
        ids = self.database.ids(table, where.removeprefix(" WHERE ") or "TRUE")
        if not ids:
            return
        if self.behaviour.shift != "insert":
            self.database.change(f'DELETE FROM "{table}" WHERE id = ?', (ids[0],))  # noqa: S608 - ours
            self.stats.deleted.append(str(ids[0]))
        if self.behaviour.shift != "delete":
            fresh = ids[-1] + 1
            sql = f'INSERT INTO "{table}" (id, name, disabled{", is_tv" if where else ""})'
            self.database.change(f"{sql} VALUES (?, ?, FALSE{', FALSE' if where else ''})", (fresh, f"New {fresh}"))
            self.stats.inserted.append(str(fresh))

    def _stream_from(self, host: str) -> None:
        """The stream servers of this operator are this one, by the name that a client knows."""
        if host == self._streams_at:
            return
        self._streams_at = host
        self.database.fill("media")
        name, _, port = host.rpartition(":") if ":" in host else (host, "", "80")
        self.database.change("UPDATE media SET inet_addr = ?, port = ?", (name, int(port)))
