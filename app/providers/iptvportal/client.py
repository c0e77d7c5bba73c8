"""Calls to an operator's portal: one user, one session, statements of JSONSQL as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import Malformed, ProviderError, Rejected
from app.core.redaction import HIDDEN, conceal
from app.domain.values import epoch_ms
from app.providers.iptvportal.classify import Outcome, outcomes, session_id
from app.providers.iptvportal.endpoints import Endpoints
from app.providers.iptvportal.envelope import JSON_HEADERS, LOGIN, SESSION_HEADER, Prepared, Request, messages, prepared
from app.providers.iptvportal.errors import QueryRefused, SessionOver, TableForbidden
from app.providers.iptvportal.session import LIFETIME_SECONDS, Session, Sessions, SessionStore
from app.providers.retry import retrying
from app.providers.transport import Transport

USER_AGENT: Final = "Lineup"
LARGEST: Final = 64 * 1024 * 1024  # bytes of one answer; a thousand rows of the widest table are about 2 MB
TIMEOUT_SECONDS: Final = 30.0
MOST_SESSIONS: Final = 5  # for one request; each but the first only after one that worked, or that others left behind
NO_BATCHES: Final = frozenset({-32600, -32700})  # codes of servers that take one request at a time
SHORT_SECRET: Final = 3  # a word of three letters would be found in every other one

Row = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a portal is asked; `session_seconds` is how long a session is trusted when the portal does not say."""

    session_seconds: float = LIFETIME_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS
    retry_attempts: int = 3
    retry_base_seconds: float = 1.0
    max_parallel: int | None = None
    per_second: float | None = None
    user_agent: str = USER_AGENT
    verify_tls: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a change tells: the rows of its `returning`, and how many rows it touched where the portal says so."""

    rows: Sequence[Row] = field(default=(), repr=False)
    count: int | None = None


class IptvPortalClient:
    """Raises `Unavailable`, `Rejected` (also `TableForbidden`) and `Malformed` (also `QueryRefused`), nothing else.

    Selects are tried again when trouble passes; a change never is, except where the portal refused the session and so
    did nothing.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        transport: Transport,
        store: SessionStore | None = None,
        options: Options | None = None,
    ) -> None:
        self._options = chosen = options or Options()
        self.endpoints = Endpoints(url.rstrip("/"))
        conceal(password)
        self._login = Request(method=LOGIN, params={"username": username, "password": password})
        self._secrets = tuple(word for word in (password, username) if len(word) > SHORT_SECRET)
        self._http = transport.client(
            url=url,
            headers={"User-Agent": chosen.user_agent},
            max_parallel=chosen.max_parallel,
            per_second=chosen.per_second,
            verify=chosen.verify_tls,
        )
        self._sessions = Sessions(self._log_in, store)

    def __repr__(self) -> str:
        return f"<IptvPortalClient {self.endpoints.base}>"

    @property
    def limit(self) -> int:
        """How many requests may be under way now: the window of the portal's host."""
        return self._http.window.limit

    async def authorize(self, *, renew: bool = True) -> Session:
        """A new session; without `renew` the one that is kept, where it is still good."""
        return await (self._sessions.open() if renew else self._sessions.current())

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """The `result` of one request."""
        [found] = await self.batch([Request(method=method, params=params)])
        if isinstance(found, ProviderError):
            raise found
        return found

    async def select(self, params: Mapping[str, Any]) -> list[Row]:
        """The rows of a select, each a list in the order of `data`; no rows are `[]` or null."""
        return rows_of(await self.call("select", params))

    async def write(self, method: str, params: Mapping[str, Any]) -> Written:
        """An insert, update or delete."""
        found = await self.call(method, params)
        if isinstance(found, int) and not isinstance(found, bool):
            return Written(rows=[], count=found)
        rows = [row if isinstance(row, list) else [row] for row in (found if isinstance(found, list) else ())]
        return Written(rows=rows, count=len(rows) if params.get("returning") else None)

    async def batch(self, requests: Sequence[Request]) -> list[Any | ProviderError]:
        """One outcome for each request, in one round trip: its result, or what the portal says against it.

        Raises what concerns them all. A server that takes no batches is asked one by one.
        """
        if not requests:
            return []
        session = await self._sessions.current()
        found = await self._ask(requests, session)
        for turn in range(MOST_SESSIONS):
            # Only what was refused is asked again: the others may have changed something.
            over = [place for place, one in enumerate(found) if isinstance(one, SessionOver)]
            if not over or (turn and self._sessions.useless(session)):
                break
            session = await self._sessions.renew(session)
            again = await self._ask([requests[place] for place in over], session)
            for place, one in zip(over, again, strict=True):
                found[place] = one
        return [self._hidden(_hopeless(one)) if isinstance(one, ProviderError) else one for one in found]

    def prepare(self, *requests: Request) -> Prepared:
        """What would be sent, without sending it."""
        login = all(request.method == LOGIN for request in requests)
        return prepared(self.endpoints.auth if login else self.endpoints.sql, requests)

    @property
    def login(self) -> Request:
        """The request that opens a session, for `prepare`."""
        return self._login

    async def _ask(self, requests: Sequence[Request], session: Session) -> list[Outcome]:
        found = await self._sent(self.endpoints.sql, requests, session)
        if len(requests) > 1 and _undone(requests, found):
            found = [(await self._sent(self.endpoints.sql, [request], session))[0] for request in requests]
        if not all(isinstance(one, SessionOver) for one in found):
            self._sessions.served(session)
        return found

    async def _sent(self, url: str, requests: Sequence[Request], session: Session | None) -> list[Outcome]:
        headers = JSON_HEADERS if session is None else {**JSON_HEADERS, SESSION_HEADER: f"sessionid={session.id}"}
        body = _encoded(requests)

        async def once() -> list[Outcome]:
            patience = self._options.timeout_seconds
            reply = await self._http.post(url, body=body, headers=headers, cap=LARGEST, first_byte=patience)
            return outcomes(reply, requests)

        attempts = 0 if any(request.writes for request in requests) else self._options.retry_attempts
        return await retrying(once, attempts=attempts, base_seconds=self._options.retry_base_seconds)

    async def _log_in(self) -> Session:
        try:
            [found] = await self._sent(self.endpoints.auth, [self._login], None)
            name = session_id(found)
        except ProviderError as error:
            raise self._hidden(error) from None
        opened = now_ms()
        expires = opened + int(self._options.session_seconds * 1000)
        told = epoch_ms(found.get("expires_at"))
        if told is not None and told > opened:
            expires = min(expires, told)
        return Session(id=name, opened_at=opened, expires_at=expires)

    def _hidden(self, error: ProviderError) -> ProviderError:
        """The error without the words of the account: portals like to repeat them."""
        error.detail = self._without_secrets(error.detail)
        error.args = (error.detail,)
        if isinstance(error, QueryRefused):
            error.said = self._without_secrets(error.said)
        return error

    def _without_secrets(self, words: str) -> str:
        for secret in self._secrets:
            words = words.replace(secret, HIDDEN)
        return words


def rows_of(found: Any) -> list[Row]:
    """The rows of a result; raises `Malformed` for what is no list."""
    if found is None:
        return []
    if not isinstance(found, list):
        raise Malformed("The portal answers a select with something else than rows.")
    return found


def _undone(requests: Sequence[Request], found: Sequence[Outcome]) -> bool:
    """Whether a batch was refused as a whole: because there are none here, or for one table of a reading one."""
    if all(isinstance(one, QueryRefused) and one.number in NO_BATCHES for one in found):
        return True
    return all(isinstance(one, TableForbidden) for one in found) and not any(one.writes for one in requests)


def _encoded(requests: Sequence[Request]) -> bytes:
    try:
        return jsonio.dumps(messages(requests))
    except TypeError as error:
        raise Malformed(f"The statement cannot be sent as JSON: {error}.") from None


def _hopeless(error: ProviderError) -> ProviderError:
    """A session that is refused right after the login is no session's fault."""
    if isinstance(error, SessionOver):
        return Rejected(f"The portal refuses a session that it has just given. It says: {error.detail.rstrip('.')}.")
    return error
