"""Stored files by their content: what a manifest names can be fetched from here, whichever version named it first."""

from functools import partial
from typing import Final

from msgspec import Struct

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.snapshots import shelf
from app.snapshots.cache import Cache
from app.snapshots.files import BINARY, GZIP, JSON, LINES, Encoding, File, Loaded, Opaque
from app.snapshots.loading import WHOLE_BYTES, Loading, inflate_stream
from app.snapshots.makers import Role, VersionFile
from app.snapshots.versions import Version

NAME_CHARACTERS: Final = 64
SUFFIX: Final = ".gz"
KNOWN_BYTES: Final = 4 << 20
MEDIA_TYPES: Final = {Role.PART: LINES, Role.SQLITE: "application/vnd.sqlite3"}


class Blob(Struct, frozen=True):
    """A file by one of its names; `version` = the one that brought it."""

    file: VersionFile
    version: str


class Blobs:
    """What is known of a name stays true for ever, so it is looked up once."""

    def __init__(self, database: Database, artifacts: ArtifactStore, loading: Loading) -> None:
        self._database = database
        self._artifacts = artifacts
        self._loading = loading
        self._known = Cache[Blob](KNOWN_BYTES, lambda _: 600)

    async def get(self, provider_pk: int, name: str) -> File | Opaque:
        """A `File` to be sent in an encoding that the client prefers, or an `Opaque` one as it lies; `NotFound`."""
        bare = name.removesuffix(SUFFIX)
        if len(bare) != NAME_CHARACTERS or not set(bare) <= set("0123456789abcdef"):
            raise NotFound("A blob is named by its SHA-256 in lower-case hex.", code="blob_not_found")
        gzip = name != bare
        found = await self._known.get(f"{provider_pk} {name}", partial(self._find, provider_pk, bare, gzip))
        if found.file.gzip and not gzip and bare == found.file.sha256:
            return self._negotiated(found)
        return self._opaque(found)

    async def _find(self, provider_pk: int, sha256: str, gzip: bool) -> Blob:  # noqa: FBT001 - a partial of `get`
        found = await shelf.blob(self._database, provider_pk, sha256, gzip=gzip)
        if found is None or (gzip and not found[0].gzip):
            raise NotFound(f"There is no blob {sha256} of this provider.", code="blob_not_found")
        file, epoch = found
        return Blob(file, str(Version(epoch, file.born)))

    def _negotiated(self, blob: Blob) -> File:
        return File(
            version=blob.version,
            identity=blob.file.artifact,
            name="blob",
            pinned=True,
            media_type=MEDIA_TYPES.get(blob.file.role, JSON),
            open=partial(self._open, blob.file),
            zstd=blob.file.bytes <= WHOLE_BYTES,
        )

    def _opaque(self, blob: Blob) -> Opaque:
        file = blob.file
        small = file.artifact_bytes <= WHOLE_BYTES
        return Opaque(
            version=blob.version,
            sha256=file.artifact,
            length=file.artifact_bytes,
            media_type=GZIP if file.gzip else MEDIA_TYPES.get(file.role, BINARY),
            pinned=True,
            stream=partial(self._artifacts.stream, file.artifact),
            load=partial(self._loading.artifact, file.artifact, file.artifact_bytes) if small else None,
        )

    async def _open(self, stored: VersionFile, file: File, encoding: Encoding) -> Loaded:
        if stored.bytes > WHOLE_BYTES:
            return self._large(stored, encoding)
        if encoding is Encoding.GZIP:
            return await self._loading.artifact(stored.artifact, stored.artifact_bytes)
        return await self._loading.whole(partial(self._plain, stored), None, file, encoding)

    def _large(self, stored: VersionFile, encoding: Encoding) -> Loaded:
        if encoding is Encoding.GZIP:
            stream = partial(self._artifacts.stream, stored.artifact, 0, stored.artifact_bytes)
            return Loaded(length=stored.artifact_bytes, sha256=bytes.fromhex(stored.artifact), stream=stream)
        plain = partial(inflate_stream, self._artifacts, stored.artifact, stored.artifact_bytes)
        return Loaded(length=stored.bytes, sha256=bytes.fromhex(stored.sha256), stream=plain)

    async def _plain(self, stored: VersionFile) -> bytes:
        chunks = inflate_stream(self._artifacts, stored.artifact, stored.artifact_bytes)
        return b"".join([chunk async for chunk in chunks])
