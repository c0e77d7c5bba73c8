"""Providers, catalogues, jobs and snapshots."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LIVE = sa.text("status IN ('queued', 'running')")
SORT_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _providers()
    _items()
    _documents()
    _seasons()
    _changes()
    _jobs()
    _job_details()


def downgrade() -> None:
    for table in (
        *("quarantine", "walk", "sync_checkpoint", "sync_step", "sync_job"),
        *("snapshot", "change", "episode", "season"),
        *("item_category", "document", "series", "movie", "channel", "category"),
        *("catalogue_head", "provider"),
    ):
        op.drop_table(table)


def _column(kind: sa.types.TypeEngine[Any], name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


_text = partial(_column, sa.String())
_integer = partial(_column, sa.Integer())
_big = partial(_column, sa.BigInteger())
_real = partial(_column, sa.Float())
_flag = partial(_column, sa.Boolean())
_bytes = partial(_column, sa.LargeBinary())
_json = partial(_column, sa.JSON())


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(column, name=f"uq_{table}_{column}")


def _child(table: str, column: str, parent: str, parent_column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{parent}"
    return sa.ForeignKeyConstraint([column], [f"{parent}.{parent_column}"], name=name, ondelete="CASCADE")


def _of_provider(table: str) -> sa.ForeignKeyConstraint:
    return _child(table, "provider_pk", "provider", "pk")


def _of_job(table: str) -> sa.ForeignKeyConstraint:
    return _child(table, "job_id", "sync_job", "id")


def _providers() -> None:
    op.create_table(
        "provider",
        _integer("pk"),
        _text("id"),
        _text("name"),
        _text("kind"),
        _bytes("url"),
        _text("address"),
        _bytes("credentials"),
        _json("credential_names"),
        _json("options"),
        _json("schedule", nullable=True),
        _flag("enabled"),
        _text("endpoint", nullable=True),
        _json("account", nullable=True),
        _text("last_error", nullable=True),
        _big("last_error_at", nullable=True),
        _big("channels_synced_at", nullable=True),
        _big("movies_synced_at", nullable=True),
        _big("series_synced_at", nullable=True),
        _big("epg_synced_at", nullable=True),
        _big("next_sync_at", nullable=True),
        _big("created_at"),
        _big("updated_at"),
        _key("provider", "pk"),
        _unique("provider", "id"),
    )
    op.create_table(
        "catalogue_head",
        _integer("provider_pk"),
        _text("epoch"),
        _integer("version"),
        _flag("pending"),
        _integer("floor"),
        _big("published_at", nullable=True),
        _integer("fence"),
        _text("lease_job", nullable=True),
        _big("lease_until", nullable=True),
        _of_provider("catalogue_head"),
        _key("catalogue_head", "provider_pk"),
    )


def _items() -> None:
    year_and_rating = (lambda: _integer("year", nullable=True), lambda: _real("rating", nullable=True))
    channel = (
        lambda: _real("number", nullable=True),
        lambda: _real("sort_number"),
        lambda: _text("epg_id", nullable=True),
    )
    for table, own in (("channel", channel), ("movie", year_and_rating), ("series", year_and_rating)):
        op.create_table(
            table,
            _integer("provider_pk"),
            _integer("ordinal"),
            _text("id"),
            _text("external_id"),
            _big("fingerprint"),
            _flag("is_active"),
            _text("category_id", nullable=True),
            _text("name"),
            _column(SORT_KEY, "sort_name"),
            _text("search_text"),
            _big("added_at", nullable=True),
            _big("updated_at"),
            _flag("censored", nullable=True),
            _bytes("locator"),
            _bytes("extra", nullable=True),
            *(column() for column in own),
            _key(table, "provider_pk", "ordinal"),
            _unique(table, "id"),
        )
        op.create_index(f"ix_{table}_provider_pk_sort_name", table, ["provider_pk", "sort_name", "ordinal"])
    op.create_index("ix_channel_provider_pk_sort_number", "channel", ["provider_pk", "sort_number", "ordinal"])


def _documents() -> None:
    op.create_table(
        "document",
        _integer("provider_pk"),
        _integer("kind"),
        _integer("ordinal"),
        _bytes("body"),
        _key("document", "provider_pk", "kind", "ordinal"),
    )
    op.create_table(
        "category",
        _text("id"),
        _integer("provider_pk"),
        _text("kind"),
        _text("external_id"),
        _text("space"),
        _text("name"),
        _integer("position"),
        _integer("count"),
        _flag("censored"),
        _flag("is_active"),
        _big("updated_at"),
        _of_provider("category"),
        _key("category", "id"),
    )
    op.create_index("ix_category_provider_pk_kind", "category", ["provider_pk", "kind"])
    op.create_table(
        "item_category",
        _text("category_id"),
        _integer("ordinal"),
        _key("item_category", "category_id", "ordinal"),
        sqlite_with_rowid=False,
    )


def _seasons() -> None:
    op.create_table(
        "season",
        _text("series_id"),
        _integer("number"),
        _integer("provider_pk"),
        _integer("position"),
        _bytes("document"),
        _bytes("record"),
        _big("fetched_at"),
        _big("episodes_fetched_at", nullable=True),
        _of_provider("season"),
        _key("season", "series_id", "number"),
    )
    op.create_index("ix_season_provider_pk", "season", ["provider_pk"])
    op.create_table(
        "episode",
        _text("id"),
        _integer("provider_pk"),
        _text("series_id"),
        _integer("season"),
        _integer("position"),
        _bytes("document"),
        _bytes("locator"),
        _big("fetched_at"),
        _of_provider("episode"),
        _key("episode", "id"),
    )
    op.create_index("ix_episode_provider_pk", "episode", ["provider_pk"])
    op.create_index("ix_episode_series_id_season", "episode", ["series_id", "season", "position"])


def _changes() -> None:
    op.create_table(
        "change",
        _integer("pk"),
        _integer("provider_pk"),
        _integer("version"),
        _text("job_id"),
        _text("kind"),
        _text("item_id"),
        _text("op"),
        _bytes("document", nullable=True),
        _of_provider("change"),
        _key("change", "pk"),
    )
    op.create_index("ix_change_provider_pk_version", "change", ["provider_pk", "version"])
    op.create_index("ix_change_job_id", "change", ["job_id"])
    op.create_table(
        "snapshot",
        _integer("provider_pk"),
        _text("epoch"),
        _integer("version"),
        _big("published_at"),
        _json("stats"),
        _text("artifact"),
        _big("artifact_bytes"),
        _bytes("layout"),
        _of_provider("snapshot"),
        _key("snapshot", "provider_pk", "epoch", "version"),
    )


def _jobs() -> None:
    op.create_table(
        "sync_job",
        _text("id"),
        _integer("provider_pk"),
        _text("mode"),
        _json("only"),
        _flag("force"),
        _text("status"),
        _integer("progress"),
        _text("current_step", nullable=True),
        _integer("attempt"),
        _flag("cancel_requested"),
        _json("errors"),
        _big("queued_at"),
        _big("started_at", nullable=True),
        _big("completed_at", nullable=True),
        _big("heartbeat_at", nullable=True),
        _text("version", nullable=True),
        _of_provider("sync_job"),
        _key("sync_job", "id"),
    )
    op.create_index("ix_sync_job_provider_pk", "sync_job", ["provider_pk", "queued_at"])
    op.create_index(
        "uq_sync_job_live", "sync_job", ["provider_pk"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def _job_details() -> None:
    op.create_table(
        "sync_step",
        _text("job_id"),
        _text("name"),
        _integer("position"),
        _text("status"),
        *(_integer(name) for name in ("pages_done", "pages_total")),
        *(_integer(name) for name in ("fetched", "added", "updated", "unchanged", "removed", "rejected")),
        _text("error", nullable=True),
        _of_job("sync_step"),
        _key("sync_step", "job_id", "name"),
    )
    op.create_table(
        "sync_checkpoint",
        _integer("pk"),
        _text("job_id"),
        _text("scope"),
        _json("pages"),
        _bytes("seen"),
        _of_job("sync_checkpoint"),
        _key("sync_checkpoint", "pk"),
    )
    op.create_index("ix_sync_checkpoint_job_id_scope", "sync_checkpoint", ["job_id", "scope"])
    op.create_table(
        "walk",
        _integer("provider_pk"),
        _text("kind"),
        _text("job_id"),
        _bytes("missing"),
        _of_provider("walk"),
        _key("walk", "provider_pk", "kind"),
    )
    op.create_table(
        "quarantine",
        _integer("pk"),
        _text("job_id"),
        _integer("provider_pk"),
        _text("kind"),
        _text("external_id", nullable=True),
        _text("reason"),
        _text("raw"),
        _of_job("quarantine"),
        _of_provider("quarantine"),
        _key("quarantine", "pk"),
    )
    op.create_index("ix_quarantine_job_id", "quarantine", ["job_id"])
    op.create_index("ix_quarantine_provider_pk", "quarantine", ["provider_pk"])
