"""The word index of items."""

from collections.abc import Sequence

from alembic import op

from app.db import search

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in search.CREATE_SQLITE if sqlite else search.CREATE_POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    for statement in search.DROP:
        op.execute(statement)
