from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field


class Snapshot(SQLModel, table=True):
    """A published version: where its artifact lies and how each file is put together from it."""

    __tablename__ = "snapshot"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    epoch: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    published_at: int = bigint_field()
    stats: dict[str, Any] = Field(sa_type=JSON)
    artifact: str  # sha256 of the pack in the artifact store
    artifact_bytes: int = bigint_field()
    layout: bytes = bytes_field()
