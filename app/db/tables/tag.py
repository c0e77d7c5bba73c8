"""Tags: what gives them (rulesets and rules), what hides items (filters), and which item has which.

Whoever reads tags needs `item_tag` alone. `user_tag` is what people set: by public id, so that it outlives every row.
"""

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from app.db.tables.base import KEY_TEXT, bigint_field, bytes_field, ms_field

BY_USER = text("by_user")  # few, and looked for after each sync


class Ruleset(SQLModel, table=True):
    """Rules with a name. The rules of a built-in one stand in `app.domain.default_rules`, not in `rule`."""

    __tablename__ = "ruleset"

    id: str = Field(primary_key=True)
    name: str
    builtin: bool = False
    created_at: int = bigint_field()
    updated_at: int = bigint_field()


class RuleRow(SQLModel, table=True):
    """One `app.domain.tagging.Rule`; `trouble` is why it is left out until somebody changes it."""

    __tablename__ = "rule"
    __table_args__ = (Index("ix_rule_ruleset_id_priority", "ruleset_id", "priority"),)

    id: str = Field(primary_key=True)
    ruleset_id: str = Field(foreign_key="ruleset.id", ondelete="CASCADE")
    priority: int
    source: str
    pattern_type: str
    pattern: str
    tag: str
    cleanup: str
    replacement: str = ""
    stop: bool = False
    case_sensitive: bool = False
    kinds: list[str] = Field(sa_type=JSON)  # singular; empty = all
    enabled: bool = True
    trouble: str | None = None
    trouble_at: int | None = ms_field()


class ProviderRuleset(SQLModel, table=True):
    """The rulesets of a provider, in the order in which they apply."""

    __tablename__ = "provider_ruleset"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    ruleset_id: str = Field(primary_key=True, foreign_key="ruleset.id", ondelete="CASCADE", index=True)
    position: int


class ProviderFilter(SQLModel, table=True):
    """One `app.domain.filters.Filter` of a provider; the first that matches an item decides."""

    __tablename__ = "provider_filter"
    __table_args__ = (Index("ix_provider_filter_provider_pk_position", "provider_pk", "position"),)

    id: str = Field(primary_key=True)
    provider_pk: int = Field(foreign_key="provider.pk", ondelete="CASCADE")
    position: int
    action: str
    field: str
    value: str
    case_sensitive: bool = False
    kinds: list[str] = Field(sa_type=JSON)  # singular; empty = all
    enabled: bool = True
    trouble: str | None = None
    trouble_at: int | None = ms_field()


class ItemTag(SQLModel, table=True):
    """An item's tag. `by_user` = a person set it; `processed_at` = when it was given. Removed items keep theirs."""

    __tablename__ = "item_tag"
    __table_args__ = (
        Index("ix_item_tag_provider_pk_kind_ordinal", "provider_pk", "kind", "ordinal"),
        Index("ix_item_tag_by_user", "provider_pk", "kind", sqlite_where=BY_USER, postgresql_where=BY_USER),
        {"sqlite_with_rowid": False},
    )

    # No foreign keys, as on the item tables: this one is filled in bulk under the lease.
    provider_pk: int = Field(primary_key=True)
    kind: int = Field(primary_key=True)  # Kind.number
    tag: str = Field(primary_key=True, sa_type=KEY_TEXT)
    ordinal: int = Field(primary_key=True)
    by_user: bool = False
    processed_at: int = bigint_field()


class UserTag(SQLModel, table=True):
    """A tag that a person set on an item."""

    __tablename__ = "user_tag"

    item_id: str = Field(primary_key=True)
    tag: str = Field(primary_key=True, sa_type=KEY_TEXT)


class TagState(SQLModel, table=True):
    """With which rules, filters and categories all items of a kind were last gone through.

    `digest` is of rules and filters, `categories` a JSON object: category id → hash of what the rules see of it.
    """

    __tablename__ = "tag_state"

    provider_pk: int = Field(primary_key=True, foreign_key="provider.pk", ondelete="CASCADE")
    kind: int = Field(primary_key=True)  # Kind.number
    digest: int = bigint_field()
    categories: bytes = bytes_field()
    processed_at: int = bigint_field()
