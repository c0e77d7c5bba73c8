"""Maintenance that no transaction may hold."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import BUSY_TIMEOUT_MS, async_url


async def vacuum(url: str) -> None:
    """Gives unused space back to the system (SQLite) or to the tables (Postgres)."""
    await _alone(url, "VACUUM")


async def analyze(url: str) -> None:
    """Renews the planner's statistics."""
    await _alone(url, "ANALYZE")


async def _alone(url: str, statement: str) -> None:
    target = async_url(url)
    sqlite = target.get_backend_name() == "sqlite"
    arguments = {"timeout": BUSY_TIMEOUT_MS / 1000} if sqlite else {}
    engine = create_async_engine(target, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
