"""Sessions of operators' portals at rest: sealed as credentials are, one for all processes."""

from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import Misconfigured
from app.db.engine import Database, DatabaseAway
from app.db.tables import PortalSession, Provider
from app.providers.base import ProviderAccount
from app.providers.iptvportal.session import Session
from app.registry.secrets import Secrets


class PortalSessions:
    """Makes stores. A session belongs to the address, the user and the password that opened it, and to no others."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    def store(self, account: ProviderAccount) -> "StoredSession":
        return StoredSession(self._database, self._secrets, account)


class StoredSession:
    """The session of one account; what cannot be read is none, and costs a login."""

    def __init__(self, database: Database, secrets: Secrets, account: ProviderAccount) -> None:
        self._database = database
        self._secrets = secrets
        self._id = account.id
        words = [account.url, *(account.credentials.get(name, "") for name in ("username", "password"))]
        self._opener = sha256(jsonio.dumps(words)).hexdigest()

    async def load(self) -> Session | None:
        mine = select(col(PortalSession.sealed)).where(col(PortalSession.provider_id) == self._id)
        try:
            async with self._database.reader() as reader:
                sealed = await reader.scalar(mine)
            return None if sealed is None else self._opened(sealed)
        except (DatabaseAway, Misconfigured, ValueError, KeyError, TypeError):
            return None

    async def save(self, session: Session | None) -> None:
        """Keeps it; a provider that was never stored, or was removed meanwhile, has nothing to keep."""
        try:
            async with self._database.writer() as writer:
                if session is None:
                    await writer.execute(delete(PortalSession).where(col(PortalSession.provider_id) == self._id))
                    return
                row = {"provider_id": self._id, "sealed": self._sealed(session), "updated_at": now_ms()}
                dialect: Any = sqlite if writer.sqlite else postgresql
                if not await writer.scalar(select(col(Provider.pk)).where(col(Provider.id) == self._id)):
                    return
                put = dialect.insert(PortalSession).values(**row)
                new = {name: put.excluded[name] for name in ("sealed", "updated_at")}
                await writer.execute(put.on_conflict_do_update(index_elements=["provider_id"], set_=new))
        except DatabaseAway:
            return  # the next process logs in once more

    def _sealed(self, session: Session) -> bytes:
        told = {
            "opener": self._opener,
            "id": session.id,
            "openedAt": session.opened_at,
            "expiresAt": session.expires_at,
        }
        return self._secrets.seal(jsonio.dumps(told), owner=f"session {self._id}")

    def _opened(self, sealed: bytes) -> Session | None:
        told = jsonio.loads(self._secrets.open(sealed, owner=f"session {self._id}"))
        if told["opener"] != self._opener:
            return None
        return Session(id=told["id"], opened_at=told["openedAt"], expires_at=told["expiresAt"])
