"""Tells a provider's webhook that a new version is published.

What decides is the state, not an event: while the published version is not the one that was told last, the newest is
posted, so that nothing is lost with a worker and several publishes in a row may become one message.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, and_, delete, insert, select, update
from sqlmodel import col

from app.core import jsonio
from app.core.clock import now_ms, rfc3339
from app.core.errors import NotFound, ProviderError
from app.db.engine import Database, Reader, Writer
from app.db.tables import CatalogueHead, Snapshot, Webhook, metadata
from app.domain.webhooks import LONGEST_SECONDS, MOST_ATTEMPTS, retry_seconds, signature, signing_key
from app.jobs.ending import published_version
from app.providers.base import ProviderAccount
from app.providers.retry import retry_after
from app.providers.transport import Reply, Transport

PUBLISHED: Final = "catalogue.published"
ANSWER_SECONDS: Final = 10  # a receiver that takes longer to say yes holds a worker's slot
CLAIM_MS: Final = 30_000  # a worker that died while it told is followed by another
GONE: Final = 410
FRESH: Final[Mapping[str, Any]] = {"tried": "", "attempts": 0, "next_at": None, "gone": False, "last_error": None}

WEBHOOK: Final = metadata.tables["webhook"]

Accounts = Callable[[int], Awaitable[ProviderAccount]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A version that one worker tells of until `until` (ms); `attempts` failed before."""

    version: str
    until: int
    attempts: int
    stats: Mapping[str, int]
    published_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How it went: no `error` = told. `wait` is the receiver's wish in seconds."""

    error: str | None = None
    gone: bool = False
    wait: float = field(default=0.0)


class Webhooks:
    """The webhooks of all providers; `accounts` opens the secrets of one."""

    def __init__(self, database: Database, transport: Transport, accounts: Accounts) -> None:
        self._database = database
        self._transport = transport
        self._accounts = accounts

    async def due(self, *only: int) -> list[int]:
        """The providers (of these, else of all) whose webhook is to be told something now."""
        chosen = [col(Webhook.provider_pk).in_(only)] if only else []
        async with self._database.reader() as reader:
            rows = await reader.rows(_waiting().where(*chosen))
        now = now_ms()
        return [row.provider_pk for row in rows if _is_due(row, now)]

    async def tell(self, provider_pk: int) -> None:
        """Posts the newest version if it is due, once; a failure is remembered with the time of the next attempt."""
        async with self._database.writer() as writer:
            telling = await _claim(writer, provider_pk)
        if telling is None:
            return
        try:
            account = await self._accounts(provider_pk)
        except NotFound:
            return  # it was removed a moment ago
        heard = await self._post(account, telling)
        async with self._database.writer() as writer:
            await _settle(writer, provider_pk, telling, heard)
        log.info("webhook_told", provider_id=account.id, version=telling.version, trouble=heard.error)

    async def _post(self, account: ProviderAccount, telling: Telling) -> Heard:
        url, body = account.options["webhookUrl"], _body(account, telling)
        headers = _headers(account, telling, body)
        client = self._transport.client(url=url, headers={"User-Agent": "Lineup"})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return _heard(await client.post(url, body=body, headers=headers))
        except TimeoutError:
            return Heard(error=f"The webhook did not answer within {ANSWER_SECONDS} s.")
        except ProviderError as error:
            return Heard(error=f"The webhook was not told: {error.detail}")


async def configure(writer: Writer, provider_pk: int, *, wanted: bool) -> None:
    """After a change of address or secret: all attempts begin anew. A new webhook starts with the next version."""
    mine = col(Webhook.provider_pk) == provider_pk
    if not wanted:
        await writer.execute(delete(Webhook).where(mine))
    elif not await writer.execute(update(Webhook).where(mine).values(**FRESH)):
        told = await published_version(writer, provider_pk) or ""
        await writer.execute(insert(Webhook).values(provider_pk=provider_pk, told=told, **FRESH))


def _waiting() -> Select[Any]:
    """Webhooks of catalogues that are published."""
    head = (col(CatalogueHead.epoch), col(CatalogueHead.version), col(CatalogueHead.published_at))
    joined = select(*WEBHOOK.c, *head).join(CatalogueHead, col(CatalogueHead.provider_pk) == WEBHOOK.c.provider_pk)
    return joined.where(col(CatalogueHead.version) > 0, WEBHOOK.c.gone.is_(False))


def _is_due(row: Row[Any], now: int) -> bool:
    version = f"{row.epoch}.{row.version}"
    if row.told == version:
        return False
    if row.tried != version:
        return True
    if row.attempts >= MOST_ATTEMPTS:
        return False
    # A time further ahead than any wait was set by a clock that is wrong.
    return row.next_at is None or not now < row.next_at <= now + LONGEST_SECONDS * 1000 + CLAIM_MS


async def _claim(writer: Writer, provider_pk: int) -> Telling | None:
    mine = col(Webhook.provider_pk) == provider_pk
    row, now = await writer.row(_waiting().where(mine).with_for_update(of=WEBHOOK)), now_ms()
    if row is None or not _is_due(row, now):
        return None
    telling = Telling(
        version=f"{row.epoch}.{row.version}",
        until=now + CLAIM_MS,
        attempts=row.attempts if row.tried == f"{row.epoch}.{row.version}" else 0,
        stats=await _stats(writer, provider_pk, row.epoch, row.version),
        published_at=row.published_at,
    )
    claimed = {"tried": telling.version, "attempts": telling.attempts, "next_at": telling.until}
    await writer.execute(update(Webhook).where(mine).values(**claimed))
    return telling


async def _stats(reader: Reader, provider_pk: int, epoch: str, version: int) -> Mapping[str, int]:
    mine = and_(
        col(Snapshot.provider_pk) == provider_pk, col(Snapshot.epoch) == epoch, col(Snapshot.version) == version
    )
    return await reader.scalar(select(col(Snapshot.stats)).where(mine)) or {}


async def _settle(writer: Writer, provider_pk: int, telling: Telling, heard: Heard) -> None:
    """Writes the outcome, unless the webhook was changed or the next version is being told of meanwhile."""
    values: dict[str, Any] = {**FRESH, "told": telling.version, "tried": telling.version}
    if heard.error is not None:
        attempts = telling.attempts + 1
        wait = retry_seconds(attempts)
        at = now_ms() + int(min(max(wait, heard.wait), LONGEST_SECONDS) * 1000) if wait is not None else None
        said = heard.error if at is not None or heard.gone else f"{heard.error} This version is given up."
        values = {"attempts": attempts, "next_at": at, "gone": heard.gone, "last_error": said}
    await writer.execute(
        update(Webhook)
        .where(
            col(Webhook.provider_pk) == provider_pk,
            col(Webhook.tried) == telling.version,
            col(Webhook.next_at) == telling.until,
        )
        .values(**values)
    )


def _body(account: ProviderAccount, telling: Telling) -> bytes:
    """The same for each attempt at one version."""
    data = {
        "providerId": account.id,
        "providerName": account.name,
        "version": telling.version,
        "stats": dict(telling.stats),
        "manifestPath": f"/api/providers/{account.id}/snapshot/manifest?version={telling.version}",
    }
    return jsonio.dumps({"type": PUBLISHED, "timestamp": rfc3339(telling.published_at), "data": data})


def _headers(account: ProviderAccount, telling: Telling, body: bytes) -> dict[str, str]:
    # The id is the same for each attempt, so that a receiver knows a repeated message; it may hold no full stop.
    message_id = f"msg_{account.id}_{telling.version.replace('.', '_')}"
    timestamp = now_ms() // 1000
    key = signing_key(account.credentials.get("webhookSecret", ""))
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, message_id=message_id, timestamp=timestamp, body=body),
    }


def _heard(reply: Reply) -> Heard:
    if 200 <= reply.status < 300:  # noqa: PLR2004 - the 2xx codes
        return Heard()
    if reply.status == GONE:
        return Heard(error="The webhook answered 410: it is told nothing more until its URL is changed.", gone=True)
    wait = retry_after(reply.headers.get("retry-after")) or 0.0
    return Heard(error=f"The webhook answered {reply.status}.", wait=wait)
