"""Sessions of operators' portals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "portal_session",
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name="fk_portal_session_provider_id_provider", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider_id", name="pk_portal_session"),
    )


def downgrade() -> None:
    op.drop_table("portal_session")
