"""The providers that a person added: add, change, test, remove."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound, ProviderError
from app.core.ids import new_id
from app.core.redaction import scrub
from app.db.engine import Database, Reader, Writer
from app.db.tables import CatalogueHead, Provider, ProviderRuleset, metadata
from app.domain.default_rules import DEFAULT_RULESET
from app.domain.identity import provider_id
from app.domain.kinds import ProviderKind
from app.jobs.requests import JobRequests
from app.providers.base import AccountStatus, ProviderAccount
from app.providers.fields import SIGNER
from app.providers.registry import Address, open_provider, parse_address
from app.providers.transport import Transport
from app.registry.breakers import SHUT, Breakers
from app.registry.removal import Removal
from app.registry.schedule import checked_schedule, default_schedule, next_start
from app.registry.secrets import Secrets, conceal_account
from app.registry.trials import tried
from app.registry.views import NewProvider, ProviderChange, ProviderView, Unset, shown, view_of
from app.registry.webhooks import configure

Forget = Callable[[int], Awaitable[int]]
PROVIDER = metadata.tables["provider"]
EPOCH_LENGTH = 8  # characters of a random id: 40 bits tell epochs of one provider apart
WEBHOOK = metadata.tables["webhook"]
_ROWS = select(*PROVIDER.c, WEBHOOK.c.last_error.label("webhook_error")).outerjoin(
    WEBHOOK, WEBHOOK.c.provider_pk == PROVIDER.c.pk
)
NO_SUCH = "There is no such provider."


def new_epoch() -> str:
    """A name for a history that begins now."""
    return new_id()[-EPOCH_LENGTH:]


class Registry:
    """Providers at rest. `forget` removes the artifacts of a provider's snapshots and answers how many there were."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        transport: Transport,
        *,
        jobs: JobRequests,
        breakers: Breakers,
        forget: Forget,
        default_hours: float = 6,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._transport = transport
        self._default_hours = default_hours
        self._breakers = breakers
        self._removal = Removal(database, jobs, forget)

    async def add(self, new: NewProvider) -> ProviderView:
        """Stores a provider; the same account gets the same id whenever it is added, a second time the next one."""
        address = parse_address(new.kind, new.url, new.credentials, new.options)
        schedule = self._schedule(new.schedule)
        row = self._new_row(new, address, schedule)
        copy = 0
        while True:
            row["id"] = provider_id(new.kind, address.address, address.account, copy)
            try:
                async with self._database.writer() as writer:
                    return await self._insert(writer, row, address)
            except IntegrityError:
                copy += 1

    async def try_out(self, new: NewProvider) -> AccountStatus:
        """Logs in once with what is not stored yet; `Invalid` as for `add`."""
        self._schedule(new.schedule)
        return await tried(new, parse_address(new.kind, new.url, new.credentials, new.options), self._transport)

    async def list(self) -> list[ProviderView]:
        """All providers, in the order in which they were added."""
        async with self._database.reader() as reader:
            rows = await reader.rows(_ROWS.order_by(col(Provider.pk)))
        return [view_of(row) for row in rows]

    async def by_id(self, public_id: str) -> ProviderView:
        """A provider by its id alone."""
        async with self._database.reader() as reader:
            return view_of(await _find(reader, col(Provider.id) == public_id))

    async def get(self, id_or_name: str) -> ProviderView:
        """A provider by its id, else by its name; `Invalid` when several have that name."""
        async with self._database.reader() as reader:
            by_id = await reader.row(_ROWS.where(col(Provider.id) == id_or_name))
            named = _ROWS.where(col(Provider.name) == id_or_name)
            rows = [by_id] if by_id else await reader.rows(named.limit(2))
        if not rows:
            raise NotFound(NO_SUCH)
        if len(rows) > 1:
            raise Invalid([("provider", "Several providers have this name; use the id.")])
        return view_of(rows[0])

    async def change(self, public_id: str, change: ProviderChange) -> ProviderView:
        """Applies a change to what is stored; the id stays, whatever the account becomes."""
        async with self._database.writer() as writer:
            row = await _find(writer, col(Provider.id) == public_id)
            values = self._changed(row, change) | {"updated_at": now_ms()}
            await writer.execute(update(Provider).where(col(Provider.pk) == row.pk).values(**values))
            if "webhookUrl" in change.options or SIGNER in change.credentials:
                await configure(writer, row.pk, wanted="webhookUrl" in values["options"])
            return view_of(await _find(writer, col(Provider.pk) == row.pk))

    async def account(self, provider_pk: int) -> ProviderAccount:
        """What an adapter needs to talk to the provider, secrets opened."""
        async with self._database.reader() as reader:
            row = await _find(reader, col(Provider.pk) == provider_pk)
        url, credentials = self._secrets.open(row.url, owner=row.id).decode(), self._credentials(row)
        conceal_account(url, credentials, row.options)
        return ProviderAccount(
            id=row.id,
            name=row.name,
            kind=ProviderKind(row.kind),
            url=url,
            credentials=credentials,
            options=row.options,
            endpoint=row.endpoint,
        )

    async def test(self, public_id: str) -> AccountStatus:
        """Logs in once and remembers what the provider said; trouble is an answer here, not an error.

        A person who asks is answered also while the breaker is open; being let in closes it.
        """
        view = await self.get(public_id)
        account = await self.account(view.pk)
        endpoint = account.endpoint
        try:
            async with open_provider(account, self._transport) as provider:
                status = await provider.test()
                endpoint = provider.endpoint
        except ProviderError as error:
            status = AccountStatus(ok=False, status=error.code.removeprefix("provider_"), message=error.detail)
        said = scrub(status.message) if status.message else None  # the provider's words may quote what we sent
        status = replace(status, status=scrub(status.status), message=said)
        await self._remember(view.pk, status, endpoint)
        self._breakers.forget(view.id)
        return status

    async def remove(self, public_id: str) -> None:
        """Stops the provider's sync, then deletes it with everything it synced."""
        await self._removal.remove((await self.get(public_id)).pk)

    async def clean(self, provider_pk: int) -> Mapping[str, int]:
        """Deletes the catalogue but keeps the provider; answers how many rows of each table went."""
        return await self._removal.clean(provider_pk, new_epoch())

    def _schedule(self, given: Mapping[str, Any] | Unset | None) -> dict[str, Any] | None:
        return default_schedule(self._default_hours) if isinstance(given, Unset) else checked_schedule(given)

    def _new_row(self, new: NewProvider, address: Address, schedule: dict[str, Any] | None) -> dict[str, Any]:
        now = now_ms()
        return {
            "name": new.name,
            "kind": new.kind.value,
            "address": address.shown or shown(address.url),
            "credential_names": sorted(address.credentials),
            "options": {name: value for name, value in new.options.items() if value is not None},
            "schedule": schedule,
            "enabled": new.enabled,
            "next_sync_at": next_start(schedule, now) if new.enabled else None,
            "created_at": now,
            "updated_at": now,
        }

    async def _insert(self, writer: Writer, row: Mapping[str, Any], address: Address) -> ProviderView:
        values = {**row, **self._sealed(row["id"], address)}
        pk = await writer.scalar(PROVIDER.insert().values(**values).returning(PROVIDER.c.pk))
        await writer.execute(insert(CatalogueHead).values(provider_pk=pk, epoch=new_epoch()))
        await writer.execute(insert(ProviderRuleset).values(provider_pk=pk, ruleset_id=DEFAULT_RULESET, position=0))
        await configure(writer, pk, wanted="webhookUrl" in row["options"])
        return view_of(await _find(writer, col(Provider.pk) == pk))

    def _sealed(self, owner: str, address: Address) -> dict[str, bytes]:
        conceal_account(address.url, address.credentials, {})
        return {
            "url": self._secrets.seal(address.url.encode(), owner=owner),
            "credentials": self._secrets.seal(jsonio.canonical(dict(address.credentials)), owner=owner),
        }

    def _credentials(self, row: Row[Any]) -> dict[str, str]:
        opened: dict[str, str] = jsonio.loads(self._secrets.open(row.credentials, owner=row.id))
        return opened

    def _changed(self, row: Row[Any], change: ProviderChange) -> dict[str, Any]:
        given = {"name": change.name, "enabled": change.enabled}
        values: dict[str, Any] = {name: value for name, value in given.items() if not isinstance(value, Unset)}
        if change.options or change.credentials or not isinstance(change.url, Unset):
            values |= self._reachable(row, change)
        if not isinstance(change.schedule, Unset):
            values["schedule"] = checked_schedule(change.schedule)
        if "schedule" in values or "enabled" in values:
            enabled, schedule = values.get("enabled", row.enabled), values.get("schedule", row.schedule)
            values["next_sync_at"] = _first_start(row, schedule) if enabled else None
        return values

    def _reachable(self, row: Row[Any], change: ProviderChange) -> dict[str, Any]:
        """Where the provider is and how it is asked, with the change merged in and checked as a whole."""
        url = change.url
        if isinstance(url, Unset):
            url = self._secrets.open(row.url, owner=row.id).decode()
        credentials = _merged(self._credentials(row), change.credentials)
        options = _merged(row.options, change.options)
        address = parse_address(ProviderKind(row.kind), url, credentials, options)
        return {
            **self._sealed(row.id, address),
            "address": address.shown or shown(address.url),
            "credential_names": sorted(address.credentials),
            "options": options,
            "endpoint": None,  # found for the old account: it is looked for anew
            **SHUT,
        }

    async def _remember(self, provider_pk: int, status: AccountStatus, endpoint: str | None) -> None:
        now = now_ms()
        values: dict[str, Any] = {"endpoint": endpoint}
        if status.ok:
            values |= {"last_error": None, "last_error_at": None, **SHUT}
        else:
            values |= {"last_error": status.message or status.status, "last_error_at": now}
        if status.ok or status.expires_at is not None:
            limits = {"expiresAt": status.expires_at, "maxConnections": status.max_connections}
            values["account"] = {"status": status.status, **limits, "seenAt": now}
        async with self._database.writer() as writer:
            await writer.execute(update(Provider).where(col(Provider.pk) == provider_pk).values(**values))


def _first_start(row: Row[Any], schedule: Mapping[str, Any] | None) -> int | None:
    """When a provider is synced by itself next; one that was added switched off has its first sync still to come."""
    never = not (row.channels_synced_at or row.movies_synced_at or row.series_synced_at)
    return now_ms() if never and schedule and not row.enabled else next_start(schedule, now_ms())


async def _find(reader: Reader, condition: Any) -> Row[Any]:
    row = await reader.row(_ROWS.where(condition))
    if row is None:
        raise NotFound(NO_SUCH)
    return row


def _merged(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**stored, **given}.items() if value is not None}
