"""What was fetched so far, beside the file that is wanted: a download that was cut goes on from there."""

import fcntl
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from app.cli.download.plan import Part
from app.core.errors import Conflict

BLOCK_BYTES: Final = 1 << 18
GZIP_MEMBER: Final = 31  # zlib's window bits for it
KEPT: Final = frozenset({".gz", ".lines", ".partial", ".sqlite"})
NEWLINE: Final = b"\n"


class Folder:
    """Parts by their content. `.gz` = as fetched, `.lines` = made from an earlier download; all of them verified."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.parts")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes the same file meanwhile; raises `Conflict`."""
        self.path.mkdir(exist_ok=True)
        with (self.path / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"Another download writes {self.target} at this moment.") from None
            try:
                yield
            finally:
                self._tidy()

    @property
    def draft(self) -> Path:
        return self.path / "draft"

    @property
    def stage(self) -> Path:
        return self.path / "stage"

    def fetched(self, part: Part) -> Path:
        return self.path / f"{part.encodings.gzip.sha256}.gz"

    def made(self, part: Part) -> Path:
        return self.path / f"{part.sha256}.lines"

    def has(self, part: Part) -> bool:
        return self.fetched(part).exists() or self.made(part).exists()

    def chunks(self, part: Part) -> Iterator[bytes]:
        """The lines of a part, in pieces that end anywhere."""
        if self.made(part).exists():
            with self.made(part).open("rb") as file:
                while block := file.read(BLOCK_BYTES):
                    yield block
            return
        inflate = zlib.decompressobj(GZIP_MEMBER)
        with self.fetched(part).open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                while block:
                    yield inflate.decompress(block, BLOCK_BYTES)
                    block = inflate.unconsumed_tail
        yield inflate.flush()

    def lines(self, part: Part) -> Iterator[bytes]:
        """The lines of a part, without their ends."""
        rest = b""
        for chunk in self.chunks(part):
            *whole, rest = (rest + chunk).split(NEWLINE)
            yield from whole

    def _tidy(self) -> None:
        """Leaves what the next run can use, and nothing when there is nothing."""
        for path in self.path.glob("*"):
            if path.suffix not in KEPT and path.name != "lock":
                path.unlink()
        if not any(path.suffix in KEPT for path in self.path.glob("*")):
            shutil.rmtree(self.path, ignore_errors=True)

    def finish(self, draft: Path) -> int:
        """Puts the draft in the place of the file, durable; returns its length."""
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        size = draft.stat().st_size
        draft.replace(self.target)
        shutil.rmtree(self.path, ignore_errors=True)
        return size


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
