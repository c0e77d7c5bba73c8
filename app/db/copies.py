"""Copies of a SQLite database, made by its own online backup: of one state, while others read and write."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from app.core.errors import Invalid, LineupError

WAIT_SECONDS: Final = 30.0
HEADER: Final = b"SQLite format 3\x00"


class CopyFailed(LineupError):
    """Nothing was changed."""

    code = "copy_failed"


def copy(source: Path, target: Path) -> None:
    """Makes `target` what `source` is, in one transaction of the target. Blocks."""
    deadline = time.monotonic() + WAIT_SECONDS

    def stepped(status: int, _left: int, _all: int) -> None:
        # The driver would try for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise CopyFailed(f"{target} is in use.")

    try:
        with closing(_connected(source)) as given, closing(_connected(target)) as made:
            given.backup(made, pages=-1, progress=stepped)
    except (sqlite3.Error, OSError) as error:
        raise CopyFailed(f"{source} could not be copied to {target}: {error}.") from error


def settle(file: Path) -> None:
    """Makes one file of a database and its log, and checks it; `CopyFailed` when it is damaged. Blocks."""
    try:
        with closing(_connected(file)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise CopyFailed(f"{file} is no database that can be read: {error}.") from error
    if found != "ok":
        raise CopyFailed(f"{file} is damaged: {found}.")


def revision_of(file: Path) -> str:
    """The revision of the schema in a file; `Invalid` when it is no database of Lineup. Blocks."""
    try:
        with closing(_connected(file)) as connection:
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError):
        raise Invalid([("FILE", f"{file} is no database of Lineup.")]) from None


@contextmanager
def drafted(target: Path) -> Iterator[Path]:
    """A scratch file that becomes `target` when the block ends well."""
    with scratch(target) as draft:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """A file of its owner alone, beside `target` and so on the same disk; it goes with the block."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield draft
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=WAIT_SECONDS)
