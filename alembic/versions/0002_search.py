"""What lists are read by: the word index of items, and titles by the time they were added."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


# The statements as they were in this revision: a later release may make the index in another way.
CREATE_SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5(words, detail='none', columnsize=0, prefix='2 3', tokenize='ascii')",
)
CREATE_POSTGRES = (
    (
        "CREATE TABLE search_index (provider_pk integer NOT NULL, kind integer NOT NULL, ordinal integer NOT NULL, "
        "words tsvector NOT NULL, CONSTRAINT pk_search_index PRIMARY KEY (provider_pk, kind, ordinal))"
    ),
    "CREATE INDEX ix_search_index_words ON search_index USING gin (words)",
)
TITLES = ("movie", "series")
BY_TIME = ["provider_pk", "added_at", "ordinal", "rating", "year", "is_active"]


def upgrade() -> None:
    for table in TITLES:
        op.create_index(f"ix_{table}_provider_pk_added_at", table, BY_TIME)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in CREATE_SQLITE if sqlite else CREATE_POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    for table in TITLES:
        op.drop_index(f"ix_{table}_provider_pk_added_at", table)
    op.execute("DROP TABLE search_index")
