"""What a version consists of, for clients that fetch by parts."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.core.clock import rfc3339
from app.core.jsonio import dumps
from app.domain.kinds import Kind
from app.snapshots.files import Edition
from app.snapshots.layout import MIXED
from app.snapshots.makers import Role, VersionFile
from app.snapshots.views import View


def write_manifest(edition: Edition, files: Sequence[VersionFile], view: View, blob_base: str) -> bytes:
    """The manifest in one view. `index` = categories and what is in them, a part like those of items."""
    essentials = [_content(one) for one in files if one.role is Role.ESSENTIALS]
    return dumps(
        {
            "version": str(edition.version),
            "publishedAt": rfc3339(edition.published_at),
            "provider": edition.layout.provider,
            "stats": edition.layout.stats(),
            "blobBase": blob_base,
            "essentials": essentials[0] if essentials else None,
            "index": next((_packed(one) for one in files if one.role is Role.INDEX), None),
            "kinds": {
                kind.value: {
                    "items": edition.layout.items[kind].total,
                    "parts": list(_parts(files, view, kind)),
                }
                for kind in MIXED
            },
            "sqlite": [{"flavor": one.key, **_content(one)} for one in files if one.role is Role.SQLITE],
            "deltas": [
                {"from": one.key, "operations": one.items, "bytes": one.bytes, "sha256": one.sha256}
                for one in files
                if one.role is Role.DELTA
            ],
        }
    )


def _parts(files: Sequence[VersionFile], view: View, kind: Kind) -> Iterator[dict[str, Any]]:
    for file in files:
        if file.role is Role.PART and file.key.startswith(f"{view}/{kind}/"):
            yield {**_packed(file), "items": file.items}


def _packed(file: VersionFile) -> dict[str, Any]:
    gzip = {"bytes": file.artifact_bytes, "sha256": file.artifact}
    return {**_content(file), "encodings": {"gzip": gzip}}


def _content(file: VersionFile) -> dict[str, Any]:
    return {"sha256": file.sha256, "bytes": file.bytes}
