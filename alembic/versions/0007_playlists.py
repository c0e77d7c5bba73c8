"""playlists"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "playlist",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_playlist"),
        sa.UniqueConstraint("id", name="uq_playlist_id"),
        sa.UniqueConstraint("slug", name="uq_playlist_slug"),
        sa.UniqueConstraint("token_sha256", name="uq_playlist_token_sha256"),
    )
    op.create_table(
        "playlist_entry",
        sa.Column("playlist_pk", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("playlist_pk", "item_id", name="pk_playlist_entry"),
        sa.ForeignKeyConstraint(
            ["playlist_pk"], ["playlist.pk"], name="fk_playlist_entry_playlist_pk_playlist", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "playlist_user",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("playlist_pk", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("max_connections", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_playlist_user"),
        sa.UniqueConstraint("id", name="uq_playlist_user_id"),
        sa.UniqueConstraint("username", name="uq_playlist_user_username"),
        sa.ForeignKeyConstraint(
            ["playlist_pk"], ["playlist.pk"], name="fk_playlist_user_playlist_pk_playlist", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_playlist_user_playlist_pk", "playlist_user", ["playlist_pk"])


def downgrade() -> None:
    op.drop_table("playlist_user")
    op.drop_table("playlist_entry")
    op.drop_table("playlist")
