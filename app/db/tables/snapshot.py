from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field


class Snapshot(SQLModel, table=True):
    """A published version: how its document, pages and lines are put together from its files."""

    __tablename__ = "snapshot"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    epoch: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    published_at: int = bigint_field()
    stats: dict[str, Any] = Field(sa_type=JSON)
    layout: bytes = bytes_field()


class Publication(SQLModel, table=True):
    """When a version was published, and how many lines the log has of it; kept as long as the log tells of it."""

    __tablename__ = "publication"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    epoch: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    published_at: int = bigint_field()
    operations: int


class SnapshotFile(SQLModel, table=True):
    """A file of a version: a part, its essentials, a database, a ready delta. What no row names is swept.

    `sha256` and `bytes` are of the content; `artifact` is the stored file, by its own SHA-256: one gzip member of the
    content when `gzip`, else the content itself. `items` = rows in it, operations in a delta. `born` = the version of
    this epoch that brought it first.
    """

    __tablename__ = "snapshot_file"
    __table_args__ = (Index("ix_snapshot_file_sha256", "sha256"), Index("ix_snapshot_file_artifact", "artifact"))

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    epoch: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    role: str = Field(primary_key=True)  # app.snapshots.makers.Role
    key: str = Field(primary_key=True)  # which one of its role: a part's place, a flavour, where a delta starts
    sha256: str
    bytes: int = bigint_field()
    artifact: str
    artifact_bytes: int = bigint_field()
    gzip: bool
    items: int = 0
    born: int
