"""Makes the parts of a version from an earlier download and a delta; what does not come out right is fetched instead.

Each part has to have the checksum that the manifest says, so the result is a version, byte for byte, whatever was done
to the earlier file.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby, islice
from operator import attrgetter

from app.cli.download.earlier import Earlier, Item
from app.cli.download.folder import NEWLINE, Folder
from app.cli.download.plan import LINED, Manifest, Part
from app.cli.download.stage import Stage
from app.core.errors import LineupError


def derive(earlier: Earlier, stage: Stage, manifest: Manifest, folder: Folder, over: threading.Event) -> None:
    """Writes the parts that come out right; raises `Broken` where the earlier download is not whole.

    `over` ends it early: it runs in a thread.
    """
    check(stage, manifest)
    left = set(LINED)
    for kind, items in groupby(earlier.items(), attrgetter("kind")):
        if kind in left:
            left.remove(kind)
            _parts(manifest.kinds[kind].parts, _merged(stage, kind, items), folder, over)
    for kind in left:
        _parts(manifest.kinds[kind].parts, _merged(stage, kind, ()), folder, over)


def check(stage: Stage, manifest: Manifest) -> None:
    """Raises where a server contradicts itself."""
    if stage.to != manifest.version or stage.count_after != manifest.items:
        raise LineupError("The changes and the manifest do not tell of the same version.", code="protocol")


def _merged(stage: Stage, kind: str, items: Iterable[Item]) -> Iterator[bytes]:
    kept = (item.body for item in items if not stage.touches(kind, item.id))
    return stage.merged(kind, kept, attrgetter("body"))


def _parts(parts: Sequence[Part], lines: Iterator[bytes], folder: Folder, over: threading.Event) -> None:
    for part in parts:
        if not over.is_set():
            _part(part, islice(lines, part.items), folder)


def _part(part: Part, lines: Iterator[bytes], folder: Folder) -> None:
    draft, digest = folder.path / "lines", sha256()
    with draft.open("wb") as file:
        for line in lines:
            digest.update(line)
            digest.update(NEWLINE)
            file.write(line)
            file.write(NEWLINE)
    if digest.hexdigest() == part.sha256:
        draft.replace(folder.made(part))
