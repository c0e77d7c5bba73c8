"""What a manifest says, as far as a client needs it."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, json

# The order of items in lines, and that of the lists in a document.
LINED: Final = ("channel", "movie", "series")
WRITTEN: Final = ("movie", "series", "channel")


class Stored(Struct, frozen=True):
    sha256: str
    bytes: int


class Encodings(Struct, frozen=True):
    gzip: Stored


class Part(Struct, frozen=True):
    """A file of lines: `sha256` of the lines, `encodings.gzip` of the file that is fetched."""

    sha256: str
    bytes: int
    encodings: Encodings
    items: int = 0


class Listed(Struct, frozen=True):
    items: int
    parts: list[Part]


class Manifest(Struct, frozen=True, rename="camel"):
    """A version, and where everything of it lies."""

    version: str
    published_at: str
    provider: dict[str, str]
    stats: dict[str, int]
    blob_base: str
    index: Part
    kinds: dict[str, Listed]

    @property
    def items(self) -> int:
        return sum(listed.items for listed in self.kinds.values())

    def parts(self, kinds: tuple[str, ...] = LINED) -> Iterator[Part]:
        """All parts in this order of kinds."""
        for kind in kinds:
            yield from self.kinds[kind].parts


def plural(kind: str) -> str:
    """The name of a kind's list."""
    return kind if kind == "series" else f"{kind}s"


def parse_manifest(body: bytes) -> Manifest:
    """Raises `DecodeError` where it is none."""
    return json.decode(body, type=Manifest)
