"""Takes the artifacts of one provider away, before its rows go."""

from sqlalchemy import select
from sqlmodel import col

from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.db.tables import SnapshotFile


async def remove_artifacts(database: Database, artifacts: ArtifactStore, provider_pk: int) -> int:
    """Deletes the artifacts that only this provider's versions name; returns how many."""
    artifact, owner = col(SnapshotFile.artifact), col(SnapshotFile.provider_pk)
    others = select(artifact).where(owner != provider_pk)
    async with database.reader() as reader:
        mine = select(artifact).where(owner == provider_pk, artifact.not_in(others)).distinct()
        names = [row.artifact for row in await reader.rows(mine)]
    for name in names:
        await artifacts.delete(name)
    return len(names)
