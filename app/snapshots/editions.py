"""Which version a request means."""

from functools import partial
from typing import Final

from app.db.engine import Database
from app.snapshots import shelf
from app.snapshots.cache import Cache
from app.snapshots.errors import Building, Reset, VersionAhead
from app.snapshots.files import Edition
from app.snapshots.heads import Head, Heads
from app.snapshots.makers import LATE, VersionFile
from app.snapshots.retention import Keep
from app.snapshots.versions import Version, parse_version

EDITIONS_BYTES: Final = 16 << 20  # a layout takes about 0.5 kB for each 100 items
FILES_BYTES: Final = 4 << 20
FILE_BYTES: Final = 600  # a row of it in memory


class Editions:
    """Versions by their names; holds those that were asked for last."""

    def __init__(self, database: Database, keep: Keep) -> None:
        self._database = database
        self.heads = Heads(database, keep)
        self._known = Cache[Edition](EDITIONS_BYTES, lambda edition: edition.layout.size)
        self._files = Cache[list[VersionFile]](FILES_BYTES, lambda files: FILE_BYTES * len(files))

    async def get(self, provider_id: str, version: str | None) -> Edition:
        """The version that is meant, the current one for None.

        Raises `NotFound` (no such provider), `Building` (nothing published), `Invalid` (not a version), `Reset`
        (pruned, or of a lost epoch), `VersionAhead` (not yet known here).
        """
        wanted = None if version is None else parse_version(version)
        head = await self.heads.get(provider_id)
        if wanted is not None and (wanted.epoch != head.epoch or wanted.number > head.version):
            head = await self.heads.get(provider_id, fresh=True)  # another process may just have published it
        if wanted is not None and wanted.epoch != head.epoch:
            raise Reset(provider_id, "epoch_changed")
        if head.version == 0:
            raise Building
        number = head.version if wanted is None else wanted.number
        if number > head.version:
            raise VersionAhead(f"The newest version here is {head.epoch}.{head.version}.")
        if number not in head.kept:
            if head.version not in head.kept:
                raise Building  # an older release left what this one cannot read: the next publish replaces it
            raise Reset(provider_id, "version_pruned")
        return await self.of(head, number)

    async def of(self, head: Head, number: int) -> Edition:
        """A version of a catalogue by its number."""
        key = f"{head.provider_pk} {head.epoch}.{number}"
        return await self._known.get(key, partial(self._read, head, number))

    async def current(self, head: Head) -> Edition | None:
        """What is served now; None when nothing is."""
        return await self.of(head, head.version) if head.version in head.kept else None

    async def files(self, edition: Edition) -> list[VersionFile]:
        """All files that were published with a version."""
        key = f"{edition.provider_pk} {edition.version}"
        return await self._files.get(key, partial(self._published, edition))

    async def _published(self, edition: Edition) -> list[VersionFile]:
        found = await shelf.files(self._database, edition.provider_pk, edition.version)
        return [one for one in found if one.role not in LATE]

    async def _read(self, head: Head, number: int) -> Edition:
        found = await shelf.edition(self._database, head.provider_pk, Version(head.epoch, number))
        if found is None:
            raise Reset(head.provider_id, "version_pruned")
        return found
