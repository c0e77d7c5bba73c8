"""What lists are read by: the word index of items, and titles by the time they were added."""

from collections.abc import Sequence

from alembic import op

from app.db import search

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


TITLES = ("movie", "series")
BY_TIME = ["provider_pk", "added_at", "ordinal", "rating", "year", "is_active"]


def upgrade() -> None:
    for table in TITLES:
        op.create_index(f"ix_{table}_provider_pk_added_at", table, BY_TIME)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in search.CREATE_SQLITE if sqlite else search.CREATE_POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    for table in TITLES:
        op.drop_index(f"ix_{table}_provider_pk_added_at", table)
    for statement in search.DROP:
        op.execute(statement)
