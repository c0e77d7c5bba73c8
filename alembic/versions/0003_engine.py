"""What the engine remembers: full walks, circuit breakers, what a job changed, which version a webhook was told of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIMES = ("channels_walked_at", "movies_walked_at", "series_walked_at", "breaker_until")
CATEGORIES = sa.text("kind = 'category'")
COUNTS = ("breaker_refusals", "breaker_trips")


def upgrade() -> None:
    with op.batch_alter_table("provider") as provider:
        for name in TIMES:
            provider.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        for name in COUNTS:
            provider.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        provider.add_column(sa.Column("breaker_reason", sa.String(), nullable=True))
    with op.batch_alter_table("provider") as provider:
        for name in COUNTS:
            provider.alter_column(name, server_default=None)
    with op.batch_alter_table("sync_job") as job:
        job.add_column(sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("sync_job") as job:
        job.alter_column("lost", server_default=None)
    _job_changes()
    _webhooks()
    op.drop_index("ix_change_job_id", table_name="change")
    op.create_index("ix_change_job_id", "change", ["job_id"], sqlite_where=CATEGORIES, postgresql_where=CATEGORIES)


def downgrade() -> None:
    op.drop_index("ix_change_job_id", table_name="change")
    op.create_index("ix_change_job_id", "change", ["job_id"])
    op.drop_table("webhook")
    op.drop_table("job_change")
    with op.batch_alter_table("sync_job") as job:
        job.drop_column("lost")
    with op.batch_alter_table("provider") as provider:
        for name in (*TIMES, *COUNTS, "breaker_reason"):
            provider.drop_column(name)


def _job_changes() -> None:
    op.create_table(
        "job_change",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("ordinals", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_job_change"),
        _child("job_change", "job_id", "sync_job", "id"),
        _child("job_change", "provider_pk", "provider", "pk"),
    )
    op.create_index("ix_job_change_job_id", "job_change", ["job_id"])
    op.create_index("ix_job_change_provider_pk", "job_change", ["provider_pk"])


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("tried", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("provider_pk", name="pk_webhook"),
        _child("webhook", "provider_pk", "provider", "pk"),
    )


def _child(table: str, column: str, parent: str, parent_column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{parent}"
    return sa.ForeignKeyConstraint([column], [f"{parent}.{parent_column}"], name=name, ondelete="CASCADE")
