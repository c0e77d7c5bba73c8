"""The session of an account that is in no registry: a file of its owner alone, sealed as credentials are."""

import asyncio
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from app.core import jsonio
from app.core.errors import Misconfigured
from app.providers.iptvportal.session import Session
from app.registry.secrets import Secrets

FOLDER: Final = "portal-sessions"


class SessionFile:
    """One account's file in the data folder; whoever knows another password finds nothing there."""

    def __init__(self, folder: Path, secrets: Secrets, *, url: str, username: str, password: str) -> None:
        self._owner = "session " + sha256(jsonio.dumps([url, username, password])).hexdigest()
        self._secrets = secrets
        self._file = folder / FOLDER / sha256(jsonio.dumps([url, username])).hexdigest()[:32]

    async def load(self) -> Session | None:
        return await asyncio.to_thread(self._load)

    async def save(self, session: Session | None) -> None:
        """A folder that cannot be written costs a login each time, and nothing else."""
        with suppress(OSError):
            await asyncio.to_thread(self._save, session)

    def _load(self) -> Session | None:
        try:
            told = jsonio.loads(self._secrets.open(self._file.read_bytes(), owner=self._owner))
            return Session(id=told["id"], opened_at=told["openedAt"], expires_at=told["expiresAt"])
        except (OSError, Misconfigured, ValueError, KeyError, TypeError):
            return None

    def _save(self, session: Session | None) -> None:
        if session is None:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"id": session.id, "openedAt": session.opened_at, "expiresAt": session.expires_at}
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(self._secrets.seal(jsonio.dumps(told), owner=self._owner))
            draft.replace(self._file)
        finally:
            draft.unlink(missing_ok=True)
