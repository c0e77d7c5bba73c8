"""From an account to a client that can be asked, behind the provider's gate where it has one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.core.errors import ProviderError, Rejected
from app.providers.base import ProviderAccount
from app.providers.guarded import Gate
from app.providers.iptvportal.client import IptvPortalClient, Options, Row
from app.providers.iptvportal.envelope import Request
from app.providers.iptvportal.errors import TableForbidden
from app.providers.iptvportal.session import SessionStore
from app.providers.transport import Transport


def open_client(
    account: ProviderAccount,
    transport: Transport,
    *,
    base: Options | None = None,
    store: SessionStore | None = None,
) -> IptvPortalClient:
    """The client of an account: as its options have it, else as `base` has. Nothing is asked yet."""
    options, base = account.options, base or Options()
    return IptvPortalClient(
        account.url,
        account.credentials.get("username", ""),
        account.credentials.get("password", ""),
        transport=transport,
        store=store,
        options=replace(
            base,
            session_seconds=float(options.get("sessionSeconds") or base.session_seconds),
            max_parallel=options.get("maxParallelPages") or base.max_parallel,
            per_second=options.get("requestsPerSecond") or base.per_second,
            user_agent=str(options.get("userAgent") or base.user_agent),
            verify_tls=bool(options.get("verifyTls", base.verify_tls)),
        ),
    )


class GatedClient:
    """Reads only, and asks nothing while the gate is shut; a table that is kept back is no refusal of the account."""

    def __init__(self, client: IptvPortalClient, gate: Gate) -> None:
        self._client = client
        self._gate = gate

    def __repr__(self) -> str:
        return f"<GatedClient {self._client!r}>"

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return self._client.limit

    async def select(self, params: Mapping[str, Any]) -> Sequence[Row]:
        """The rows of a select."""
        await self._gate.check()
        try:
            rows = await self._client.select(params)
        except Rejected as error:
            await self._refused(error)
            raise
        await self._gate.answered()
        return rows

    async def selects(self, several: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        """The results of several in one round trip, or what the portal has against each."""
        await self._gate.check()
        try:
            found = await self._client.batch([Request(method="select", params=params) for params in several])
        except Rejected as error:
            await self._refused(error)
            raise
        if any(not isinstance(one, ProviderError) for one in found):
            await self._gate.answered()
        return found

    def prepare(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `select` would post, without posting it: `url`, `headers`, `body`; no secrets."""
        made = self._client.prepare(Request(method="select", params=params))
        return {"url": made.url, "headers": dict(made.headers), "body": made.document}

    async def _refused(self, error: Rejected) -> None:
        if not isinstance(error, TableForbidden):
            await self._gate.refused(error)
