"""Assembly: one frozen object owns what a process owns; web, worker, commands and tests get it the same way."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from arq.connections import ArqRedis

from app.access.audit import Audit
from app.access.desk import AccessDesk
from app.access.keys import Keys
from app.artifacts.registry import open_artifacts
from app.browse.preview import Preview
from app.browse.service import Browse
from app.browse.shelves import Shelves
from app.browse.variants import Variants
from app.config import Settings, load_schemas
from app.core.ports import ArtifactStore, Hints
from app.core.quota import Buckets
from app.db import migrate
from app.db.engine import Database
from app.epg.guides import Guides
from app.epg.programmes import Epg
from app.epg.refresh import Window
from app.grounds import open_queue_server, open_redis, open_secrets
from app.jobs.changes import JobChanges
from app.jobs.history import JobHistory
from app.jobs.requests import JobRequests
from app.jobs.watching import JobWatches
from app.mirror.desk import MirrorDesk
from app.mirror.desk import open_desk as open_mirror
from app.mirror.homes import Homes
from app.mirror.removal import remove_mirror
from app.playlists.desk import PlaylistDesk, open_desk
from app.playlists.xtream import Players
from app.providers.base import Provider, ProviderAccount
from app.providers.guarded import GuardedProvider
from app.providers.registry import open_provider
from app.providers.relay import Relay
from app.providers.transport import Transport
from app.queue.arq_queue import ArqQueue
from app.queue.embedded import EmbeddedValkey
from app.queue.hints import RedisHints
from app.queue.notices import RedisNotices
from app.queue.quotas import RedisQuotas
from app.registry.breakers import Breakers
from app.registry.portal_sessions import PortalSessions
from app.registry.secrets import Secrets
from app.registry.service import Registry
from app.registry.webhooks import Webhooks
from app.snapshots.databases import Databases
from app.snapshots.delta_files import ReadyDeltas
from app.snapshots.publish import Publisher
from app.snapshots.read import Snapshots
from app.snapshots.removal import remove_artifacts
from app.snapshots.retention import Keep
from app.snapshots.waiting import VersionWatches
from app.streams.passing import Passing
from app.streams.service import Streams
from app.tags.service import Tags

# A worker's jobs each hold one connection for their rows and, for moments, one for their heartbeat.
POOL_SIZE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessContext:
    """Everything that a process shares. `queue_server` is ours to revive when there is no other."""

    settings: Settings
    database: Database
    redis_url: str
    queue_server: EmbeddedValkey | None
    queue: ArqQueue
    hints: Hints
    artifacts: ArtifactStore
    transport: Transport
    open_provider: Callable[[ProviderAccount], Provider]
    registry: Registry
    sessions: PortalSessions
    webhooks: Webhooks
    jobs: JobRequests
    history: JobHistory
    changes: JobChanges
    watches: JobWatches
    browse: Browse
    preview: Preview
    variants: Variants
    streams: Streams
    snapshots: Snapshots
    versions: VersionWatches
    databases: Databases
    publisher: Publisher
    tags: Tags
    guides: Guides
    epg: Epg
    playlists: PlaylistDesk
    players: Players
    mirror: MirrorDesk
    access: AccessDesk

    def end_waits(self) -> None:
        """Answers that wait for something end at once: the process ends."""
        self.watches.end()
        self.versions.end()
        self.streams.end()


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[ProcessContext]:
    """Opens everything, the database at this release's schema; `Misconfigured` names the variable that is wrong."""
    secrets = open_secrets(settings)
    async with AsyncExitStack() as stack:
        artifacts = await stack.enter_async_context(open_artifacts(settings.artifacts_url, settings.data_dir))
        await migrate.upgrade(settings.resolved_database_url)
        database = Database(settings.resolved_database_url, pool_size=POOL_SIZE)
        stack.push_async_callback(database.close)
        homes = Homes(database)
        stack.push_async_callback(homes.close)
        redis_url, queue_server = await open_queue_server(settings, stack)
        redis = await open_redis(redis_url, stack)
        hints = RedisHints(redis)
        transport = Transport(
            networks=settings.provider_networks, max_parallel=settings.max_parallel_pages, hints=hints
        )
        stack.push_async_callback(transport.close)
        breakers = Breakers(database)
        sessions = PortalSessions(database, secrets)
        opener = _guarded(settings, transport, breakers, sessions)
        queue = ArqQueue(redis)
        jobs = JobRequests(database, queue)
        registry = Registry(
            database,
            secrets,
            transport,
            jobs=jobs,
            breakers=breakers,
            forget=partial(_forget, database, artifacts, homes),
            default_hours=settings.sync_interval_hours,
        )
        streams = Streams(database, Passing(Relay(transport), secrets), accounts=registry.account, opener=opener)
        stack.push_async_callback(streams.close)
        keep = _keep(settings)
        snapshots = Snapshots(database, artifacts, keep=keep, public_url=settings.public_artifacts_url)
        versions = VersionWatches(database, snapshots, RedisNotices(redis))
        stack.push_async_callback(versions.close)
        ready = ReadyDeltas(database, artifacts)
        publisher = Publisher(database, artifacts, makers=(ready,), keep=keep, published=versions.published)
        databases = Databases(database, artifacts)
        stack.push_async_callback(databases.close)
        guides = _guides(settings, database, transport, secrets)
        shelves = Shelves()
        history = JobHistory(database, hints)
        watches = JobWatches(history)
        stack.push_async_callback(watches.close)
        desk = open_desk(database, secrets)
        mirror = _mirror(
            settings, database, homes, transport, registry, sessions=sessions, breakers=breakers, jobs=jobs
        )
        access = _access(settings, database, redis)
        stack.push_async_callback(access.keys.close)
        yield ProcessContext(
            settings=settings,
            database=database,
            redis_url=redis_url,
            queue_server=queue_server,
            queue=queue,
            hints=hints,
            artifacts=artifacts,
            transport=transport,
            open_provider=opener,
            registry=registry,
            sessions=sessions,
            webhooks=Webhooks(database, transport, registry.account),
            jobs=jobs,
            history=history,
            changes=JobChanges(database),
            watches=watches,
            browse=Browse(database),
            preview=Preview(database, shelves, streams.channels),
            variants=Variants(database, shelves),
            streams=streams,
            snapshots=snapshots,
            versions=versions,
            databases=databases,
            publisher=publisher,
            tags=Tags(database, publish=publisher.publish, live=streams.channels),
            guides=guides,
            epg=Epg(database, guides),
            playlists=desk,
            players=Players(database, desk, streams),
            mirror=mirror,
            access=access,
        )


async def _forget(database: Database, artifacts: ArtifactStore, homes: Homes, provider_pk: int) -> int:
    """Removes what a provider has beside its rows; how many artifacts that were."""
    await remove_mirror(database, homes, provider_pk)
    return await remove_artifacts(database, artifacts, provider_pk)


def _guarded(
    settings: Settings, transport: Transport, breakers: Breakers, sessions: PortalSessions
) -> Callable[[ProviderAccount], Provider]:
    """Adapters that ask nothing while the provider's breaker is open."""
    opener = partial(
        open_provider,
        transport=transport,
        retry_attempts=settings.retry_attempts,
        retry_base_seconds=settings.retry_base_seconds,
        sessions=sessions.store,
    )

    def guarded(account: ProviderAccount) -> Provider:
        return GuardedProvider(partial(opener, account), breakers.gate(account.id))

    return guarded


def _access(settings: Settings, database: Database, redis: ArqRedis) -> AccessDesk:
    """One process counts for itself what comes in; several share their counts by the server of their queue."""
    return AccessDesk(
        keys=Keys(database),
        audit=Audit(database),
        quotas=Buckets() if settings.embedded else RedisQuotas(redis),
        per_key=settings.rate_per_key,
        per_address=settings.rate_per_address,
    )


def _guides(settings: Settings, database: Database, transport: Transport, secrets: Secrets) -> Guides:
    return Guides(
        database,
        transport,
        secrets,
        window=Window(past_days=settings.epg_past_days, future_days=settings.epg_future_days),
        default_hours=settings.epg_interval_hours,
        retry_attempts=settings.retry_attempts,
        retry_base_seconds=settings.retry_base_seconds,
    )


def _mirror(
    settings: Settings,
    database: Database,
    homes: Homes,
    transport: Transport,
    registry: Registry,
    *,
    sessions: PortalSessions,
    breakers: Breakers,
    jobs: JobRequests,
) -> MirrorDesk:
    return open_mirror(
        database,
        homes,
        settings=settings.portal,
        schemas=load_schemas(settings.portal),
        transport=transport,
        accounts=registry.account,
        sessions=sessions.store,
        gates=breakers.gate,
        jobs=jobs,
    )


def _keep(settings: Settings) -> Keep:
    return Keep(
        versions=settings.snapshot_keep_versions,
        hours=settings.snapshot_keep_hours,
        grace_hours=settings.snapshot_grace_hours,
        log_days=settings.snapshot_log_days,
    )
