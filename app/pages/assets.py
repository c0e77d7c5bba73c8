"""What pages are dressed in: files of the package under names that hold their content, so that they never change."""

import gzip
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import Request, Response

from app.api.bodies import preferred
from app.core.errors import NotFound
from app.snapshots.files import Encoding

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
FOREVER: Final = "public, max-age=31536000, immutable"
MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file; `name` is what it is asked for by."""

    name: str
    media_type: str
    body: bytes = field(repr=False)
    packed: bytes = field(repr=False)


def asset_url(file: str) -> str:
    """Where a file of the folder is, as it is now."""
    return f"{PREFIX}{_by_file()[file].name}"


def respond_asset(request: Request, name: str) -> Response:
    """The file; whoever has it never asks again."""
    found = _by_name().get(name)
    if found is None:
        raise NotFound("There is no such file.")
    headers = {"cache-control": FOREVER, "vary": "Accept-Encoding", "x-content-type-options": "nosniff"}
    if preferred(request.headers.get("accept-encoding"), zstd=False) is Encoding.GZIP:
        headers["content-encoding"] = "gzip"
        return Response(found.packed, headers=headers, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


@cache
def _by_file() -> dict[str, Asset]:
    return {path.name: _load(path) for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}


@cache
def _by_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in _by_file().values()}


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    name = f"{path.stem}.{sha256(body).hexdigest()[:12]}{path.suffix}"
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return Asset(name=name, media_type=MEDIA_TYPES[path.suffix], body=body, packed=packed)
