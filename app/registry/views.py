"""What a provider looks like from outside, and what may be said about one. Times in ms; no secret anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Row

from app.core.clock import now_ms
from app.domain.breaker import BreakerState
from app.domain.kinds import ProviderKind
from app.registry.breakers import breaker_of


class Unset:
    """The type of UNSET: a field that a change does not mention."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    """A provider as a person adds it. `schedule` UNSET = the default interval, None = none."""

    name: str
    kind: ProviderKind
    url: str = field(repr=False)
    credentials: Mapping[str, Any] = field(repr=False, default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] | Unset | None = UNSET
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    """What changes; credentials and options are merged by key, and None removes one."""

    name: str | Unset = UNSET
    url: str | Unset = field(repr=False, default=UNSET)
    credentials: Mapping[str, Any] = field(repr=False, default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] | Unset | None = UNSET
    enabled: bool | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSync:
    """When each part of the catalogue was last brought up to date."""

    channels: int | None
    movies: int | None
    series: int | None
    epg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the provider behaved; while the breaker is open it is not asked, because it refused too often."""

    last_error: str | None
    last_error_at: int | None
    breaker: str = BreakerState.CLOSED
    breaker_until: int | None = None
    webhook_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAccount:
    """The account as the provider last described it; `expires_at` in ms."""

    status: str | None = None
    expires_at: int | None = None
    max_connections: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderView:
    """A provider without its secrets: `url` has no query, `credentials` say which are set."""

    pk: int
    id: str
    name: str
    kind: ProviderKind
    url: str
    credentials: Mapping[str, bool]
    options: Mapping[str, Any]
    schedule: Mapping[str, Any] | None
    enabled: bool
    last_sync: LastSync
    next_sync_at: int | None
    health: Health
    account: SeenAccount
    created_at: int
    updated_at: int


def view_of(row: Row[Any]) -> ProviderView:
    """The view of a stored row, which has `webhook_error` beside the provider's columns."""
    health = _health(row)
    return ProviderView(
        pk=row.pk or 0,
        id=row.id,
        name=row.name,
        kind=ProviderKind(row.kind),
        url=row.address,
        credentials=dict.fromkeys(row.credential_names, True),
        options={name: shown(value) for name, value in row.options.items()},
        schedule=row.schedule,
        enabled=row.enabled,
        last_sync=LastSync(
            channels=row.channels_synced_at,
            movies=row.movies_synced_at,
            series=row.series_synced_at,
            epg=row.epg_synced_at,
        ),
        next_sync_at=_next(row, health),
        health=health,
        account=_account(row.account or {}),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def shown(value: Any) -> Any:
    """A value that may be a URL, without the query and user info that may hold a password."""
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(value)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _health(row: Row[Any]) -> Health:
    return Health(
        last_error=row.last_error,
        last_error_at=row.last_error_at,
        breaker=breaker_of(row).state(now_ms()).value,
        breaker_until=row.breaker_until,
        webhook_error=row.webhook_error,
    )


def _next(row: Row[Any], health: Health) -> int | None:
    """When it is synced by itself: not before an open breaker closes."""
    planned: int | None = row.next_sync_at
    if planned is None or health.breaker != BreakerState.OPEN:
        return planned
    return max(planned, health.breaker_until or 0)


def _account(seen: Mapping[str, Any]) -> SeenAccount:
    return SeenAccount(
        status=seen.get("status"), expires_at=seen.get("expiresAt"), max_connections=seen.get("maxConnections")
    )
