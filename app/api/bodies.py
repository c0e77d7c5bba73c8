"""Answers whose bytes exist before anybody asks: the encoding is chosen and the tag compared, nothing is compressed."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.snapshots.files import File

STALE_SECONDS: Final = 3600
_QUALITY: Final = re.compile(r"q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_TAG: Final = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Who may keep an answer, and how many seconds when its URL does not name a version."""

    private: bool
    max_age: int

    def control(self, *, pinned: bool) -> str:
        """The value of `Cache-Control`."""
        who = "private" if self.private else "public"
        if pinned:
            return f"{who}, max-age=31536000, immutable"
        return f"{who}, max-age={self.max_age}, stale-while-revalidate={STALE_SECONDS}"


async def respond(request: Request, file: File, caching: Caching) -> Response:
    """A file in the encoding that the client prefers; 304 when it has it; for HEAD the same without the bytes."""
    gzip = prefers_gzip(_joined(request, b"accept-encoding"))
    tag = f'"{file.tag(gzip=gzip)}"'
    headers = {
        "etag": tag,
        "cache-control": caching.control(pinned=file.pinned),
        "vary": "Accept-Encoding",
        "x-catalog-version": file.version,
    }
    if matches(_joined(request, b"if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    loaded = await file.load(gzip=gzip)
    headers["content-type"] = "application/json"
    headers["content-length"] = str(loaded.length)
    if gzip:
        headers["content-encoding"] = "gzip"
    if loaded.sha256 is not None:
        headers["repr-digest"] = f"sha-256=:{b64encode(loaded.sha256).decode()}:"
    if request.method == "HEAD":
        return Response(headers=headers)
    if loaded.stream is not None:
        return StreamingResponse(loaded.stream(), headers=headers)
    return Response(loaded.body, headers=headers)


def prefers_gzip(accept: str | None) -> bool:
    """Whether `Accept-Encoding` allows gzip and does not like identity better; without the header: no."""
    if not accept:
        return False
    qualities: dict[str, float] = {}
    for part in accept.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        qualities["gzip" if coding == "x-gzip" else coding] = _quality(parameters)
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def matches(condition: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag (quoted): any of a list, weak or strong, or `*`."""
    if condition is None:
        return False
    return condition.strip() == "*" or tag in _TAG.findall(condition)


def _quality(parameters: list[str]) -> float:
    """The weight of a coding; 0, not acceptable, when it cannot be read."""
    if not parameters:
        return 1.0
    weight = "".join(parameters[0].split())
    return float(weight[2:]) if len(parameters) == 1 and _QUALITY.fullmatch(weight) else 0.0


def _joined(request: Request, name: bytes) -> str | None:
    # The raw list is a few names long: faster than a mapping that decodes all of it for each look-up.
    lines = [value for key, value in request.scope["headers"] if key == name]
    return b",".join(lines).decode("latin-1") if lines else None
