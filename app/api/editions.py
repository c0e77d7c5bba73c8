"""Files of line-ups as answers: in the encoding that suits, tagged by the state they show, 304 without making them."""

from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.api.bodies import matches, preferred
from app.playlists.editions import Edition, Press
from app.snapshots.files import Encoding

# Kept by whoever asked, and asked about before each use: a playlist may change at any moment.
CONTROL: Final = "private, no-cache"
OPAQUE: Final = "application/gzip"


async def respond_edition(request: Request, press: Press, edition: Edition) -> Response:
    """The file, gzipped where that is accepted."""
    gzip = preferred(request.headers.get("accept-encoding"), zstd=False) is Encoding.GZIP
    headers = {"vary": "Accept-Encoding", "content-type": edition.media_type}
    if gzip:
        headers["content-encoding"] = Encoding.GZIP.value
    return await _respond(request, press, edition, headers, tag="gzip" if gzip else "plain", gzip=gzip)


async def respond_packed(request: Request, press: Press, edition: Edition) -> Response:
    """The file as a gzip file, whatever is accepted."""
    return await _respond(request, press, edition, {"content-type": OPAQUE}, tag="file", gzip=True)


async def _respond(
    request: Request, press: Press, edition: Edition, headers: dict[str, str], *, tag: str, gzip: bool
) -> Response:
    headers |= {"etag": f'"{edition.tag}-{tag}"', "cache-control": CONTROL}
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        kept = {name: value for name, value in headers.items() if not name.startswith("content-")}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)
    held = press.held(edition) if gzip else None
    if held is not None:
        return Response(held, headers=headers)
    if request.method == "HEAD":
        return StreamingResponse((), headers=headers)  # it claims no length: nothing was made
    return StreamingResponse(press.gzipped(edition) if gzip else press.plain(edition), headers=headers)
