"""The catalogue: narrow rows for filters, sorts and comparisons; wide documents beside them.

An item's place is (`provider_pk`, `ordinal`) in its kind's table: by first appearance, assigned once. It is the
default order, the order of snapshot pages and the key of the item's document.
"""

from sqlalchemy import Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from app.db.tables.base import KEY_TEXT, bigint_field, bytes_field, ms_field

OF_CATEGORIES = text("kind = 'category'")  # a job's items are found by place, in `job_change`
NO_NUMBER = 1e18  # behind every real channel number
# Lists by rating and year, and counts, read this index alone: a tenth of the table, and one index instead of three.
_COVERED = ("ordinal", "rating", "year", "is_active")


class Category(SQLModel, table=True):
    """A category of one kind; `count` = active items in it, kept when a step ends."""

    __tablename__ = "category"
    __table_args__ = (Index("ix_category_provider_pk_kind", "provider_pk", "kind"),)

    id: str = Field(primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE")
    kind: str
    external_id: str
    space: str = ""
    name: str
    position: int
    count: int = 0
    censored: bool = False
    is_active: bool = True
    updated_at: int = bigint_field()


class Item(SQLModel):
    """Columns of every kind. `locator` and `extra` are JSON; `search_text` = folded words of all its names."""

    # No foreign key here and on `document`: it would be checked for every row of a bulk load; the lease guards instead.
    provider_pk: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    id: str = Field(unique=True)
    external_id: str
    fingerprint: int = bigint_field()  # xxh3-64 of the content, as a signed integer
    is_active: bool = True
    category_id: str | None = None
    name: str
    sort_name: str = Field(sa_type=KEY_TEXT)
    search_text: str
    added_at: int | None = ms_field()
    updated_at: int = bigint_field()
    censored: bool | None = None
    # app.domain.filters.Visibility, computed when the row is written
    visibility: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": "0"})
    locator: bytes = bytes_field()
    extra: bytes | None = bytes_field(default=None)


class Channel(Item, table=True):
    __tablename__ = "channel"
    __table_args__ = (
        Index("ix_channel_provider_pk_sort_number", "provider_pk", "sort_number", "ordinal"),
        Index("ix_channel_provider_pk_sort_name", "provider_pk", "sort_name", "ordinal"),
    )

    number: float | None = None
    sort_number: float  # `number`, or NO_NUMBER: NULLs sort differently on the two dialects
    epg_id: str | None = None


class Movie(Item, table=True):
    __tablename__ = "movie"
    __table_args__ = (
        Index("ix_movie_provider_pk_sort_name", "provider_pk", "sort_name", "ordinal"),
        Index("ix_movie_provider_pk_added_at", "provider_pk", "added_at", *_COVERED),
    )

    year: int | None = None
    rating: float | None = None


class Series(Item, table=True):
    __tablename__ = "series"
    __table_args__ = (
        Index("ix_series_provider_pk_sort_name", "provider_pk", "sort_name", "ordinal"),
        Index("ix_series_provider_pk_added_at", "provider_pk", "added_at", *_COVERED),
    )

    year: int | None = None
    rating: float | None = None


class Document(SQLModel, table=True):
    """An item's canonical JSON, exactly as snapshots and browse answers carry it. `kind` is `Kind.number`."""

    __tablename__ = "document"

    provider_pk: int = Field(primary_key=True)
    kind: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    body: bytes = bytes_field()


class ItemCategory(SQLModel, table=True):
    """Membership, all of it: an item's primary category too. The item is found by the category's provider and kind."""

    __tablename__ = "item_category"
    __table_args__ = {"sqlite_with_rowid": False}

    category_id: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)


class Season(SQLModel, table=True):
    """A stored season; `document` is what the API answers, `locator` what fetches its episodes."""

    __tablename__ = "season"

    series_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE", index=True)
    position: int
    document: bytes = bytes_field()
    record: bytes = bytes_field()  # the SeasonRecord, to ask for its episodes again
    fetched_at: int = bigint_field()
    episodes_fetched_at: int | None = ms_field()


class Episode(SQLModel, table=True):
    """A stored episode; `locator` is what resolves its stream."""

    __tablename__ = "episode"
    __table_args__ = (Index("ix_episode_series_id_season", "series_id", "season", "position"),)

    id: str = Field(primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE", index=True)
    series_id: str
    season: int
    position: int
    document: bytes = bytes_field()
    locator: bytes = bytes_field()
    fetched_at: int = bigint_field()


class Change(SQLModel, table=True):
    """The append-only log: what a version changed. `document` is None for a removal; `kind` singular or `category`."""

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_provider_pk_version", "provider_pk", "version"),
        Index("ix_change_job_id", "job_id", sqlite_where=OF_CATEGORIES, postgresql_where=OF_CATEGORIES),
    )

    pk: int | None = Field(default=None, primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE")
    version: int
    job_id: str
    kind: str
    item_id: str
    op: str  # added | updated | removed
    document: bytes | None = bytes_field(default=None)
