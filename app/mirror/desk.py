"""All of the mirror that a process needs, put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.db.engine import Database
from app.domain.portal_settings import PortalSettings
from app.domain.schemas import Schemas
from app.jobs.requests import JobRequests
from app.mirror.homes import Homes
from app.mirror.memory import Memory
from app.mirror.query import Queries
from app.mirror.service import Mirror
from app.providers.base import ProviderAccount
from app.providers.guarded import Gate
from app.providers.iptvportal.client import Options
from app.providers.iptvportal.opening import GatedClient, open_client
from app.providers.iptvportal.session import SessionStore
from app.providers.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorDesk:
    """`tables`: what is mirrored and how it is synced; `queries`: what is asked."""

    tables: Mirror
    queries: Queries


def open_desk(
    database: Database,
    homes: Homes,
    *,
    settings: PortalSettings,
    schemas: Schemas,
    transport: Transport,
    accounts: Callable[[int], Awaitable[ProviderAccount]],
    sessions: Callable[[ProviderAccount], SessionStore],
    gates: Callable[[str], Gate],
    jobs: JobRequests,
) -> MirrorDesk:
    """`accounts` opens credentials by a provider's key, `gates` tells by its id whether it may be asked."""
    base = base_options(settings)
    cache = settings.cache
    memory = Memory(ttl=cache.ttl if cache.enabled else 0, entries=cache.max_entries, room=cache.max_bytes)

    def opener(account: ProviderAccount) -> GatedClient:
        store = sessions(account) if settings.client.keep_session else None
        return GatedClient(open_client(account, transport, base=base, store=store), gates(account.id))

    mirror = Mirror(
        database,
        homes,
        accounts=accounts,
        opener=opener,
        schemas=lambda _: schemas.tables,
        jobs=jobs,
        memory=memory,
        usual=schemas.usual,
    )
    return MirrorDesk(tables=mirror, queries=Queries(mirror, memory))


def base_options(settings: PortalSettings) -> Options:
    """How portals are asked whose accounts say nothing of it."""
    client = settings.client
    return Options(
        session_seconds=client.session_ttl,
        timeout_seconds=client.timeout,
        retry_attempts=client.retries,
        retry_base_seconds=client.retry_delay,
        max_parallel=client.max_parallel,
        per_second=client.per_second,
        user_agent=client.user_agent,
        verify_tls=client.verify_tls,
    )
