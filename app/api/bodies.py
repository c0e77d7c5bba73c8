"""Answers whose bytes exist before anybody asks: the encoding is chosen and the tag compared, nothing is compressed."""

import re
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.api.ranges import wanted_range
from app.snapshots.files import Encoding, File, Opaque

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
        if pinned:
            return f"{self._who}, max-age=31536000, immutable"
        return f"{self._who}, max-age={self.max_age}, stale-while-revalidate={STALE_SECONDS}"

    @property
    def blob(self) -> str:
        """The same for what is named by its content: nobody on the way may change its encoding."""
        return f"{self._who}, max-age=31536000, immutable, no-transform"

    @property
    def _who(self) -> str:
        return "private" if self.private else "public"


async def respond(request: Request, file: File, control: str) -> Response:
    """A file in the encoding that the client prefers; 304 when it has it; for HEAD the same without the bytes."""
    encoding = preferred(_joined(request, b"accept-encoding"), zstd=file.zstd)
    tag = f'"{file.tag(encoding)}"'
    headers = {
        "etag": tag,
        "cache-control": control,
        "vary": "Accept-Encoding",
        "x-catalog-version": file.version,
    }
    if matches(_joined(request, b"if-none-match"), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    loaded = await file.load(encoding)
    headers["content-type"] = file.media_type
    headers["content-length"] = str(loaded.length)
    if encoding is not Encoding.IDENTITY:
        headers["content-encoding"] = encoding.value
    headers["repr-digest"] = _digest(loaded.sha256)
    if request.method == "HEAD":
        return Response(headers=headers)
    if loaded.stream is not None:
        return StreamingResponse(loaded.stream(), headers=headers)
    return Response(loaded.body, headers=headers)


async def respond_opaque(request: Request, file: Opaque, control: str) -> Response:
    """A stored file as it lies, or a range of it; the encoding is never negotiated."""
    tag = f'"{file.sha256}"'
    headers = {
        "etag": tag,
        "cache-control": control,
        "accept-ranges": "bytes",
        "x-catalog-version": file.version,
    }
    if matches(_joined(request, b"if-none-match"), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["content-type"] = file.media_type
    headers["repr-digest"] = _digest(bytes.fromhex(file.sha256))
    chosen = None
    if request.method == "GET" and _joined(request, b"if-range") in (None, tag):
        chosen = wanted_range(_joined(request, b"range"), file.length)
    if chosen is not None and chosen[0] == chosen[1]:
        headers["content-range"] = f"bytes */{file.length}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    return await _span(request, file, headers, chosen)


async def _span(request: Request, file: Opaque, headers: dict[str, str], chosen: tuple[int, int] | None) -> Response:
    start, end = chosen or (0, file.length)
    status = HTTPStatus.OK
    if chosen is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{file.length}"
        status = HTTPStatus.PARTIAL_CONTENT
    headers["content-length"] = str(end - start)
    if request.method == "HEAD":
        return Response(headers=headers)
    if file.load is not None:
        body = (await file.load()).body or b""
        return Response(body if chosen is None else body[start:end], status, headers)
    return StreamingResponse(file.stream(start, end - start), status, headers)


def preferred(accept: str | None, *, zstd: bool = True) -> Encoding:
    """Gzip when `Accept-Encoding` allows it, zstd when it likes that better, identity when it likes neither.

    Without the header: identity. Order says nothing, only weights do.
    """
    if not accept:
        return Encoding.IDENTITY
    qualities: dict[str, float] = {}
    for part in accept.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        qualities["gzip" if coding == "x-gzip" else coding] = _quality(parameters)
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    better = qualities.get("zstd", 0.0) if zstd else 0.0
    if max(gzip, better) <= 0 or max(gzip, better) < qualities.get("identity", 0.0):
        return Encoding.IDENTITY
    return Encoding.ZSTD if better > gzip else Encoding.GZIP


def matches(condition: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag (quoted): any of a list, weak or strong, or `*`."""
    if condition is None:
        return False
    return condition.strip() == "*" or tag in _TAG.findall(condition)


def _digest(sha256: bytes) -> str:
    return f"sha-256=:{b64encode(sha256).decode()}:"


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
