"""Programme guides: their channels and programmes, what they are matched to, and what people decided about that."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("provider") as provider:
        provider.add_column(sa.Column("epg_tried_at", sa.BigInteger(), nullable=True))
    _create_guides()
    op.create_table(
        "programme",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("stop_ms", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "number", "start_ms", name="pk_programme"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "epg_match",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("guide_pk", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shift_ms", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "ordinal", name="pk_epg_match"),
        sa.ForeignKeyConstraint(["guide_pk"], ["guide.pk"], name="fk_epg_match_guide_pk_guide", ondelete="CASCADE"),
    )
    op.create_index("ix_epg_match_guide_pk", "epg_match", ["guide_pk", "number"])
    op.create_table(
        "epg_pin",
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("guide_id", sa.String(), nullable=True),
        sa.Column("channel_id", sa.String(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_epg_pin"),
    )


def _create_guides() -> None:
    op.create_table(
        "guide",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("beyond_ms", "first_ms", "last_ms")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("channels", "programmes", "rejected", "held")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("checked_at", "changed_at")),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("error_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("pk", name="pk_guide"),
        sa.UniqueConstraint("id", name="uq_guide_id"),
        sa.ForeignKeyConstraint(
            ["provider_pk"], ["provider.pk"], name="fk_guide_provider_pk_provider", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_guide_provider_pk", "guide", ["provider_pk", "position"])
    op.create_table(
        "guide_generation",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("guide_pk", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_guide_generation"),
    )
    op.create_index("ix_guide_generation_provider_pk", "guide_generation", ["provider_pk"])
    op.create_table(
        "guide_channel",
        sa.Column("guide_pk", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("icon", sa.String(), nullable=True),
        sa.Column("programmes", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("guide_pk", "number", name="pk_guide_channel"),
        sa.ForeignKeyConstraint(["guide_pk"], ["guide.pk"], name="fk_guide_channel_guide_pk_guide", ondelete="CASCADE"),
    )
    op.create_index("uq_guide_channel_channel_id", "guide_channel", ["guide_pk", "channel_id"], unique=True)


def downgrade() -> None:
    for table in ("epg_pin", "epg_match", "programme", "guide_channel", "guide_generation", "guide"):
        op.drop_table(table)
    with op.batch_alter_table("provider") as provider:
        provider.drop_column("epg_tried_at")
