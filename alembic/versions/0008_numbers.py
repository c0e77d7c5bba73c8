"""Numbers by which players know what is in a playlist."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "player_number",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("series_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_player_number"),
        sa.UniqueConstraint("id", name="uq_player_number_id"),
    )


def downgrade() -> None:
    op.drop_table("player_number")
