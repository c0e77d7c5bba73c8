from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field, ms_field


class Provider(SQLModel, table=True):
    """An upstream account. `pk` is internal (short keys in big tables), `id` public and computed from the account."""

    __tablename__ = "provider"

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    name: str
    kind: str
    url: bytes = bytes_field()  # encrypted: an M3U URL is a secret; `address` is what may be shown
    address: str  # scheme://host[:port]/path without query and user info
    credentials: bytes = bytes_field()  # AES-GCM of a JSON object, `id` as associated data
    credential_names: list[str] = Field(sa_type=JSON)
    options: dict[str, Any] = Field(sa_type=JSON)
    schedule: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    enabled: bool = True
    endpoint: str | None = None
    account: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    last_error: str | None = None
    last_error_at: int | None = ms_field()
    channels_synced_at: int | None = ms_field()
    movies_synced_at: int | None = ms_field()
    series_synced_at: int | None = ms_field()
    epg_synced_at: int | None = ms_field()
    epg_tried_at: int | None = ms_field()  # later than `epg_synced_at`: the last try came to nothing
    channels_walked_at: int | None = ms_field()  # the last walk of the whole list that was proven complete
    movies_walked_at: int | None = ms_field()
    series_walked_at: int | None = ms_field()
    breaker_refusals: int = 0  # in a row
    breaker_trips: int = 0  # openings in a row: each lasts twice as long as the one before
    breaker_until: int | None = ms_field()  # not asked before; NULL = closed
    breaker_reason: str | None = None  # the provider's last refusal
    next_sync_at: int | None = ms_field()
    created_at: int = bigint_field()
    updated_at: int = bigint_field()


class Webhook(SQLModel, table=True):
    """Which version a provider's webhook was told of last, and how telling it the next one goes."""

    __tablename__ = "webhook"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    told: str  # epoch.n; "" = none
    tried: str = ""  # the version that the attempts are about
    attempts: int = 0  # failed ones
    next_at: int | None = ms_field()
    gone: bool = False  # the receiver said 410
    last_error: str | None = None


class CatalogueHead(SQLModel, table=True):
    """One row per provider: what is published, and who may write.

    `version` 0 = nothing published yet in this epoch. `pending` = rows were written since (they belong to
    `version` + 1). `floor` = the oldest version from which a delta can be told. `fence` grows with every lease.
    """

    __tablename__ = "catalogue_head"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    epoch: str
    version: int = 0
    pending: bool = False
    floor: int = 0
    published_at: int | None = ms_field()
    fence: int = 0
    lease_job: str | None = None
    lease_until: int | None = ms_field()
