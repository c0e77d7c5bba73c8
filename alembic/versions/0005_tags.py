"""Tags: rulesets and rules, filters, which item has which tag, and who is shown."""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BY_USER = sa.text("by_user")
ITEMS = ("channel", "movie", "series")
TABLES = ("tag_state", "user_tag", "item_tag", "provider_filter", "provider_ruleset", "rule", "ruleset")


def upgrade() -> None:
    for table in ITEMS:
        # Not in batch mode: SQLite adds such a column in place, where a batch would copy every row.
        op.add_column(table, sa.Column("visibility", sa.SmallInteger(), nullable=False, server_default="0"))
    _rulesets()
    _filters()
    _tags()
    now = time.time_ns() // 1_000_000
    op.execute(
        "INSERT INTO ruleset (id, name, builtin, created_at, updated_at) "  # noqa: S608 - a whole number
        f"VALUES ('default', 'Default', true, {now}, {now})"
    )
    op.execute("INSERT INTO provider_ruleset (provider_pk, ruleset_id, position) SELECT pk, 'default', 0 FROM provider")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for table in ITEMS:
        op.drop_column(table, "visibility")


def _rulesets() -> None:
    op.create_table(
        "ruleset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("builtin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ruleset"),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ruleset_id", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("source", "pattern_type", "pattern", "tag")),
        sa.Column("cleanup", sa.String(), nullable=False),
        sa.Column("replacement", sa.String(), nullable=False),
        sa.Column("stop", sa.Boolean(), nullable=False),
        *_matching(),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
        _child("rule", "ruleset_id", "ruleset", "id"),
    )
    op.create_index("ix_rule_ruleset_id_priority", "rule", ["ruleset_id", "priority"])
    op.create_table(
        "provider_ruleset",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("ruleset_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "ruleset_id", name="pk_provider_ruleset"),
        _child("provider_ruleset", "provider_pk", "provider", "pk"),
        _child("provider_ruleset", "ruleset_id", "ruleset", "id"),
    )
    op.create_index("ix_provider_ruleset_ruleset_id", "provider_ruleset", ["ruleset_id"])


def _filters() -> None:
    op.create_table(
        "provider_filter",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("action", "field", "value")),
        *_matching(),
        sa.PrimaryKeyConstraint("id", name="pk_provider_filter"),
        _child("provider_filter", "provider_pk", "provider", "pk"),
    )
    op.create_index("ix_provider_filter_provider_pk_position", "provider_filter", ["provider_pk", "position"])


def _tags() -> None:
    op.create_table(
        "item_tag",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("tag", KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("by_user", sa.Boolean(), nullable=False),
        sa.Column("processed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "kind", "tag", "ordinal", name="pk_item_tag"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_item_tag_provider_pk_kind_ordinal", "item_tag", ["provider_pk", "kind", "ordinal"])
    op.create_index(
        "ix_item_tag_by_user", "item_tag", ["provider_pk", "kind"], sqlite_where=BY_USER, postgresql_where=BY_USER
    )
    op.create_table(
        "user_tag",
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("tag", KEY, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "tag", name="pk_user_tag"),
    )
    op.create_table(
        "tag_state",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("categories", sa.LargeBinary(), nullable=False),
        sa.Column("processed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "kind", name="pk_tag_state"),
        _child("tag_state", "provider_pk", "provider", "pk"),
    )


def _matching() -> tuple[sa.Column[object], ...]:
    """What rules and filters share."""
    return (
        sa.Column("case_sensitive", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("trouble_at", sa.BigInteger(), nullable=True),
    )


def _child(table: str, column: str, parent: str, parent_column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{parent}"
    return sa.ForeignKeyConstraint([column], [f"{parent}.{parent_column}"], name=name, ondelete="CASCADE")
