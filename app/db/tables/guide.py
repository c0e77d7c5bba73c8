"""Programme guides.

A refresh of a guide writes its programmes under a generation of its own; one change of `guide.generation` shows them.
Until then, and whenever a refresh comes to nothing, readers see the programmes of the generation before.
"""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field, ms_field


class Guide(SQLModel, table=True):
    """An XMLTV file, or a provider's own EPG (`url` None). `position` orders the guides of a provider, the best first.

    `beyond_ms` = start of the earliest programme that lay behind the window when it was read: from the moment that the
    window reaches it, an unchanged file has something new to tell. `held` = programmes of a refresh that was held back
    because it had lost too many, for the next one to agree with.
    """

    __tablename__ = "guide"
    __table_args__ = (Index("ix_guide_provider_pk", "provider_pk", "position"),)

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE")
    position: int
    origin: str  # option | header | xtream | provider
    named: bool = True  # the provider still names it; else it stays until its last programme is over
    url: bytes | None = bytes_field(default=None)  # encrypted, `id` as associated data
    generation: int | None = Field(default=None)
    etag: str | None = None
    last_modified: str | None = None
    beyond_ms: int | None = ms_field()
    first_ms: int | None = ms_field()
    last_ms: int | None = ms_field()
    channels: int = 0
    programmes: int = 0
    rejected: int = 0
    held: int = 0
    checked_at: int | None = ms_field()
    changed_at: int | None = ms_field()
    error: str | None = None
    error_at: int | None = ms_field()


class GuideGeneration(SQLModel, table=True):
    """Which programmes were written together. No foreign keys: it outlives its guide until they are deleted."""

    __tablename__ = "guide_generation"

    pk: int | None = Field(default=None, primary_key=True)
    provider_pk: int = Field(index=True)
    guide_pk: int
    created_at: int = bigint_field()


class GuideChannel(SQLModel, table=True):
    """A channel of a guide; `number` is its place by first appearance, assigned once. `names` is a JSON list."""

    __tablename__ = "guide_channel"
    __table_args__ = (Index("uq_guide_channel_channel_id", "guide_pk", "channel_id", unique=True),)

    guide_pk: int = Field(primary_key=True, foreign_key="guide.pk", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    channel_id: str
    names: bytes = bytes_field()
    icon: str | None = None
    programmes: int = 0  # in the generation that is shown
    last_ms: int | None = ms_field()  # when the last of them ends


class Programme(SQLModel, table=True):
    """A show. `number` is the guide channel's; `body` a JSON document of everything but the times."""

    __tablename__ = "programme"
    __table_args__ = {"sqlite_with_rowid": False}

    generation: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    start_ms: int = bigint_field(primary_key=True)
    stop_ms: int | None = ms_field()  # NULL while its generation is written: the next one's start
    body: bytes = bytes_field()


class EpgMatch(SQLModel, table=True):
    """Which guide channel a channel shows, how that was found out, and how sure it is (`score` 0–1).

    `shift_ms` is added to the times of the guide.
    """

    __tablename__ = "epg_match"
    __table_args__ = (Index("ix_epg_match_guide_pk", "guide_pk", "number"),)

    provider_pk: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    guide_pk: int = Field(foreign_key="guide.pk", ondelete="CASCADE")
    number: int
    shift_ms: int = bigint_field(default=0)
    method: str
    score: float


class EpgPin(SQLModel, table=True):
    """What a person decided about a channel: a guide channel, or none (`guide_id` NULL). It survives every sync."""

    __tablename__ = "epg_pin"

    item_id: str = Field(primary_key=True)
    guide_id: str | None = None
    channel_id: str | None = None
    updated_at: int = bigint_field()
