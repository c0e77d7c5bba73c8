"""Published versions as pages show them: what each holds, how big it is in every shape, and where it is fetched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.context import ProcessContext
from app.core import jsonio
from app.core.errors import Gone, NotReady
from app.snapshots.files import Edition, Encoding
from app.snapshots.heads import Head
from app.snapshots.views import View

KINDS: Final = ("channels", "movies", "series")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version that is kept."""

    name: str
    published_at: int
    stats: Mapping[str, int]
    sizes: Mapping[str, tuple[int, int]]  # by view: gzip and plain bytes of the whole document
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to fetch; bytes are None where nobody asked for it yet."""

    label: str
    about: str
    url: str
    bytes: int | None = None


async def rows_of(context: ProcessContext, head: Head) -> list[VersionRow]:
    """The versions of a provider, newest first."""
    found = []
    for number in sorted(head.kept, reverse=True):
        try:
            edition = await context.snapshots.edition(head.provider_id, f"{head.epoch}.{number}")
        except (Gone, NotReady):  # pruned since
            continue
        found.append(_row(edition, current=number == head.version))
    return found


def _row(edition: Edition, *, current: bool) -> VersionRow:
    documents = {View.FULL: edition.document, View.LITE: edition.lite_document}
    return VersionRow(
        name=str(edition.version),
        published_at=edition.published_at,
        stats=edition.layout.stats(),
        sizes={view.value: (one.gzip_bytes, one.raw_bytes) for view, one in documents.items()},
        current=current,
    )


async def manifest_of(context: ProcessContext, provider_id: str) -> Mapping[str, Any]:
    """What the current version consists of."""
    file = await context.snapshots.manifest(provider_id, None, View.FULL)
    loaded = await file.load(Encoding.IDENTITY)
    told: dict[str, Any] = jsonio.loads(loaded.body or b"{}")
    return told


def downloads(provider_id: str, row: VersionRow, manifest: Mapping[str, Any]) -> Sequence[Download]:
    """The files of the current version that people fetch by hand."""
    at = f"/api/providers/{provider_id}"
    pinned = f"version={row.name}"
    sizes = {one["flavor"]: one["bytes"] for one in manifest["sqlite"]}
    return (
        Download(
            label="Whole catalogue",
            about="JSON, gzip on the way",
            url=f"{at}/snapshot?{pinned}",
            bytes=row.sizes["full"][0],
        ),
        Download(
            label="Lite catalogue",
            about="what lists on a phone show",
            url=f"{at}/snapshot?{pinned}&view=lite",
            bytes=row.sizes["lite"][0],
        ),
        Download(label="Lines", about="NDJSON, one item a line", url=f"{at}/snapshot.ndjson?{pinned}"),
        Download(
            label="SQLite, searchable",
            about="made when it is first asked for",
            url=f"{at}/snapshot.sqlite?{pinned}&flavor=fts5",
            bytes=sizes.get("fts5"),
        ),
        Download(
            label="SQLite, packed", about="the same as a gzip file", url=f"{at}/snapshot.sqlite.gz?{pinned}&flavor=fts5"
        ),
        Download(
            label="SQLite, plain",
            about="without an index of words",
            url=f"{at}/snapshot.sqlite?{pinned}&flavor=plain",
            bytes=sizes.get("plain"),
        ),
        Download(
            label="Essentials",
            about="a first screen",
            url=f"{at}/snapshot/essentials?{pinned}",
            bytes=(manifest["essentials"] or {}).get("bytes"),
        ),
        Download(label="Manifest", about="parts with their checksums", url=f"{at}/snapshot/manifest?{pinned}"),
    )
