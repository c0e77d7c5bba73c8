"""The categories of a version and which items are in them: one file, put into the document as it lies."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from msgspec import Struct, structs
from zlib_ng import zlib_ng

from app.core.jsonio import dumps
from app.core.ports import ArtifactStore, ArtifactWriter
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots import rows
from app.snapshots.ahead import ahead
from app.snapshots.layout import MIXED, Stretch
from app.snapshots.makers import Role, VersionFile
from app.snapshots.member import HEADER, deflated, stored, trailer
from app.snapshots.views import COMMA


class Index(Struct, frozen=True, kw_only=True):
    """Where the insides of the lists and maps lie."""

    categories: Stretch
    total_categories: int
    by_category: dict[Kind, Stretch]


async def write_index(
    database: Database, artifacts: ArtifactStore, provider_pk: int, provider_id: str
) -> tuple[Index, VersionFile]:
    """Writes `{"categories":[…],"channelsByCategory":{…},…}` as one gzip member."""
    async with artifacts.create() as writer:
        text = _Text(writer)
        categories = await rows.categories(database, provider_pk, provider_id)
        await text.glue(HEADER, b'{"categories":[')
        places = [await text.stretch(_one(COMMA.join(categories)))]
        for kind in MIXED:
            await text.glue(b"", b'%b,"%bByCategory":{' % (b"]" if kind is MIXED[0] else b"}", kind.plural.encode()))
            places.append(await text.stretch(_lists(database, provider_pk, kind)))
        await text.glue(b"", b"}}")
        await writer.write(trailer(text.crc, text.raw))
        stored_file = await writer.commit()
    first, *maps = (structs.replace(place, artifact=stored_file.sha256) for place in places)
    index = Index(categories=first, total_categories=len(categories), by_category=dict(zip(MIXED, maps, strict=True)))
    file = VersionFile(
        role=Role.INDEX,
        key="",
        sha256=text.digest.hexdigest(),
        bytes=text.raw,
        artifact=stored_file.sha256,
        artifact_bytes=stored_file.bytes,
        gzip=True,
    )
    return index, file


class _Text:
    """A gzip member as it is written."""

    def __init__(self, writer: ArtifactWriter) -> None:
        self._writer = writer
        self._offset = 0
        self.digest = sha256()
        self.crc = 0
        self.raw = 0

    async def glue(self, header: bytes, raw: bytes) -> None:
        await self._add(header + stored(raw), raw)

    async def stretch(self, source: AsyncIterator[bytes]) -> Stretch:
        """Compresses pieces of text; where they lie together, the artifact not named yet."""
        offset, raw_before, crc = self._offset, self.raw, 0
        async with aclosing(ahead(source, _press)) as pieces:
            async for raw, data in pieces:
                crc = zlib_ng.crc32(raw, crc)
                await self._add(data, raw)
        return Stretch("", offset, self._offset - offset, self.raw - raw_before, crc)

    async def _add(self, data: bytes, raw: bytes) -> None:
        await self._writer.write(data)
        self._offset += len(data)
        self.digest.update(raw)
        self.crc = zlib_ng.crc32(raw, self.crc)
        self.raw += len(raw)


def _press(raw: bytes) -> tuple[bytes, bytes]:
    return raw, deflated(raw)


async def _one(raw: bytes) -> AsyncIterator[bytes]:
    if raw:
        yield raw


async def _lists(database: Database, provider_pk: int, kind: Kind) -> AsyncIterator[bytes]:
    """The inside of a `…ByCategory` map, in pieces that may end anywhere between two ids."""
    current: str | None = None
    async for chunk in rows.memberships(database, provider_pk, kind):
        text: list[bytes] = []
        for category, members in groupby(chunk, attrgetter("category")):
            ids = dumps([member.item for member in members])[1:-1]
            if category == current:
                text += [COMMA, ids]
            else:
                text += [b"" if current is None else b"],", dumps(category), b":[", ids]
                current = category
        yield b"".join(text)
    if current is not None:
        yield b"]"
