"""Versions are made of many files: parts that versions share, essentials, databases, ready deltas.

Versions of one pack each are forgotten and made anew by the next publish; until then their catalogues are building.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("DELETE FROM snapshot")
    op.execute("UPDATE catalogue_head SET pending = true WHERE version > 0")
    with op.batch_alter_table("snapshot") as snapshot:
        snapshot.drop_column("artifact")
        snapshot.drop_column("artifact_bytes")
    op.create_table(
        "publication",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "epoch", "version", name="pk_publication"),
        sa.ForeignKeyConstraint(
            ["provider_pk"], ["provider.pk"], name="fk_publication_provider_pk_provider", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "snapshot_file",
        sa.Column("provider_pk", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("artifact", sa.String(), nullable=False),
        sa.Column("artifact_bytes", sa.BigInteger(), nullable=False),
        sa.Column("gzip", sa.Boolean(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("born", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_pk", "epoch", "version", "role", "key", name="pk_snapshot_file"),
        sa.ForeignKeyConstraint(
            ["provider_pk"], ["provider.pk"], name="fk_snapshot_file_provider_pk_provider", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_snapshot_file_sha256", "snapshot_file", ["sha256"])
    op.create_index("ix_snapshot_file_artifact", "snapshot_file", ["artifact"])


def downgrade() -> None:
    op.execute("DELETE FROM snapshot")
    op.execute("UPDATE catalogue_head SET pending = true WHERE version > 0")
    op.drop_table("snapshot_file")
    op.drop_table("publication")
    with op.batch_alter_table("snapshot") as snapshot:
        snapshot.add_column(sa.Column("artifact", sa.String(), nullable=False))
        snapshot.add_column(sa.Column("artifact_bytes", sa.BigInteger(), nullable=False))
