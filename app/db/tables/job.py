from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field, ms_field

LIVE = text("status IN ('queued', 'running')")


class SyncJob(SQLModel, table=True):
    """One sync of one provider. The partial unique index makes a second live job impossible."""

    __tablename__ = "sync_job"
    __table_args__ = (
        Index("uq_sync_job_live", "provider_pk", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_sync_job_provider_pk", "provider_pk", "queued_at"),
    )

    id: str = Field(primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE")
    mode: str
    only: list[str] = Field(sa_type=JSON)  # what was asked for; empty = everything
    force: bool = False
    status: str
    progress: int = 0
    current_step: str | None = None
    attempt: int = 0
    lost: int = 0  # workers in a row that were lost with it before any page was stored
    cancel_requested: bool = False
    errors: list[str] = Field(sa_type=JSON)
    queued_at: int = bigint_field()
    started_at: int | None = ms_field()
    completed_at: int | None = ms_field()
    heartbeat_at: int | None = ms_field()
    version: str | None = None
    measures: dict[str, Any] | None = Field(default=None, sa_type=JSON)  # traffic, and the catalogue's size at the end


class SyncStep(SQLModel, table=True):
    """A part of a job with its own outcome and counts."""

    __tablename__ = "sync_step"

    job_id: str = Field(primary_key=True, foreign_key="sync_job.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    position: int
    status: str
    pages_done: int = 0
    pages_total: int = 0
    fetched: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    rejected: int = 0
    error: str | None = None


class SyncCheckpoint(SQLModel, table=True):
    """Pages that are stored, committed with their rows; `seen` = (kind, ordinal) pairs of their items, packed."""

    __tablename__ = "sync_checkpoint"
    __table_args__ = (Index("ix_sync_checkpoint_job_id_scope", "job_id", "scope"),)

    pk: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="sync_job.id", ondelete="CASCADE")
    scope: str
    pages: list[int] = Field(sa_type=JSON)
    seen: bytes = bytes_field()


class JobChange(SQLModel, table=True):
    """Places of items that a job added, updated or removed, packed; written in the transaction of their rows."""

    __tablename__ = "job_change"
    __table_args__ = (Index("ix_job_change_job_id", "job_id"),)

    pk: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="sync_job.id", ondelete="CASCADE")
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE", index=True)
    kind: int  # Kind.number
    op: str  # added | updated | removed
    ordinals: bytes = bytes_field()


class Walk(SQLModel, table=True):
    """The last complete walk of a kind whose sweep was held back: `missing` = the ordinals it did not see, packed."""

    __tablename__ = "walk"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    kind: str = Field(primary_key=True)
    job_id: str
    missing: bytes = bytes_field()


class Quarantine(SQLModel, table=True):
    """A record that was refused, with its reason and its raw text (cut, secrets redacted)."""

    __tablename__ = "quarantine"
    __table_args__ = (Index("ix_quarantine_job_id", "job_id"),)

    pk: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="sync_job.id", ondelete="CASCADE")
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE", index=True)
    kind: str
    external_id: str | None = None
    reason: str
    raw: str
