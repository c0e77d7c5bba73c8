"""Writes a version from its parts: as lines, or as the document that the server itself would send."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from app.cli.download.folder import NEWLINE, Folder
from app.cli.download.plan import LINED, WRITTEN, Manifest, Part, plural
from app.core.errors import LineupError
from app.core.jsonio import dumps

LEVEL: Final = 6
COMMA: Final = b","

Put = Callable[[bytes], object]


@contextmanager
def written(path: Path, *, packed: bool) -> Iterator[BinaryIO | gzip.GzipFile]:
    """A file to write to; compressed the same bytes always make the same file."""
    with path.open("wb") as file:
        if not packed:
            yield file
            return
        with gzip.GzipFile("", "wb", LEVEL, file, 0) as member:
            yield member


def write_lines(manifest: Manifest, folder: Folder, put: Put) -> None:
    """As `/snapshot.ndjson`."""
    put(dumps({"kind": "begin", "version": manifest.version, "total": manifest.items}) + NEWLINE)
    for part in manifest.parts(LINED):
        for chunk in folder.chunks(part):
            put(chunk)
    put(dumps({"kind": "end", "items": manifest.items}) + NEWLINE)


def write_document(manifest: Manifest, folder: Folder, put: Put) -> None:
    """As `/snapshot`."""
    index = b"".join(folder.chunks(manifest.index))
    categories, maps = _sections(index)
    head = {
        "version": manifest.version,
        "generatedAt": manifest.published_at,
        "provider": manifest.provider,
        "stats": manifest.stats,
    }
    put(dumps(head)[:-1] + b',"categories":' + categories)
    for kind in WRITTEN:
        put(b',"%b":[' % plural(kind).encode())
        _write_list(manifest.kinds[kind].parts, folder, put)
        put(b"]")
    for kind in WRITTEN:
        put(b',"%bByCategory":' % plural(kind).encode() + maps[kind])
    put(b"}")


def _write_list(parts: list[Part], folder: Folder, put: Put) -> None:
    """Lines as the inside of a list: no newline stands within a document."""
    end = b""
    for part in parts:
        for chunk in folder.chunks(part):
            if chunk:
                put(end)
                put(chunk[:-1].replace(NEWLINE, COMMA))
                end = chunk[-1:].replace(NEWLINE, COMMA)


def _sections(index: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The list of categories and the maps, as they are written in `{"categories":[…],"channelsByCategory":{…},…}`."""
    marks = [b',"%bByCategory":' % plural(kind).encode() for kind in LINED]
    places, start = list[int](), 0
    for mark in marks:
        start = index.find(mark, start)
        if start < 0:
            raise LineupError("The server's index cannot be read.", code="protocol")
        places.append(start)
    ends = [*places[1:], len(index) - 1]
    maps = {
        kind: index[place + len(mark) : end] for kind, mark, place, end in zip(LINED, marks, places, ends, strict=True)
    }
    return index[len(b'{"categories":') : places[0]], maps
