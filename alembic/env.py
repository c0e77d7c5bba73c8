import asyncio

from alembic import context
from sqlalchemy import Connection

from app.config import load_settings
from app.db.migrate import in_metadata, in_transaction
from app.db.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=in_metadata,
        render_as_batch=True,  # SQLite alters a table by making it anew
        transactional_ddl=True,  # on both dialects: all of an upgrade or nothing
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    url = context.get_x_argument(as_dictionary=True).get("url") or load_settings().resolved_database_url
    asyncio.run(in_transaction(url, run))
else:
    run(given)
