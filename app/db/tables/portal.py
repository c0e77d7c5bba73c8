from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field


class PortalSession(SQLModel, table=True):
    """The session of an operator's portal, so that processes share one and a restart needs no login."""

    __tablename__ = "portal_session"

    provider_id: str = Field(primary_key=True, foreign_key="provider.id", ondelete="CASCADE")
    sealed: bytes = bytes_field()  # AES-GCM of a JSON object, the provider's id as associated data
    updated_at: int = bigint_field()
