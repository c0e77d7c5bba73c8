from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, ms_field

LIVE = text("revoked_at IS NULL")


class ApiKey(SQLModel, table=True):
    """A key of the API, by its SHA-256: the key itself is shown once and stored nowhere.

    A row that was revoked stays: an installation that ever had a key is not open again when its last one goes.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        # Two keys of one name could not be told apart in the audit log.
        Index("uq_api_key_live_name", "name", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    )

    id: str = Field(primary_key=True)
    name: str
    scope: str  # app.domain.access.KeyScope
    sha256: str = Field(unique=True)
    hint: str  # how the key begins, for whoever holds several
    created_at: int = bigint_field()
    last_used_at: int | None = ms_field()
    revoked_at: int | None = ms_field()


class AuditEntry(SQLModel, table=True):
    """A change that somebody made: who, what, where, when. No bodies: they may hold credentials."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_at", "at"),)

    id: str = Field(primary_key=True)  # time-ordered
    at: int = bigint_field()
    who: str  # the key's name; in parentheses, what is no stored key
    action: str  # the name of the operation
    method: str
    path: str
    status: int
    request_id: str | None = None
